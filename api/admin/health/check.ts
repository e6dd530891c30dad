import { setTimeout as sleep } from 'node:timers/promises';
import type { Mode } from '../../../domain/mode.ts';

/** `attention`: a person should look, and nothing is lost meanwhile. `failed`: something does not work. */
export const CHECK_STATES = ['ok', 'attention', 'failed'] as const;

export interface Finding {
  readonly state: (typeof CHECK_STATES)[number];
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
export const attention = (finding: string, mend: string): Finding => ({ state: 'attention', finding, mend });
export const failed = (finding: string, mend: string): Finding => ({ state: 'failed', finding, mend });

/**
 * Looks at one thing, for a short time.
 *
 * @param mend what to do when it can't be looked at.
 */
export async function check(
  { id, mode = null, mend }: { readonly id: string; readonly mode?: Mode | null; readonly mend: string },
  look: () => Promise<Finding>,
): Promise<Check> {
  const finding = await Promise.race([
    look().catch((error: unknown) => failed(sentenceOf(error), mend)),
    sleep(DEADLINE_MS, failed(`No answer within ${DEADLINE_MS / 1_000} s.`, mend), { ref: false }),
  ]);
  return { id, mode, ...finding };
}

/** The first line of it: drivers add what was asked. */
function sentenceOf(error: unknown): string {
  const [line = 'failed'] = (error instanceof Error ? error.message : String(error)).split('\n');
  return `It can not be looked at: ${line}`;
}
