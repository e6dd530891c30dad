import { isDeepStrictEqual } from 'node:util';
import { happen, type Operation, type Outcome, type Past } from './oracle.ts';

/** What the service answered, or the error with which it should not have ended. */
export type Seen = Outcome | { readonly failed: string };

/** One operation as it was seen from outside. */
export interface Observation {
  readonly operation: Operation;
  /** Its effect came no earlier than this … */
  readonly began: number;
  /** … and no later than this, on the same count. */
  readonly ended: number;
  readonly seen: Seen;
}

/**
 * The pasts that explain what was seen. Operations that ran side by side must look as if they had happened one after the
 * other: in some order in which none comes before one that had ended when it began, and with exactly the outcomes seen. So a
 * batch that raced with a freeze is whole on the bill or whole in what is left for the next one; one that was acknowledged
 * before the freeze began is on it.
 *
 * @returns none when there is no such order; several only where what was seen leaves open which past it was.
 */
export function explanations(pasts: readonly Past[], seen: readonly Observation[]): Past[] {
  const found = new Map<string, Past>();
  for (const past of pasts.flatMap((past) => orders(past, seen))) found.set(essence(past), past);
  return [...found.values()];
}

function orders(past: Past, seen: readonly Observation[]): Past[] {
  if (seen.length === 0) return [past];
  return seen
    .filter((candidate) => seen.every((other) => other === candidate || other.ended > candidate.began))
    .flatMap((next) => {
      const { past: after, outcome } = happen(past, next.operation);
      if (!isDeepStrictEqual(outcome, next.seen)) return [];
      return orders(
        after,
        seen.filter((each) => each !== next),
      );
    });
}

/** Pasts of the same essence answer everything alike: in which order events came in, or bills were made, tells nothing. */
function essence({ events, priceChanges, bills, purses }: Past): string {
  return JSON.stringify([
    events.map((event) => JSON.stringify(event)).toSorted(),
    bills.map((bill) => JSON.stringify(bill)).toSorted(),
    priceChanges,
    Object.entries(purses).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}
