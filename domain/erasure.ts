/** The erasure of a person's data: what keeps it from being done, and what is done. docs/operations.md says what stays. */

import type { BillStatus } from './bill.ts';
import type { BillingPeriod } from './billing-period.ts';
import type { UserKey } from './customer-key.ts';
import { formatCents } from './money.ts';
import { BILLING_TASK_QUEUE } from './task-queues.ts';

/**
 * Type of the workflow that erases a user's data. The CLI starts it, or joins the one that runs, and waits for what
 * was erased.
 */
export const USER_ERASURE_WORKFLOW = 'userErasureWorkflow';
/** Type of the failure whose message says what is to be done first. */
export const ERASURE_REFUSED = 'ErasureRefused';

/** Whose data is to be erased, and what becomes of what they owe. */
export interface UserErasureInput extends UserKey {
  /** Whether what is owed or not billed yet is given up; otherwise that keeps the erasure from being done. */
  readonly writeOff: boolean;
}

/** How an erasure is started, by whom ever: there is one at a time for each user. */
export function userErasureStart(input: UserErasureInput) {
  return {
    workflowId: `user-erasure:${input.mode}:${input.userId}`,
    taskQueue: BILLING_TASK_QUEUE,
    args: [input] satisfies [UserErasureInput],
    staticSummary: `Erases the data of ${input.userId} (${input.mode})`,
    staticDetails: 'Cannot be undone. docs/operations.md says what goes and what stays.',
  };
}

/** A bill that is not done with. */
export interface UnsettledBill {
  readonly billId: string;
  readonly period: BillingPeriod;
  readonly status: Exclude<BillStatus, 'paid' | 'void'>;
  readonly totalCents: number;
  readonly stripeInvoiceId: string | null;
}

/** What there is of a user that an erasure must know. */
export interface ErasableUser {
  readonly isErased: boolean;
  readonly stripeCustomerId: string | null;
  readonly unsettledBills: readonly UnsettledBill[];
  /** What no bill holds yet, as it would be billed. */
  readonly unbilledCents: number;
  /** Disks that hold something, so that there is more to bill each day. */
  readonly heldDisks: number;
}

/** Why the user can't be erased now, and what is to be done first; `null`: nothing is in the way. */
export function whyNotErase(
  user: ErasableUser | null,
  { userId, mode, writeOff }: UserErasureInput,
): string | null {
  if (user === null) return `There is no user ${userId} in ${mode} mode.`;
  if (user.isErased) return null;
  const { unsettledBills, unbilledCents, heldDisks } = user;
  const without = unsettledBills.find(({ stripeInvoiceId }) => stripeInvoiceId === null);
  if (without !== undefined)
    return `The bill ${without.billId} of ${without.period} is ${without.status} and has no invoice: release it, or retry the parked ones, and void the invoice if it is not to be paid.`;
  if (writeOff) return null;
  const [bill] = unsettledBills;
  if (bill !== undefined)
    return `The bill ${bill.billId} of ${bill.period} over ${formatCents(bill.totalCents)} is ${bill.status}: wait until it is paid, or give it up with --write-off.`;
  if (heldDisks > 0)
    return `${heldDisks} ${heldDisks === 1 ? 'disk holds' : 'disks hold'} something still: send their end (quantity 0) and wait for the month's close, or give up what is not billed with --write-off.`;
  if (unbilledCents !== 0)
    return `Usage of ${formatCents(unbilledCents)} is not billed yet: wait for the month's close, or give it up with --write-off.`;
  return null;
}
