import type { Customer } from '../../../api/admin/customers/schema.ts';
import { DAY_MS } from '../../../domain/days.ts';
import {
  MAX_EXTENSION_DAYS,
  whyNotExtendGrace,
  whyNotReactivate,
  whyNotSuspend,
} from '../../../domain/operator-decisions.ts';

/** What may be decided about a customer now: each `null`, or why it may not, in a sentence. */
export interface Offers {
  readonly extendGrace: string | null;
  readonly suspend: string | null;
  readonly reactivate: string | null;
  /** The fewest whole days from now that end later than the grace period does. */
  readonly fewestDays: number;
}

/** Stand for what the form still asks for: a decision is offered when it would be taken, filled in well. */
const SOMEBODY = { by: 'somebody' };
const SOME_REASON = { reason: 'some reason', ...SOMEBODY };
const LONGEST = { days: MAX_EXTENSION_DAYS, ...SOMEBODY };

/** Asks what the customer's workflow itself will ask. It has the last word, for it may know more by then. */
export function offersOf(customer: Customer, nowMs: number): Offers {
  const standing = standingOf(customer);
  const fewestDays = fewestDaysOf(standing?.graceEndsAtMs ?? null, nowMs);
  if (customer.stripeCustomerId === null) {
    const why = 'They never began a Checkout: there is nothing of theirs to decide about.';
    return { extendGrace: why, suspend: why, reactivate: why, fewestDays };
  }
  return {
    extendGrace: whyNotExtendGrace(LONGEST, standing, nowMs),
    suspend: whyNotSuspend(SOME_REASON, standing),
    reactivate: whyNotReactivate(SOMEBODY, standing),
    fewestDays,
  };
}

/**
 * As the workflow's last step left it in the database. What the workflow itself shows of a parked step, that it waits for an
 * operator, is no suspension by one.
 */
function standingOf({ state, status, waitingFor, reason, graceEndsAt }: Customer) {
  if (state?.status === 'unknown') return null;
  const graceEndsAtMs = graceEndsAt === null ? null : Date.parse(graceEndsAt);
  return { status, waitingFor, reason, graceEndsAtMs };
}

function fewestDaysOf(graceEndsAtMs: number | null, nowMs: number): number {
  const daysLeft = ((graceEndsAtMs ?? nowMs) - nowMs) / DAY_MS;
  return Math.max(1, Math.floor(daysLeft) + 1);
}
