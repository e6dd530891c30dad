import type { ComparedUsers } from './compared-user.ts';
import { type Drift, isUnderWay, reconciledEvent, repaired } from './reconciliation-findings.ts';
import type { StripeEventEnvelope } from './stripe-event.ts';

/** A dispute or a refund in Stripe, with whose payment it is about. */
export interface ComparedClaim {
  readonly id: string;
  readonly status: string;
  readonly chargeId: string;
  readonly stripeCustomerId: string | null;
  /** Unix seconds. */
  readonly created: number;
}

/** Disputes against those that we know, by their status. */
export function compareDisputes(
  disputes: readonly ComparedClaim[],
  have: { readonly users: ComparedUsers; readonly statuses: ReadonlyMap<string, string> },
  stripeNow: number,
): Drift[] {
  return disputes.flatMap((dispute) => {
    const known = have.statuses.get(dispute.id);
    if (known === dispute.status || isUnderWay(dispute.created, stripeNow)) return [];
    const what = `The dispute ${dispute.id} is ${dispute.status} in Stripe, and ${known ?? 'not known'} here.`;
    return tellOf(dispute, have.users, { code: 'dispute_missed', type: 'charge.dispute.updated', what });
  });
}

/** An event that has had its effect. */
export interface AppliedEventOfRefund {
  readonly eventId: string;
  readonly type: string;
}

/** Refunds against the events that have had their effect: what a refund comes to is not kept by refund, but by what it paid back. */
export function compareRefunds(
  refunds: readonly ComparedClaim[],
  have: {
    readonly users: ComparedUsers;
    readonly applied: ReadonlyMap<string, readonly AppliedEventOfRefund[]>;
  },
  stripeNow: number,
): Drift[] {
  return refunds.flatMap((refund) => {
    if (isKnown(refund, have.applied.get(refund.id) ?? []) || isUnderWay(refund.created, stripeNow))
      return [];
    const what = `The refund ${refund.id} is ${refund.status} in Stripe, and nothing came of it here.`;
    return tellOf(refund, have.users, { code: 'refund_missed', type: 'refund.updated', what });
  });
}

/** Refunds whose money has come back to us: what the first events of them told of is so no more. */
const COME_BACK: ReadonlySet<string> = new Set(['failed', 'canceled']);

/** `refund.updated` may have told of anything, and before: of money that has come back only what can't tell of anything else counts. */
function isKnown(refund: ComparedClaim, applied: readonly AppliedEventOfRefund[]): boolean {
  if (!COME_BACK.has(refund.status)) return applied.length > 0;
  const told = envelopeOf(refund, 'refund.updated').eventId;
  return applied.some(({ eventId, type }) => type === 'refund.failed' || eventId === told);
}

function envelopeOf({ id, status, chargeId, created }: ComparedClaim, type: string): StripeEventEnvelope {
  return reconciledEvent(type, { id, state: status, chargeId }, created);
}

function tellOf(
  claim: ComparedClaim,
  users: ComparedUsers,
  {
    code,
    type,
    what,
  }: { readonly code: 'dispute_missed' | 'refund_missed'; readonly type: string; readonly what: string },
): Drift[] {
  const { id, stripeCustomerId, created } = claim;
  const user = stripeCustomerId === null ? undefined : users.get(stripeCustomerId);
  if (user === undefined) return [];
  const repair = {
    type: 'event',
    stripeCustomerId: user.stripeCustomerId,
    envelope: envelopeOf(claim, type),
  } as const;
  return [repaired({ code, userId: user.userId, objectId: id, created, what }, repair)];
}
