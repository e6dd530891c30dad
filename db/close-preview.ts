import { rateBill, type UnitPrices } from '../domain/bill.ts';
import { splitIntoParts } from '../domain/bill-parts.ts';
import { previousPeriod } from '../domain/billing-period.ts';
import {
  joinParts,
  joinSummaries,
  type PreviewedBill,
  type PreviewSummary,
  problemOfBill,
  summarizePreview,
} from '../domain/close-preview.ts';
import { type CreditLot, remainingCents, usableForBill } from '../domain/credits.ts';
import type { Mode } from '../domain/mode.ts';
import type { Month } from '../domain/monthly-close.ts';
import { type OutlierRule, outlierReason } from '../domain/outlier.ts';
import { type UsageTotal, unbilledUsage } from '../domain/unbilled-usage.ts';
import { creditLotsOf } from './credits.ts';
import { type Database, type DatabaseTransaction, exactInteger } from './database.ts';
import { usedBefore } from './earlier-bills.ts';
import { listUsersToFreeze } from './freeze.ts';
import { loadUnitPrices } from './price-list.ts';
import { usageTotalOf, usageTotalsOf } from './usage-totals.ts';

const PAGE_SIZE = 500;

/**
 * What a close of the month would come to now, user by user in the order of their ids, without writing anything. A bill that is
 * frozen already is given as it is, one that was voided counts for nothing. Each page is of one instant; usage may come in between two pages.
 *
 * @param holdOutliers which bills the close would hold; `null`: none.
 */
export async function* previewClose(
  db: Database,
  month: Month,
  holdOutliers: OutlierRule | null = null,
): AsyncGenerator<PreviewedBill[]> {
  for (let afterUserId: string | undefined = ''; afterUserId !== undefined; ) {
    const after: string = afterUserId;
    const page = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute((transaction) => previewPage(transaction, month, holdOutliers, after));
    yield page.bills;
    afterUserId = page.userIds.length < PAGE_SIZE ? undefined : page.userIds.at(-1);
  }
}

/** A summary that stays small however many bills there are. */
export interface PreviewAtAGlance extends PreviewSummary {
  /** How many can't be collected; `problems` names the first of them. */
  readonly problemBills: number;
  /** How many wait for a person, or would; `held` names the first of them. */
  readonly heldBills: number;
}

/**
 * The same as a summary, page by page, without keeping the bills. At most `listed` are named of each kind.
 *
 * @param options `signal` ends it between two pages, when nobody waits for it any more.
 * @throws the signal's reason
 */
