import type { ComparedUsers } from './compared-user.ts';
import { type Drift, isUnderWay, reconciledEvent, repaired } from './reconciliation-findings.ts';

/** A Checkout session that was completed. */
export interface ComparedCheckoutSession {
  readonly id: string;
  /** Stripe's: `setup` and `payment` are ours. */
  readonly mode: string;
  readonly stripeCustomerId: string | null;
  readonly customerDeleted: boolean;
  /** Whether it sells credits, and is paid. */
  readonly paysCredits: boolean;
  /** Unix seconds. */
  readonly created: number;
  /** When it was completed, as near as Stripe tells; Unix seconds. */
  readonly completedAt: number;
}

/**
 * Completed sessions against those that have had their effect. What comes too late for a webhook is told to the customer's
 * workflow as its webhook would have been: a session takes effect once, whoever tells of it.
 */
export function compareCheckoutSessions(
  sessions: readonly ComparedCheckoutSession[],
  have: { readonly users: ComparedUsers; readonly seenTo: ReadonlySet<string> },
  stripeNow: number,
): Drift[] {
  return sessions.flatMap((session) => {
    const { id, mode, stripeCustomerId, customerDeleted, paysCredits, created, completedAt } = session;
    const user = stripeCustomerId === null ? undefined : have.users.get(stripeCustomerId);
    if (user === undefined || customerDeleted || have.seenTo.has(id)) return [];
    if (isUnderWay(completedAt, stripeNow)) return [];
    if (mode !== 'setup' && !(mode === 'payment' && paysCredits)) return [];
    const code = mode === 'setup' ? 'setup_missed' : 'credits_missed';
    const what =
      mode === 'setup'
        ? `The Checkout session ${id} was completed, and no subscription was seen to for it.`
        : `The Checkout session ${id} was paid, and its credits were not granted.`;
    const envelope = reconciledEvent('checkout.session.completed', { id }, completedAt);
    const repair = { type: 'event', stripeCustomerId: user.stripeCustomerId, envelope } as const;
    return [repaired({ code, userId: user.userId, objectId: id, created, what }, repair)];
  });
}
