/** One request to a hosted page, and what may come of it. */
import { StripeApiError } from '../errors.ts';
import type { Operation } from '../operation.ts';
import type { Mode, Simulation } from '../simulation.ts';
import type { Answer } from './message.ts';
import { htmlAnswer } from './message.ts';

export interface Visit {
  simulation: Simulation;
  method: string;
  url: URL;
  body: string;
}

export const fields = ({ body }: Visit) => Object.fromEntries(new URLSearchParams(body));
export const seeOther = (location: string): Answer => ({ ...htmlAnswer(303, ''), headers: { location } });

export function findIn<T>(
  simulation: Simulation,
  find: (mode: Mode) => T | undefined,
): { mode: Mode; found: T } | undefined {
  for (const mode of [simulation.live, simulation.test]) {
    const found = find(mode);
    if (found !== undefined) return { mode, found };
  }
  return undefined;
}

/** One unit of work; a declined card leaves its traces, and is thrown on. */
export function act<T>({ simulation }: Visit, mode: Mode, work: (operation: Operation) => T): T {
  const result = simulation.operate(mode, null, (operation) => {
    try {
      return { value: work(operation) };
    } catch (error) {
      if (error instanceof StripeApiError && error.keepsWork) return { error };
      throw error;
    }
  });
  if ('error' in result) throw result.error;
  return result.value;
}

/** What a form led to; a declined card is told on `again`. */
export function orTold(work: () => Answer, again: (error: string) => string): Answer {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StripeApiError)) throw error;
    return htmlAnswer(error.status, again(error.message));
  }
}
