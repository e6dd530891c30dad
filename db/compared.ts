/** What the database has of what a page of Stripe's names: each asked with one query for the page. */
import { sql } from 'kysely';
import { OWED_STATUSES, TO_INVOICE_STATUSES } from '../domain/bill.ts';
import type { ComparedBill } from '../domain/compare-invoices.ts';
import type { AppliedEventOfRefund } from '../domain/compare-payments.ts';
import type { ComparedUser } from '../domain/compared-user.ts';
import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';

const USER = [
  'user_id as userId',
  'stripe_customer_id as stripeCustomerId',
  'stripe_subscription_id as subscriptionId',
  'default_payment_method_id as defaultPaymentMethodId',
  'status',
  'waiting_for as waitingFor',
  'status_object_id as statusObjectId',
] as const;

/** The users whose customers these are, by customer. */
export async function usersOfCustomers(
  db: Database,
  mode: Mode,
  stripeCustomerIds: readonly (string | null)[],
): Promise<Map<string, ComparedUser>> {
  const ids = idsAmong(stripeCustomerIds);
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('users')
    .select(USER)
    .where('mode', '=', mode)
    .where('stripe_customer_id', 'in', ids)
    .$narrowType<{ stripeCustomerId: string }>()
    .execute();
  return new Map(rows.map((user) => [user.stripeCustomerId, user]));
}

/** Those of these users who are here, were not erased, and have no customer in Stripe. */
export async function usersWithoutCustomer(
  db: Database,
  mode: Mode,
  userIds: readonly (string | null)[],
): Promise<Set<string>> {
  const ids = idsAmong(userIds);
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom('users')
    .select('user_id')
    .where('mode', '=', mode)
    .where('user_id', 'in', ids)
    .where('stripe_customer_id', 'is', null)
    .where('erased_at', 'is', null)
    .execute();
  return new Set(rows.map((row) => row.user_id));
}

const BILL = [
  'bill_id as billId',
  'user_id as userId',
  'period',
  'status',
  'total_cents as totalCents',
  'refunded_cents as refundedCents',
  'stripe_invoice_id as stripeInvoiceId',
  'is_collectible as isCollectible',
] as const;

/** These bills, by their ids. */
export async function billsById(
  db: Database,
  mode: Mode,
  billIds: readonly (string | null)[],
): Promise<Map<string, ComparedBill>> {
  const ids = idsAmong(billIds);
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('bills')
    .select(BILL)
    .where('mode', '=', mode)
    .where('bill_id', 'in', ids)
    .execute();
  return new Map(rows.map((bill) => [bill.billId, bill]));
}

/** A bill with the invoice that it has, or the draft that was begun for it. */
interface BillWithInvoice extends ComparedBill {
  readonly invoiceId: string;
}

/**
 * Bills that a list of recent invoices does not tell of: older ones that are still to be collected, and those whose invoice was begun
 * and not finished.
 *
 * @param page `withWrittenOff`: also older ones that Stripe has given up on. They stay so for ever, and what becomes of one its event
 * tells.
 */
export async function billsToCompare(
  db: Database,
  mode: Mode,
  page: {
    readonly afterBillId: string;
    readonly frozenBefore: Date;
    readonly withWrittenOff: boolean;
    readonly limit: number;
  },
): Promise<BillWithInvoice[]> {
  const rows = await db
    .selectFrom('bills')
    .leftJoin('stripe_writes as draft', (join) =>
      join
        .onRef('draft.mode', '=', 'bills.mode')
        .on('draft.write_key', '=', sql<string>`'bill:' || bills.bill_id || ':draft'`),
    )
    .select((query) => [
      ...BILL,
      query.fn.coalesce('bills.stripe_invoice_id', 'draft.stripe_object_id').as('invoiceId'),
    ])
    .where('bills.mode', '=', mode)
    .where('bills.bill_id', '>', page.afterBillId)
    .where('bills.status', 'in', [...TO_INVOICE_STATUSES, ...OWED_STATUSES])
    .where((bill) =>
      bill.or([
        bill.and([
          bill('bills.status', 'in', TO_INVOICE_STATUSES),
          bill('draft.stripe_object_id', 'is not', null),
        ]),
        bill.and([
          bill('bills.status', 'in', OWED_STATUSES),
          bill('bills.frozen_at', '<', page.frozenBefore),
          ...(page.withWrittenOff ? [] : [bill('bills.is_collectible', '=', true)]),
        ]),
      ]),
    )
    .orderBy('bills.bill_id')
    .limit(page.limit)
    .$narrowType<{ invoiceId: string }>()
    .execute();
  return rows;
}

/** Those of these Checkout sessions that have had their effect: a subscription was seen to, or credits were granted. */
export async function sessionsSeenTo(
  db: Database,
  mode: Mode,
  sessionIds: readonly string[],
): Promise<Set<string>> {
  if (sessionIds.length === 0) return new Set();
  const rows = await db
    .selectFrom('checkout_sessions')
    .select('checkout_session_id')
    .where('mode', '=', mode)
    .where('checkout_session_id', 'in', sessionIds)
    .where('completed_at', 'is not', null)
    .union((union) =>
      union
        .selectFrom('credit_purchases')
        .select('checkout_session_id')
        .where('mode', '=', mode)
        .where('checkout_session_id', 'in', sessionIds),
    )
    .execute();
  return new Set(rows.map((row) => row.checkout_session_id));
}

/** The statuses of those of these disputes that we know. */
export async function disputeStatuses(
  db: Database,
  mode: Mode,
  disputeIds: readonly string[],
): Promise<Map<string, string>> {
  if (disputeIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('disputes')
    .select(['dispute_id', 'status'])
    .where('mode', '=', mode)
    .where('dispute_id', 'in', disputeIds)
    .execute();
  return new Map(rows.map((row) => [row.dispute_id, row.status]));
}

/** The events that have had their effect, by the object that they were about. */
export async function appliedEventsOf(
  db: Database,
  mode: Mode,
  objectIds: readonly string[],
): Promise<Map<string, AppliedEventOfRefund[]>> {
  const events = new Map<string, AppliedEventOfRefund[]>();
  if (objectIds.length === 0) return events;
  const rows = await db
    .selectFrom('applied_stripe_events')
    .select(['object_id as objectId', 'event_id as eventId', 'type'])
    .where('mode', '=', mode)
    .where('object_id', 'in', objectIds)
    .execute();
  for (const { objectId, ...event } of rows) events.set(objectId, [...(events.get(objectId) ?? []), event]);
  return events;
}

/** Users who have a customer in Stripe, in the order of their ids. */
export async function usersWithCustomerAfter(
  db: Database,
  mode: Mode,
  { afterUserId, limit }: { readonly afterUserId: string; readonly limit: number },
): Promise<{ readonly userId: string; readonly stripeCustomerId: string }[]> {
  return await db
    .selectFrom('users')
    .select(['user_id as userId', 'stripe_customer_id as stripeCustomerId'])
    .where('mode', '=', mode)
    .where('user_id', '>', afterUserId)
    .where('stripe_customer_id', 'is not', null)
    .orderBy('user_id')
    .limit(limit)
    .$narrowType<{ stripeCustomerId: string }>()
    .execute();
}

function idsAmong(ids: readonly (string | null)[]): string[] {
  return [...new Set(ids.filter((id) => id !== null))];
}
