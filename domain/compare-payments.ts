import type { ComparedUsers } from './compared-user.ts';
import { type Drift, isUnderWay, reconciledEvent, repaired } from './reconciliation-findings.ts';

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

/** Types of events that were applied, by the object that they were about. */
export type AppliedTypes = ReadonlyMap<string, ReadonlySet<string>>;

const TELL_OF_FAILURE = ['refund.failed', 'refund.updated'] as const;

/** Refunds against the events that have had their effect: what a refund comes to is not kept by refund, but by what it paid back. */
export function compareRefunds(
  refunds: readonly ComparedClaim[],
  have: { readonly users: ComparedUsers; readonly applied: AppliedTypes },
  stripeNow: number,
): Drift[] {
  return refunds.flatMap((refund) => {
    const applied = have.applied.get(refund.id);
    const isKnown =
      applied !== undefined &&
      (refund.status !== 'failed' || TELL_OF_FAILURE.some((type) => applied.has(type)));
    if (isKnown || isUnderWay(refund.created, stripeNow)) return [];
    const what = `The refund ${refund.id} is ${refund.status} in Stripe, and nothing came of it here.`;
    return tellOf(refund, have.users, { code: 'refund_missed', type: 'refund.updated', what });
  });
}

function tellOf(
  { id, status, chargeId, stripeCustomerId, created }: ComparedClaim,
  users: ComparedUsers,
  {
    code,
    type,
    what,
  }: { readonly code: 'dispute_missed' | 'refund_missed'; readonly type: string; readonly what: string },
): Drift[] {
  const user = stripeCustomerId === null ? undefined : users.get(stripeCustomerId);
  if (user === undefined) return [];
  const envelope = reconciledEvent(type, { id, state: status, chargeId }, created);
  const repair = { type: 'event', stripeCustomerId: user.stripeCustomerId, envelope } as const;
  return [repaired({ code, userId: user.userId, objectId: id, created, what }, repair)];
}
