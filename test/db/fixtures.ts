import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ControlledTransaction, sql } from 'kysely';
import { type InvoiceOutcome, saveInvoiceOutcome } from '../../db/bill-status.ts';
import { type BillWithLines, listBills } from '../../db/bills.ts';
import type { Database } from '../../db/database.ts';
import { freezeBill } from '../../db/freeze.ts';
import type { DatabaseSchema } from '../../db/schema.ts';
import { ingestUsageEvents } from '../../db/usage-events.ts';
import { registerUser } from '../../db/users.ts';
import {
  type BillingPeriod,
  parseBillingPeriod,
  periodStart,
  periodsBetween,
} from '../../domain/billing-period.ts';
import type { Mode } from '../../domain/mode.ts';
import type { UsageEvent } from '../../domain/usage-event.ts';

/** The month before the one that most of these tests bill. */
export const AUGUST = parseBillingPeriod('2026-08');
/** The month that is billed unless told otherwise, and in which {@link usage} falls. */
export const SEPTEMBER = parseBillingPeriod('2026-09');
/** The month after it, whose bill holds what came too late. */
export const OCTOBER = parseBillingPeriod('2026-10');

/** Registers a user nobody else has. */
export async function newUser(db: Database, mode: Mode = 'test'): Promise<string> {
  const userId = `user-${randomUUID()}`;
  await registerUser(db, { mode, userId, email: `${userId}@example.com`, name: 'Ada' });
  return userId;
}

/** As the user's first Checkout does: Stripe knows them from then on. */
export async function becomeCustomer(
  db: Database,
  userId: string,
  defaultPaymentMethodId: string | null = null,
): Promise<void> {
  await db
    .updateTable('users')
    .set({
      stripe_customer_id: `cus_${randomUUID()}`,
      default_payment_method_id: defaultPaymentMethodId,
    })
    .where('user_id', '=', userId)
    .execute();
}

/** Usage of one CPU hour in mid-September, unless told otherwise. */
export function usage(userId: string, overrides: Partial<UsageEvent> = {}): UsageEvent {
  return {
    id: randomUUID(),
    userId,
    product: 'cpu_hour',
    quantity: '1',
    occurredAt: new Date('2026-09-15T12:00:00Z'),
    resourceId: null,
    ...overrides,
  };
}

/** "From then on the disk holds this many GB." */
export function level(userId: string, gb: string, occurredAt: string): UsageEvent {
  const instant = new Date(occurredAt);
  return usage(userId, {
    product: 'storage_gb_month',
    quantity: gb,
    occurredAt: instant,
    resourceId: 'disk-1',
  });
}

/** The months of {@link usageOfYears}, of which each has four lines. */
const YEARS = periodsBetween(parseBillingPeriod('2021-07'), SEPTEMBER);

/** All four products in each of 63 months: 252 lines, two more than an invoice takes. The last three are API calls. */
export function usageOfYears(userId: string): UsageEvent[] {
  const monthly = YEARS.flatMap((period) => {
    const occurredAt = periodStart(period);
    return [
      usage(userId, { occurredAt }), // 10 cents
      usage(userId, { occurredAt, product: 'gpu_hour' }), // 200
      usage(userId, { occurredAt, product: 'api_calls', quantity: '1234567' }), // 1,235
    ];
  });
  return [...monthly, level(userId, '10', `${YEARS[0]}-01T00:00:00Z`)]; // 150
}

/** Stores usage. @throws Error unless every event is new and accepted. */
export async function ingest(
  db: Database,
  events: readonly UsageEvent[],
  mode: Mode = 'test',
): Promise<void> {
  const { accepted } = await ingestUsageEvents(db, mode, events);
  if (accepted !== events.length) throw new Error(`${accepted} of ${events.length} events were accepted`);
}

/** Puts credits into the ledger, as a paid Checkout session would. @returns their lot. */
export async function grantCredits(
  db: Database,
  userId: string,
  amountCents: number,
  mode: Mode = 'test',
  expiresAt: Date | null = null,
): Promise<string> {
  const lot = `checkout:cs_${randomUUID()}`;
  await db
    .insertInto('credit_entries')
    .values({ mode, user_id: userId, amount_cents: amountCents, cause: lot, lot, expires_at: expiresAt })
    .execute();
  return lot;
}

/** Freezes a month and reads the bill back. */
export async function frozenBill(
  db: Database,
  userId: string,
  period: BillingPeriod = SEPTEMBER,
  mode: Mode = 'test',
): Promise<BillWithLines> {
  const [billId] = await freezeBill(db, { mode, userId, period });
  const bill = (await listBills(db, mode, userId)).find((each) => each.billId === billId);
  if (bill === undefined) throw new Error(`${period} of ${userId} came to no bill`);
  return bill;
}

/** Waits until `count` statements of this database stand still for somebody else's lock. */
export async function untilWaiting(db: Database, count: number): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const { rows } = await sql<{ waiting: number }>`
      SELECT count(*) AS waiting FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(db);
    if (rows[0]?.waiting === count) return;
    await sleep(10);
  }
  throw new Error(`Never did ${count} statements wait for a lock`);
}

/** Holds the user's totals until it is committed or rolled back: whoever adds to them, or bills them, waits. */
export async function holdTotals(
  db: Database,
  userId: string,
): Promise<ControlledTransaction<DatabaseSchema>> {
  const holder = await db.startTransaction().execute();
  await holder
    .selectFrom('usage_totals')
    .select('period')
    .where('user_id', '=', userId)
    .forUpdate()
    .execute();
  return holder;
}

/** Brings a bill to what its invoice came to, which is named after it. */
export async function settleBill(
  db: Database,
  billId: string,
  status: InvoiceOutcome['status'],
): Promise<void> {
  await saveInvoiceOutcome(db, {
    mode: 'test',
    billId,
    stripeInvoiceId: `in_${billId}`,
    status,
    failedAt: new Date(),
    hostedInvoiceUrl: null,
    invoicePdfUrl: null,
    failedPaymentMethodId: null,
    stripeRetriesAt: null,
    stripeHasRetried: false,
    needsCustomerAction: false,
    isCollectible: true,
  });
}
