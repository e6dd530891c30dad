import { saveCloseDecision } from '../../db/close-decisions.ts';
import type { Database } from '../../db/database.ts';
import { freezeBill } from '../../db/freeze.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import type { BillStatus } from '../../domain/bill.ts';
import { periodStart } from '../../domain/billing-period.ts';
import type { Month } from '../../domain/monthly-close.ts';
import { tabPath } from '../../web/admin/tabs.ts';
import { AUGUST, ingest, OCTOBER, SEPTEMBER, usage } from '../db/fixtures.ts';

/** Pages of months that have something to show. */
export const MONTH_PATHS = [
  tabPath('months', 'live', SEPTEMBER),
  tabPath('months', 'live', OCTOBER),
  tabPath('months', 'live', OCTOBER, 'preview'),
] as const;

/** GPU hours, at $2.00, by user and month. */
const HOURS = [
  [AUGUST, { ada: '310', grace: '96.5', mary: '12' }],
  [SEPTEMBER, { ada: '335.25', grace: '1204', mary: '14' }],
  [OCTOBER, { ada: '341', grace: '88', mary: '9.5' }],
] as const;

/** Three months of live mode: one is closed, of one some bills are left, and one waits to be closed. */
export async function tellOfMonths(db: Database): Promise<void> {
  await ensurePriceList(db, 'live');
  for (const [period, hoursOf] of HOURS) {
    const occurredAt = new Date(periodStart(period).getTime() + 9.5 * 24 * 60 * 60_000);
    for (const [userId, quantity] of Object.entries(hoursOf))
      await ingest(db, [usage(userId, { product: 'gpu_hour', quantity, occurredAt })], 'live');
  }
  await closed({ mode: 'live', period: AUGUST }, db);
  const september = { mode: 'live', period: SEPTEMBER } as const;
  const billOf = await closed(september, db);
  await set(db, billOf('grace'), 'frozen', null);
  await set(db, billOf('mary'), 'parked', 'The user has no customer in Stripe: they never began a Checkout.');
  await saveCloseDecision(db, september, {
    decisionId: 'story-hold',
    decision: {
      type: 'hold',
      bills: [billOf('grace')],
      by: 'Katherine',
      reason: '12 times the month before',
    },
  });
}

/** Freezes the month and has all of it paid. @returns each user's bill. */
async function closed(month: Month, db: Database): Promise<(userId: string) => string> {
  const bills = new Map<string, string>();
  for (const userId of ['ada', 'grace', 'mary']) {
    const [billId = ''] = await freezeBill(db, { ...month, userId });
    bills.set(userId, billId);
    await set(db, billId, 'paid', null);
  }
  return (userId) => bills.get(userId) ?? '';
}

async function set(db: Database, billId: string, status: BillStatus, problem: string | null): Promise<void> {
  await db.updateTable('bills').set({ status, problem }).where('bill_id', '=', billId).execute();
}
