import { setTimeout as sleep } from 'node:timers/promises';
import type { Mode } from '../../domain/mode.ts';

/** `warning`: a person should look, and nothing is lost meanwhile. `problem`: something does not work. */
export const CHECK_STATES = ['ok', 'warning', 'problem'] as const;
/** In the order of how bad they are. */
export type CheckState = (typeof CHECK_STATES)[number];

/** What looking at one thing has come to; both sentences are shown to operators as they are. */
export interface Finding {
  readonly state: CheckState;
  /** What was found, in a sentence. */
  readonly finding: string;
  /** How to mend it; `null`: there is nothing to mend. */
  readonly mend: string | null;
}

/** A finding with the name of what was looked at; the tab Health shows them, and `npm run billing -- doctor` these and its own. */
export interface Check extends Finding {
  /** Stable: what a program goes by. */
  readonly id: string;
  /** `null`: of both. */
  readonly mode: Mode | null;
}

/** Longer than a healthy part takes: one that hangs must not hold up what the others say. */
const DEADLINE_MS = 3_000;

/** Nothing to mend. */
export const ok = (finding: string): Finding => ({ state: 'ok', finding, mend: null });
/** A person should look, and nothing is lost meanwhile. @param mend what that person does, in a sentence. */
export const warning = (finding: string, mend: string): Finding => ({ state: 'warning', finding, mend });
/** Something does not work. @param mend how it works again, in a sentence. */
export const problem = (finding: string, mend: string): Finding => ({ state: 'problem', finding, mend });

/** What is looked at, and what to do when that fails or takes too long. */
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
