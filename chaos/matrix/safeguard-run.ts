import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { copySources, mutate } from '../mutations/mutate.ts';
import type { BoundaryOfStory } from './rows.ts';
import { type RunOptions, runMatrix } from './run.ts';
import type { Safeguard } from './safeguards.ts';
import type { Verdict } from './strike.ts';

/** A safeguard that was taken away, and what became of the rows. */
export interface TriedSafeguard {
  readonly safeguard: Safeguard;
  readonly verdicts: readonly Verdict[];
}

/** Runs the rows of a safeguard without it, on a copy of the sources of its own. */
export async function tryWithout(
  safeguard: Safeguard,
  boundaries: readonly BoundaryOfStory[],
  options: Pick<RunOptions, 'stacks' | 'atOnce' | 'onProgress'>,
): Promise<TriedSafeguard> {
  const sources = await mkdtemp(path.join(tmpdir(), 'durable-billing-without-'));
  try {
    await copySources(sources);
    for (const mutation of safeguard.mutations) await mutate(sources, mutation);
    const { verdicts } = await runMatrix({
      ...options,
      boundaries,
      sources,
      statements: safeguard.statements,
      wants: (name) => safeguard.rows.test(name),
    });
    return { safeguard, verdicts };
  } finally {
    await rm(sources, { recursive: true, force: true });
  }
}

/** Whether it turned out as the list says: rows miss it, by their symptom, or all are green and the list says why. */
export function isAsExpected({ safeguard, verdicts }: TriedSafeguard): boolean {
  if (verdicts.length === 0) return false;
  if (safeguard.spare !== undefined) return verdicts.every(({ wrong }) => wrong.length === 0);
  return verdicts.some(({ wrong }) => safeguard.symptom.test(wrong.join('; ')));
}
