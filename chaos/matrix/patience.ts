import { setTimeout as sleep } from 'node:timers/promises';

/**
 * How long what a kill interrupted may take to be done. A worker that is gone is noticed after ten seconds, and Stripe sends a webhook
 * that was refused again after 1, 5, 15 and 30 s.
 */
export const PATIENCE_MS = 100_000;
const PAUSE_MS = 300;
/** Between two audits, which ask much. */
const AUDIT_PAUSE_MS = 1_000;

/**
 * Does what somebody does who won't be put off by a part that is down: the same again, until it is done.
 *
 * @throws the last error when it can't be done in time.
 */
export async function persistently<Result>(
  attempt: () => Promise<Result>,
  patienceMs = PATIENCE_MS,
): Promise<Result> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(PAUSE_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

/**
 * Asks until nothing is wrong any more.
 *
 * @returns what is still wrong when patience is at its end.
 */
export async function untilNothingIsWrong(
  ask: () => Promise<readonly string[]>,
  patienceMs = PATIENCE_MS,
): Promise<readonly string[]> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(AUDIT_PAUSE_MS)) {
    let wrong: readonly string[];
    try {
      wrong = await ask();
    } catch (error) {
      wrong = [`can't be told: ${String(error)}`];
    }
    if (wrong.length === 0 || Date.now() > deadline) return wrong;
  }
}
