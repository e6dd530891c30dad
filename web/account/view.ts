import { type BillWithLines, listBills, owedCents, pageOfOldestUnpaidBill } from '../../db/bills.ts';
import { type CreditChange, listCreditChanges } from '../../db/credit-history.ts';
import { listCreditLots } from '../../db/credits.ts';
import type { Database } from '../../db/database.ts';
import { listPaymentMethods, type ShownPaymentMethod } from '../../db/payment-methods.ts';
import { loadUnitPrices } from '../../db/price-list.ts';
import { loadMonthlyUsage } from '../../db/usage-report.ts';
import { findUser, type User } from '../../db/users.ts';
import { type AccountStatus, accountStatus } from '../../domain/account-status.ts';
import { type BillingPeriod, billingPeriodOf } from '../../domain/billing-period.ts';
import { type CreditLot, remainingCents } from '../../domain/credits.ts';
import type { UserKey } from '../../domain/customer-key.ts';
import { isOfDeletedCustomer } from '../../domain/customer-standing.ts';
import type { Mode } from '../../domain/mode.ts';
import { sumCents } from '../../domain/money.ts';
import { estimateCents, type UsageLine, usageLines } from '../../domain/usage-report.ts';
import { versionOf } from '../changes.ts';
import { momentInWords } from '../words.ts';

/** All that the account page shows, as plain data. */
export interface AccountView {
  readonly mode: Mode;
  readonly name: string;
  readonly email: string;
  readonly standing: StandingView;
  readonly paymentMethods: PaymentMethodsView;
  readonly month: MonthView;
  readonly credits: CreditsView;
  readonly bills: readonly BillWithLines[];
  readonly hasSubscription: boolean;
}

/** Where the user stands; what the page asks for again and again. */
export interface StandingView {
  readonly status: AccountStatus;
  readonly clusterId: string | null;
  /** Stripe's page for the oldest bill that could not be collected. */
  readonly payUrl: string | null;
  /** Changes with what is shown. */
  readonly version: string;
}

/** What a user can be charged by, as Stripe last told it. */
export interface PaymentMethodsView {
  /** Whether there is any. It may be so with none listed: what they are shown by is kept only since a later version. */
  readonly isKnown: boolean;
  /** Newest first. */
  readonly listed: readonly ShownPaymentMethod[];
}

/** What a user has used in this month so far, priced as a bill would price it; credits are not taken off. */
export interface MonthView {
  readonly period: BillingPeriod;
  readonly lines: readonly UsageLine[];
  /** To date. */
  readonly totalCents: number;
  /** Of the whole month, if it goes on as it began. */
  readonly estimateCents: number | null;
}

/** What credits are left, in cents: the lots that have not expired, and the latest changes. */
export interface CreditsView {
  readonly balanceCents: number;
  readonly lots: readonly CreditLot[];
  readonly changes: readonly CreditChange[];
}

/** How many changes of credits are shown. */
const CHANGES_SHOWN = 50;

/** @returns `undefined` when the user is not registered any more. */
export async function readAccount(db: Database, key: UserKey, now: Date): Promise<AccountView | undefined> {
  const { mode, userId } = key;
  const user = await findUser(db, mode, userId);
  if (user === undefined || user.erased_at !== null) return undefined;
  const [standing, listed, month, lots, changes, bills] = await Promise.all([
    standingOfUser(db, user),
    listPaymentMethods(db, key),
    readMonth(db, key, now),
    listCreditLots(db, key, now),
    listCreditChanges(db, key, CHANGES_SHOWN),
    listBills(db, mode, userId),
  ]);
  return {
    mode,
    name: user.name,
    email: user.email,
    standing,
    paymentMethods: { isKnown: listed.length > 0 || user.known_payment_method_ids.length > 0, listed },
    month,
    credits: { balanceCents: remainingCents(lots), lots, changes },
    bills,
    hasSubscription: user.stripe_subscription_id !== null,
  };
}

/** @returns `undefined` when the user is not registered any more. */
export async function readStanding(
  db: Database,
  { mode, userId }: UserKey,
): Promise<StandingView | undefined> {
  const user = await findUser(db, mode, userId);
  return user === undefined ? undefined : await standingOfUser(db, user);
}

async function standingOfUser(db: Database, user: User): Promise<StandingView> {
  const { mode, user_id: userId, status, waiting_for: waitingFor, grace_ends_at: graceEndsAt } = user;
  const [owed, payUrl] = await Promise.all([
    owedCents(db, mode, userId),
    pageOfOldestUnpaidBill(db, mode, userId),
  ]);
  const shown = {
    status: accountStatus({
      status,
      waitingFor,
      isDeletedInStripe: isOfDeletedCustomer({ waitingFor, stripeObjectId: user.status_object_id }),
      owedCents: owed,
      accessEnds: graceEndsAt === null ? null : momentInWords(graceEndsAt),
    }),
    clusterId: status === 'suspended' ? null : user.cluster_id,
    payUrl,
  };
  return { ...shown, version: versionOf(shown) };
}

async function readMonth(db: Database, { mode, userId }: UserKey, now: Date): Promise<MonthView> {
  const period = billingPeriodOf(now);
  const [used, unitPricesCents] = await Promise.all([
    loadMonthlyUsage(db, mode, userId, period),
    loadUnitPrices(db, mode),
  ]);
  const lines = usageLines(period, used, unitPricesCents);
  const totalCents = sumCents(lines.map((line) => line.amountCents));
  return {
    period,
    lines,
    totalCents,
    estimateCents: estimateCents(period, used, unitPricesCents, now),
  };
}
