import { sql } from 'kysely';
import { type BillStatus, OWED_STATUSES, TO_INVOICE_STATUSES } from '../domain/bill.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { ParkedBillFact, UnpaidBillFact } from '../domain/customer-facts.ts';
import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';

/** How a bill's invoice stands in Stripe. */
export interface InvoiceOutcome {
  readonly mode: Mode;
  readonly billId: string;
  readonly stripeInvoiceId: string;
  readonly status: Extract<BillStatus, 'open' | 'paid' | 'payment_failed' | 'void'>;
  /** When it failed, as far as is known; the earliest that was ever said counts. */
  readonly failedAt: Date;
  /** Stripe's page where the customer can pay or confirm. */
  readonly hostedInvoiceUrl: string | null;
  /** The invoice as a PDF. */
  readonly invoicePdfUrl: string | null;
  /** What the last attempt was to be paid with; `null` when it was nothing, or is not known. */
  readonly failedPaymentMethodId: string | null;
  /** Stripe's own next attempt; `null` when it plans none. */
  readonly stripeRetriesAt: Date | null;
  readonly stripeHasRetried: boolean;
  /** Whether the customer must confirm the payment on that page. */
  readonly needsCustomerAction: boolean;
  /** Whether it can still be charged. */
  readonly isCollectible: boolean;
}

/**
 * What an outcome may replace. `paid` and `void` are final in Stripe, and a tried invoice does not become untried; so an
 * older answer that is written later (finalize's, after the payment's webhook) changes nothing.
 */
const REPLACEABLE: Readonly<Record<InvoiceOutcome['status'], BillStatus[]>> = {
  open: ['frozen', 'held', 'parked', 'open'],
  payment_failed: ['frozen', 'held', 'parked', 'open', 'payment_failed'],
  paid: ['frozen', 'held', 'parked', 'open', 'payment_failed', 'paid'],
  void: ['frozen', 'held', 'parked', 'open', 'payment_failed', 'void'],
};

/** Brings the bill to what Stripe says of its invoice. Safe to repeat: the first failure keeps its time. */
export async function saveInvoiceOutcome(db: Database, outcome: InvoiceOutcome): Promise<void> {
  const failed = outcome.status === 'payment_failed';
  await db
    .updateTable('bills')
    .set({
      status: outcome.status,
      stripe_invoice_id: outcome.stripeInvoiceId,
      payment_failed_at: failed ? sql<Date>`least(payment_failed_at, ${outcome.failedAt})` : null,
      hosted_invoice_url: outcome.hostedInvoiceUrl,
      invoice_pdf_url: outcome.invoicePdfUrl,
      failed_payment_method_id: outcome.failedPaymentMethodId,
      stripe_retries_at: outcome.stripeRetriesAt,
      stripe_has_retried: outcome.stripeHasRetried,
      needs_customer_action: outcome.needsCustomerAction,
      is_collectible: outcome.isCollectible,
      problem: null,
      updated_at: new Date(),
    })
    .where('mode', '=', outcome.mode)
    .where('bill_id', '=', outcome.billId)
    .where('status', 'in', REPLACEABLE[outcome.status])
    // Of an invoice that was voided and replaced, nothing counts any more.
    .where((bill) =>
      bill.or([
        bill('stripe_invoice_id', 'is', null),
        bill('stripe_invoice_id', '=', outcome.stripeInvoiceId),
      ]),
    )
    .execute();
}

/** Sets a bill aside for an operator, with the reason. The others go on. */
export async function parkBill(db: Database, mode: Mode, billId: string, problem: string): Promise<void> {
  await db
    .updateTable('bills')
    .set({ status: 'parked', problem, updated_at: new Date() })
    .where('mode', '=', mode)
    .where('bill_id', '=', billId)
    .where('status', 'in', TO_INVOICE_STATUSES)
    .execute();
}

/** Invoices of the user's that Stripe is collecting, or could not collect. */
export async function listOpenInvoices(db: Database, mode: Mode, userId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('bills')
    .select('stripe_invoice_id')
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('status', 'in', OWED_STATUSES)
    .orderBy('period')
    .orderBy('part')
    .execute();
  return rows.flatMap((row) => row.stripe_invoice_id ?? []);
}