export async function previewAtAGlance(
  db: Database,
  month: Month,
  options: {
    readonly holdOutliers: OutlierRule | null;
    readonly listed: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<PreviewAtAGlance> {
  const { holdOutliers, listed, signal } = options;
  const before = { mode: month.mode, period: previousPeriod(month.period) };
  let whole = summarizePreview([], await billedTotalCents(db, before), listed);
  let problemBills = 0;
  let heldBills = 0;
  for await (const bills of previewClose(db, month, holdOutliers)) {
    signal?.throwIfAborted();
    const page = summarizePreview(bills, 0, listed);
    problemBills += page.problems.length;
    heldBills += page.held.length;
    const joined = joinSummaries(whole, page, listed);
    const [problems, held] = [joined.problems.slice(0, listed), joined.held.slice(0, listed)];
    whole = { ...joined, problems, held };
  }
  return { ...whole, problemBills, heldBills };
}

/** The same as a summary beside all of its bills, which are kept in memory. */
export async function previewWhole(
  db: Database,
  month: Month,
  { holdOutliers, listed }: { readonly holdOutliers: OutlierRule | null; readonly listed: number },
): Promise<PreviewSummary & { readonly all: readonly PreviewedBill[] }> {
  const before = { mode: month.mode, period: previousPeriod(month.period) };
  const all: PreviewedBill[] = [];
  for await (const bills of previewClose(db, month, holdOutliers)) all.push(...bills);
  return { ...summarizePreview(all, await billedTotalCents(db, before), listed), all };
}

/** What all bills of a month that were not voided come to, in cents. */
async function billedTotalCents(db: Database, { mode, period }: Month): Promise<number> {
  const { total } = await db
    .selectFrom('bills')
    .select((query) => query.fn.coalesce(query.fn.sum<string>('total_cents'), query.val('0')).as('total'))
    .where('mode', '=', mode)
    .where('period', '=', period)
    .where('status', '<>', 'void')
    .executeTakeFirstOrThrow();
  return exactInteger(total);
}

async function previewPage(
  transaction: DatabaseTransaction,
  month: Month,
  holdOutliers: OutlierRule | null,
  afterUserId: string,
) {
  const userIds = await listUsersToFreeze(transaction, month, { afterUserId, limit: PAGE_SIZE });
  if (userIds.length === 0) return { userIds, bills: [] };
  const { mode, period } = month;
  const frozen = await billsOf(transaction, month, userIds);
  const previous = await billsOf(transaction, { mode, period: previousPeriod(period) }, userIds);
  const totals = await totalsOf(transaction, month, userIds);
  const lots = await creditLotsOf(transaction, mode, userIds);
  const earlier = await usedBefore(transaction, month, userIds);
  const unitPricesCents = await loadUnitPrices(transaction, mode);
  const bills = (await accountsOf(transaction, mode, userIds)).flatMap((account) => {
    const { userId } = account;
    const basis = {
      totals: totals.get(userId) ?? [],
      lots: lots.get(userId) ?? [],
      earlierCents: earlier.get(userId) ?? [],
    };
    const amounts = frozen.get(userId) ?? newBill(month, basis, unitPricesCents, holdOutliers);
    const previousTotalCents = previous.get(userId)?.totalCents ?? 0;
    const { totalCents, status } = amounts;
    if (status === 'none' && previousTotalCents === 0) return [];
    return [
      {
        userId,
        ...amounts,
        previousTotalCents,
        problem: problemOfBill({ ...account, totalCents }),
      },
    ];
  });
  return { userIds, bills };
}

type Amounts = Omit<PreviewedBill, 'userId' | 'previousTotalCents' | 'problem'>;

/** What a user's bill is computed from, and compared with. */
interface Basis {
  readonly totals: readonly UsageTotal[];
  readonly lots: readonly CreditLot[];
  readonly earlierCents: readonly number[];
}

function newBill(
  { period }: Month,
  { totals, lots, earlierCents }: Basis,
  unitPricesCents: UnitPrices,
  rule: OutlierRule | null,
): Amounts {
  const usage = unbilledUsage(totals, period);
  const creditBalanceCents = remainingCents(usableForBill(lots, period));
  const bill = rateBill({ period, usage, unitPricesCents, creditBalanceCents });
  const { totalCents, creditsAppliedCents: creditsCents } = bill;
  const amounts = { usedCents: totalCents + creditsCents, creditsCents, totalCents };
  if (bill.lines.length === 0) return { status: 'none', parts: 0, held: null, ...amounts };
  const held = rule === null ? null : outlierReason(bill, earlierCents, rule);
  return { status: 'new', parts: splitIntoParts(bill, period).length, held, ...amounts };
}

async function billsOf(
  transaction: DatabaseTransaction,
  { mode, period }: Month,
  userIds: readonly string[],
): Promise<Map<string, Amounts>> {
  const rows = await transaction
    .selectFrom('bills')
    .select(['user_id', 'status', 'total_cents', 'credits_applied_cents', 'problem'])
    .where('mode', '=', mode)
    .where('period', '=', period)
    .where('status', '<>', 'void')
    .where('user_id', 'in', userIds)
    .execute();
  return mapValues(groupByUser(rows), (parts) =>
    joinParts(
      parts.map((row) => ({
        status: row.status,
        creditsCents: row.credits_applied_cents,
        totalCents: row.total_cents,
        problem: row.problem,
      })),
    ),
  );
}

async function totalsOf(
  transaction: DatabaseTransaction,
  { mode, period }: Month,
  userIds: readonly string[],
): Promise<Map<string, UsageTotal[]>> {
  const rows = await usageTotalsOf(transaction, { mode, userIds, through: period }).selectAll().execute();
  return mapValues(groupByUser(rows), (ofUser) => ofUser.map(usageTotalOf));
}

function groupByUser<Row extends { readonly user_id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.user_id);
    if (group === undefined) groups.set(row.user_id, [row]);
    else group.push(row);
  }
  return groups;
}

function mapValues<From, To>(from: ReadonlyMap<string, From>, to: (value: From) => To): Map<string, To> {
  return new Map([...from].map(([key, value]) => [key, to(value)]));
}

async function accountsOf(transaction: DatabaseTransaction, mode: Mode, userIds: readonly string[]) {
  const rows = await transaction
    .selectFrom('users')
    .select(['user_id', 'stripe_customer_id', 'default_payment_method_id'])
    .where('mode', '=', mode)
    .where('user_id', 'in', userIds)
    .orderBy('user_id')
    .execute();
  return rows.map((row) => ({
    userId: row.user_id,
    stripeCustomerId: row.stripe_customer_id,
    defaultPaymentMethodId: row.default_payment_method_id,
  }));
}
