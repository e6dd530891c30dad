import { setTimeout as sleep } from 'node:timers/promises';
import type { Mode } from '../../domain/mode.ts';

/** `warning`: a person should look, and nothing is lost meanwhile. `problem`: something does not work. */
export const CHECK_STATES = ['ok', 'warning', 'problem'] as const;
export type CheckState = (typeof CHECK_STATES)[number];

export interface Finding {
  readonly state: CheckState;
  /** What was found, in a sentence. */
  readonly finding: string;
  /** How to mend it; `null`: there is nothing to mend. */
  readonly mend: string | null;
}

export interface Check extends Finding {
  /** Stable: what a program goes by. */
  readonly id: string;
  /** `null`: of both. */
  readonly mode: Mode | null;
}

/** Longer than a healthy part takes: one that hangs must not hold up what the others say. */
const DEADLINE_MS = 3_000;

export const ok = (finding: string): Finding => ({ state: 'ok', finding, mend: null });
export const warning = (finding: string, mend: string): Finding => ({ state: 'warning', finding, mend });
export const problem = (finding: string, mend: string): Finding => ({ state: 'problem', finding, mend });

export interface CheckOptions {
  readonly id: string;
  /** Of both unless given. */
  readonly mode?: Mode | null;
  /** What to do when it can't be looked at. */
  readonly mend: string;
  /** Some seconds unless given. */
  readonly deadlineMs?: number;
}

/** Looks at one thing, for a short time. It never rejects: what `look` throws is a problem in its own words. */
export async function check(
  { id, mode = null, mend, deadlineMs = DEADLINE_MS }: CheckOptions,
  look: () => Promise<Finding>,
): Promise<Check> {
  const finding = await Promise.race([
    look().catch((error: unknown) => problem(sentenceOf(error), mend)),
    sleep(deadlineMs, problem(`No answer within ${deadlineMs / 1_000} s.`, mend), { ref: false }),
  ]);
  return { id, mode, ...finding };
}

/** The worst that was found; `ok` where nothing was looked at. */
export function worstOf(findings: readonly Pick<Finding, 'state'>[]): CheckState {
  const states = new Set(findings.map(({ state }) => state));
  return CHECK_STATES.findLast((state) => states.has(state)) ?? 'ok';
}

/** The first line of it: drivers add what was asked. */
function sentenceOf(error: unknown): string {
  return `It can not be looked at: ${wordsOf(error).split('\n')[0]}`;
}

/** A refusal by several addresses of a host has no message of its own, but a code; Temporal's client says why in the cause. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const words = error.message || ('code' in error ? String(error.code) : error.name);
  return error.cause instanceof Error ? `${words} (${wordsOf(error.cause)})` : words;
}
