import { type CreditCauseKind, parseCreditCause } from '../../../domain/credit-causes.ts';
import type { BillingStatus, WaitingFor } from '../../../domain/customer-standing.ts';

/** What a status comes to, in a sentence. */
export const STATUS_SENTENCES: Readonly<Record<BillingStatus | 'unknown', string>> = {
  none: 'Has not subscribed, and has no access.',
  active: 'Has access.',
  past_due: 'Owes, and has access until the grace period ends.',
  suspended: 'Has no access.',
  unknown: 'Billing has not looked at them yet.',
};

const WAITING_WORDS: Readonly<Record<WaitingFor, string>> = {
  checkout: 'a Checkout',
  payment_method: 'a payment method',
  payment: 'a payment',
  cluster: 'a place on a cluster',
  subscription: 'a new subscription',
  operator: 'an operator',
};

/** What billing stands still for, in words. */
export function waitingWords(waitingFor: WaitingFor | null): string {
  return waitingFor === null ? 'nothing' : WAITING_WORDS[waitingFor];
}

const CAUSE_WORDS: Readonly<Record<CreditCauseKind, string>> = {
  purchase: 'Purchase',
  testPurchase: 'Test purchase',
  bill: 'Correction of a bill',
  takenBack: 'Taken back',
  expired: 'Expired',
  other: 'Granted',
};

/** What credits were granted for, and the id of it: what the ledger calls `checkout_session:cs_…`. */
export function causeOfCredits(cause: string): { readonly words: string; readonly id: string } {
  const { kind, id } = parseCreditCause(cause);
  return { words: CAUSE_WORDS[kind], id };
}
