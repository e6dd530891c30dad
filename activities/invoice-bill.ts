import { ApplicationFailure } from '@temporalio/common';
import type { Stripe } from 'stripe';
import { claimForInvoicing, parkBill } from '../db/bill-status.ts';
import { type BillWithLines, findBill } from '../db/bills.ts';
import { findUser } from '../db/users.ts';
import { type BillStatus, billStatusOfInvoice } from '../domain/bill.ts';
import type { Mode } from '../domain/mode.ts';
import { CURRENCY, sumCents } from '../domain/money.ts';
import { problemOfFailure } from '../domain/stripe-failure.ts';
import { billIdOf, descriptionOf, invoiceMetadata, linesOf } from './bill-on-invoice.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { syncInvoice } from './invoice-sync.ts';
import { toTemporalFailure } from './stripe-errors.ts';
import { unixSeconds } from './stripe-values.ts';
import { writeToStripeOnce } from './stripe-write.ts';

/** Where a bill stands after it was brought to Stripe. */
export interface InvoicedBill {
  readonly status: BillStatus;
  readonly totalCents: number;
}

/**
 * The bills' way to Stripe: three writes a bill, each once, by a key that the bill's id decides; on a retry each is looked for first.
 * What becomes of the payment Stripe tells later, by webhook.
 */
export function createInvoiceBillActivities(dependencies: ActivityDependencies) {
  const { db, log, rules } = dependencies;
  return {
    /**
     * Turns one frozen bill into one invoice: draft, all lines in one call, check, finalize; Stripe then charges it.
     * What Stripe refuses for good parks the bill; what passes is thrown, for Temporal to retry. A bill that is held, or has its
     * invoice, stays as it is.
     *
     * @throws ApplicationFailure `BillNotFound`, for good; `ModeNotConfigured` and `StripeUnavailable`, worth another attempt.
     */
    async invoiceBill({
      mode,
      billId,
    }: {
      readonly mode: Mode;
      readonly billId: string;
    }): Promise<InvoicedBill> {
      const isClaimed = await claimForInvoicing(db, mode, billId);
      const bill = await findBill(db, mode, billId);
      if (bill === undefined) {
        throw ApplicationFailure.create({
          message: `There is no bill ${billId}`,
          type: 'BillNotFound',
          nonRetryable: true,
        });
      }
      const { totalCents } = bill;
      if (!isClaimed) return { status: bill.status, totalCents };
      try {
        const invoice = await invoiceOnce(bill);
        await syncInvoice(dependencies, { mode, events: [], nowMs: Date.now() }, invoice);
        return { status: billStatusOfInvoice(invoice) ?? 'open', totalCents };
      } catch (error) {
        const failure = toTemporalFailure(error);
        if (!(failure instanceof ApplicationFailure && failure.nonRetryable === true)) throw error;
        const problem = problemOfFailure(failure);
        log.error({ billId, mode, problem }, 'bill parked');
        await parkBill(db, mode, billId, problem);
        return { status: 'parked', totalCents };
      }
    },
  };

  async function invoiceOnce(bill: BillWithLines): Promise<Stripe.Invoice> {
    const draft = await draftInvoice(bill);
    const withLines = await addLines(bill, draft.id);
    assertSameAsBill(bill, withLines);
    return await finalize(bill, draft.id);
  }

  async function draftInvoice(bill: BillWithLines): Promise<Stripe.Invoice> {
    const stripe = stripeOf(dependencies, bill.mode);
    const user = await findUser(db, bill.mode, bill.userId);
    const customer = user?.stripe_customer_id;
    if (customer === null || customer === undefined) {
      const message = `The user ${bill.userId} has no Stripe customer: they never began a Checkout`;
      throw ApplicationFailure.create({ message, type: 'NoStripeCustomer', nonRetryable: true });
    }
    return await writeToStripeOnce(db, {
      mode: bill.mode,
      writeKey: `bill:${bill.billId}:draft`,
      find: async (since) => {
        for await (const each of stripe.invoices.list({
          customer,
          created: { gte: unixSeconds(since) },
          limit: 100,
        })) {
          if (billIdOf(each) === bill.billId) return each;
        }
        return null;
      },
      create: (idempotencyKey) =>
        stripe.invoices.create(
          {
            customer,
            currency: CURRENCY,
            collection_method: 'charge_automatically',
            auto_advance: false,
            pending_invoice_items_behavior: 'exclude',
            description: descriptionOf(bill),
            automatic_tax: { enabled: rules.automaticTax },
            metadata: invoiceMetadata(bill),
          },
          { idempotencyKey },
        ),
    });
  }

  async function addLines(bill: BillWithLines, invoiceId: string): Promise<Stripe.Invoice> {
    const stripe = stripeOf(dependencies, bill.mode);
    return await writeToStripeOnce(db, {
      mode: bill.mode,
      writeKey: `bill:${bill.billId}:lines`,
      find: async () => {
        const invoice = await stripe.invoices.retrieve(invoiceId);
        return invoice.lines.data.length > 0 ? invoice : null;
      },
      create: (idempotencyKey) =>
        stripe.invoices.addLines(invoiceId, { lines: linesOf(bill) }, { idempotencyKey }),
    });
  }

  async function finalize(bill: BillWithLines, invoiceId: string): Promise<Stripe.Invoice> {
    const stripe = stripeOf(dependencies, bill.mode);
    return await writeToStripeOnce(db, {
      mode: bill.mode,
      writeKey: `bill:${bill.billId}:finalize`,
      find: async () => {
        const invoice = await stripe.invoices.retrieve(invoiceId);
        return invoice.status === 'draft' ? null : invoice;
      },
      create: (idempotencyKey) =>
        stripe.invoices.finalizeInvoice(invoiceId, { auto_advance: true }, { idempotencyKey }),
    });
  }
}

/**
 * The invoice must say what the frozen bill says before it may be finalized.
 *
 * @throws ApplicationFailure `InvoiceMismatch` (not retryable): somebody changed the draft in Stripe.
 */
function assertSameAsBill(bill: BillWithLines, invoice: Stripe.Invoice): void {
  const returned = invoice.lines.data;
  const complete = returned.length === bill.lines.length || invoice.lines.has_more;
  const sameLines =
    sumCents(returned.map((line) => line.amount)) === bill.totalCents || invoice.lines.has_more;
  if (complete && sameLines && invoice.subtotal === bill.totalCents) return;
  throw ApplicationFailure.create({
    message: `The invoice ${invoice.id} comes to ${invoice.subtotal} cents in ${returned.length} lines, the bill ${bill.billId} to ${bill.totalCents} in ${bill.lines.length}; delete the draft in Stripe, then: npm run billing -- retry-parked ${bill.period} --mode ${bill.mode}`,
    type: 'InvoiceMismatch',
    nonRetryable: true,
  });
}