/** The user's bills that Stripe could not collect, oldest first. */
export async function listUnpaidBills(db: Database, mode: Mode, userId: string): Promise<UnpaidBillFact[]> {
  const rows = await db
    .selectFrom('bills')
    .selectAll()
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('status', '=', 'payment_failed')
    .where('stripe_invoice_id', 'is not', null)
    .orderBy('period')
    .orderBy('part')
    .$narrowType<{ stripe_invoice_id: string }>()
    .execute();
  return rows.map((row) => ({
    billId: row.bill_id,
    stripeInvoiceId: row.stripe_invoice_id,
    failedAtMs: (row.payment_failed_at ?? row.updated_at).getTime(),
    failedPaymentMethodId: row.failed_payment_method_id,
    stripeRetriesAtMs: row.stripe_retries_at?.getTime() ?? null,
    stripeHasRetried: row.stripe_has_retried,
    needsCustomerAction: row.needs_customer_action,
    isCollectible: row.is_collectible,
    collectionAttempts: row.collection_attempts,
    lastCollectionAtMs: row.last_collection_at?.getTime() ?? null,
  }));
}

/** The user's bills that Stripe refused to invoice, oldest first. */
export async function listParkedBills(db: Database, mode: Mode, userId: string): Promise<ParkedBillFact[]> {
  const rows = await db
    .selectFrom('bills')
    .select(['bill_id', 'problem'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('status', '=', 'parked')
    .orderBy('period')
    .orderBy('part')
    .execute();
  return rows.map((row) => ({ billId: row.bill_id, problem: row.problem ?? '' }));
}

/** How often we have had the invoice of a bill charged. */
export async function collectionAttemptsOf(
  db: Database,
  mode: Mode,
  stripeInvoiceId: string,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('bills')
    .select('collection_attempts')
    .where('mode', '=', mode)
    .where('stripe_invoice_id', '=', stripeInvoiceId)
    .executeTakeFirst();
  return row?.collection_attempts;
}

/** Notes an attempt of ours to collect. `attempt` counts from 0: noted twice, it counts once. */
export async function saveCollectionAttempt(
  db: Database,
  key: { readonly mode: Mode; readonly stripeInvoiceId: string; readonly attempt: number; readonly at: Date },
): Promise<void> {
  await db
    .updateTable('bills')
    .set({ collection_attempts: key.attempt + 1, last_collection_at: key.at, updated_at: new Date() })
    .where('mode', '=', key.mode)
    .where('stripe_invoice_id', '=', key.stripeInvoiceId)
    .where('collection_attempts', '=', key.attempt)
    .execute();
}

/**
 * Claims the bill for Stripe: from now on it can't be held. Again for a bill that was claimed before.
 *
 * @returns whether it may go out: it is frozen, or parked and tried again.
 */
export async function claimForInvoicing(db: Database, mode: Mode, billId: string): Promise<boolean> {
  const claimed = await db
    .updateTable('bills')
    .set({ invoicing_since: sql<Date>`coalesce(invoicing_since, now())` })
    .where('mode', '=', mode)
    .where('bill_id', '=', billId)
    .where('status', 'in', TO_INVOICE_STATUSES)
    .executeTakeFirst();
  return claimed.numUpdatedRows > 0n;
}

/** How many bills a month has, and how many of them need no invoice any more: they have one, or are parked or held. */
export async function countBills(
  db: Database,
  { mode, period }: { readonly mode: Mode; readonly period: BillingPeriod },
): Promise<{ readonly done: number; readonly total: number }> {
  return await db
    .selectFrom('bills')
    .select((query) => [
      query.fn.countAll<number>().as('total'),
      query.fn.countAll<number>().filterWhere('status', '<>', 'frozen').as('done'),
    ])
    .where('mode', '=', mode)
    .where('period', '=', period)
    .executeTakeFirstOrThrow();
}
