import { setTimeout as sleep } from 'node:timers/promises';

/** As long as the heaviest test needs where two suites run side by side on two cores. */
const PATIENCE_MS = 240_000;
const PAUSE_MS = 50;

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
  let last: string;
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(PAUSE_MS)) {
    try {
      const answer = await ask();
      if (isThere(answer)) return answer;
      last = JSON.stringify(answer);
    } catch (error) {
      last = String(error);
    }
    if (Date.now() > deadline) throw new Error(`Waited ${PATIENCE_MS / 1_000} s for ${what}; last: ${last}`);
  }
}
