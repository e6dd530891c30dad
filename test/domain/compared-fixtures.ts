import type { ComparedUser } from '../../domain/compared-user.ts';
import type { Drift } from '../../domain/reconciliation-findings.ts';
import { NOW } from './customer-fixtures.ts';

/** In seconds, as Stripe has times. */
export const NOW_SECONDS = NOW / 1_000;
/** Longer than whatever is on its way takes. */
export const LONG_AGO = NOW_SECONDS - 100_000;

/** A user on whom both sides agree: what Stripe has is compared with this. */
export const user: ComparedUser = {
  userId: 'ada',
  stripeCustomerId: 'cus_1',
  subscriptionId: 'sub_1',
  defaultPaymentMethodId: 'pm_1',
  status: 'active',
  waitingFor: null,
  statusObjectId: 'sub_1',
};
/** That user with some changes, by the id of their customer in Stripe. */
export const usersOf = (changes: Partial<ComparedUser> = {}) => new Map([['cus_1', { ...user, ...changes }]]);

/** Code, fix and kind of repair of each. */
export const summaryOf = (drifts: readonly Drift[]) =>
  drifts.map(({ finding, repair }) => `${finding.code} ${finding.fix} ${repair?.type ?? 'by hand'}`);
