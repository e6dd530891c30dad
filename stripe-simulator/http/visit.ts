/** One request to a hosted page, and what may come of it. */
import { StripeApiError } from '../errors.ts';
import type { Mode } from '../mode.ts';
import type { Operation } from '../operation.ts';
import type { Simulation } from '../simulation.ts';
import type { Answer } from './message.ts';
import { htmlAnswer } from './message.ts';

/** One request below `/_sim` that is for a page; `body` is a form or, for what stands for the page in tests, JSON. */
export interface Visit {
  simulation: Simulation;
  method: string;
  url: URL;
  body: string;
}

/** The fields of the form that was sent, each as text; of two with one name, the last. */
export const fields = ({ body }: Visit) => Object.fromEntries(new URLSearchParams(body));
/** Leads the browser on, with GET: so a page that is loaded again doesn't send its form twice. */
export const seeOther = (location: string): Answer => ({ ...htmlAnswer(303, ''), headers: { location } });

/** Looks in live mode, then in test mode: a page's address says only an id, and no API key comes with it. */
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

/** One unit of work; a declined card (402) leaves its traces and is thrown on, any other error leaves nothing. */
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

/** What a form led to; an error of Stripe's, such as a declined card, is told on the page that `again` makes of it. */
export function orTold(work: () => Answer, again: (error: string) => string): Answer {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StripeApiError)) throw error;
    return htmlAnswer(error.status, again(error.message));
  }
}
