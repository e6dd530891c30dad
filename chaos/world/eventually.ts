import { askUntil, type Patience } from '../../stack/waiting.ts';

/** As long as the heaviest test needs where two suites run side by side on two cores, and a storm. */
const PATIENCE_MS = 240_000;
const OFTEN: Patience = { patienceMs: PATIENCE_MS, pauseMs: 50 };
/** Many wait at once. */
const NOT_SO_OFTEN: Patience = { patienceMs: PATIENCE_MS, pauseMs: 500 };

/**
 * Asks until the answer is as it should be; a question that fails is asked again.
 *
 * @throws Error when it is not so in time, with the last answer.
 */
export async function eventually<Answer>(
  what: string,
  ask: () => Promise<Answer>,
  isThere: (answer: Answer) => boolean,
): Promise<Answer> {
  const look = async () => {
    try {
      const answer = await ask();
      return { isThere: isThere(answer), answer };
    } catch (error) {
      return { isThere: false, error };
    }
  };
  const last = await askUntil(look, (seen) => seen.isThere, OFTEN);
  if ('answer' in last && last.isThere) return last.answer;
  throw new Error(
    `Waited ${PATIENCE_MS / 1_000} s for ${what}; last: ${'answer' in last ? JSON.stringify(last.answer) : String(last.error)}`,
  );
}

/**
 * As {@link eventually}, for the steps of a life: one whose question fails is told so at once, for it takes the whole step again, as
 * a person would, and counts how often it had to.
 *
 * @throws Error when it is not so in time, with the last answer; and what a question throws.
 */
export async function until<Answer>(
  what: string,
  ask: () => Promise<Answer>,
  isThere: (answer: Answer) => boolean,
): Promise<Answer> {
  const last = await askUntil(ask, isThere, NOT_SO_OFTEN);
  if (isThere(last)) return last;
  throw new Error(`Waited ${PATIENCE_MS / 1_000} s for ${what}; last: ${JSON.stringify(last)}`);
}
