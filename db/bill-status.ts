import { sql } from 'kysely';
import type { BillStatus } from '../domain/bill.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { UnpaidBillFact } from '../domain/customer-billing.ts';
import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';

/** How a bill's invoice stands in Stripe. */
export interface InvoiceOutcome {
  readonly mode: Mode;
  readonly billId: string;
  readonly stripeInvoiceId: string;
  readonly status: Extract<BillStatus, 'open' | 'paid' | 'payment_failed' | 'void'>;
  /** When it was looked at; becomes the time of the first failure when it failed. */
  readonly seenAt: Date;
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

/** Brings the bill's status to what Stripe says of its invoice. Safe to repeat: the first failure keeps its time. */
export async function saveInvoiceOutcome(db: Database, outcome: InvoiceOutcome): Promise<void> {
  const failed = outcome.status === 'payment_failed';
  await db
    .updateTable('bills')
    .set({
      status: outcome.status,
      stripe_invoice_id: outcome.stripeInvoiceId,
      payment_failed_at: failed ? sql<Date>`coalesce(payment_failed_at, ${outcome.seenAt})` : null,
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
    .where('status', 'in', ['frozen', 'parked'])
    .execute();
}

/** The user's bills that Stripe could not collect, oldest first. */
export async function listUnpaidBills(db: Database, mode: Mode, userId: string): Promise<UnpaidBillFact[]> {
  const rows = await db
    .selectFrom('bills')
    .select(['bill_id', 'stripe_invoice_id', 'payment_failed_at', 'updated_at'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('status', '=', 'payment_failed')
    .where('stripe_invoice_id', 'is not', null)
    .orderBy('period')
    .$narrowType<{ stripe_invoice_id: string }>()
    .execute();
  return rows.map((row) => ({
    billId: row.bill_id,
    stripeInvoiceId: row.stripe_invoice_id,
    failedAtMs: (row.payment_failed_at ?? row.updated_at).getTime(),
  }));
}

/** Bills of a month that still need their invoice, in the order of users: the pages of a close. */
export async function listBillsToInvoice(
  db: Database,
  key: { readonly mode: Mode; readonly period: BillingPeriod },
  page: { readonly afterUserId: string; readonly limit: number },
): Promise<{ billId: string; userId: string }[]> {
  const rows = await db
    .selectFrom('bills')
    .select(['bill_id', 'user_id'])
    .where('mode', '=', key.mode)
    .where('period', '=', key.period)
    .where('status', 'in', ['frozen', 'parked'])
    .where('user_id', '>', page.afterUserId)
    .orderBy('user_id')
    .limit(page.limit)
    .execute();
  return rows.map((row) => ({ billId: row.bill_id, userId: row.user_id }));
}
