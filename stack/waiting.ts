import { setTimeout as sleep } from 'node:timers/promises';

/** How long somebody asks, and how long they wait before they ask again. */
export interface Patience {
  readonly patienceMs: number;
  readonly pauseMs: number;
}

/**
 * Asks until the answer is as it should be.
 *
 * @returns that answer; or the last one, when patience was at its end. What a question throws is thrown.
 */
export async function askUntil<Answer>(
  ask: () => Promise<Answer>,
  isThere: (answer: Answer) => boolean,
  { patienceMs, pauseMs }: Patience,
): Promise<Answer> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(pauseMs)) {
    const answer = await ask();
    if (isThere(answer) || Date.now() > deadline) return answer;
  }
}

/**
 * Looks again and again while work goes on, the first time after `everyMs`.
 *
 * @returns what the work comes to; its error is thrown when it fails.
 */
export async function meanwhile<Result>(
  work: Promise<Result>,
  everyMs: number,
  look: () => Promise<unknown>,
): Promise<Result> {
  const ended = work.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([ended, sleep(everyMs, false)]))) await look();
  return await work;
}
