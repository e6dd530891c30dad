import { askUntil } from '../../stack/waiting.ts';

/**
 * How long what a kill interrupted may take to be done. A worker that is gone is noticed after ten seconds, and Stripe sends a webhook
 * that was refused again after 1, 5 and 30 s.
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
  const outcomeOf = async () => {
    try {
      return { result: await attempt() };
    } catch (error) {
      return { error };
    }
  };
  const last = await askUntil(outcomeOf, (outcome) => 'result' in outcome, { patienceMs, pauseMs: PAUSE_MS });
  if ('result' in last) return last.result;
  throw last.error;
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
  const whatIsWrong = async (): Promise<readonly string[]> => {
    try {
      return await ask();
    } catch (error) {
      return [`can't be told: ${String(error)}`];
    }
  };
  return await askUntil(whatIsWrong, (wrong) => wrong.length === 0, {
    patienceMs,
    pauseMs: AUDIT_PAUSE_MS,
  });
}
