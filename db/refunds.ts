import type { UserKey } from '../domain/customer-key.ts';
import type { Database } from './database.ts';

/** What was given back of what the user paid for a bill. */
export interface BillRefund extends UserKey {
  readonly billId: string;
  readonly stripeInvoiceId: string;
  /** All refunds together. It falls again when one fails. */
  readonly refundedCents: number;
}

/** Brings a bill to what Stripe says was refunded of its invoice. The bill stays paid. Safe to repeat. */
export async function saveRefund(db: Database, refund: BillRefund): Promise<void> {
  await db
    .updateTable('bills')
    .set({ refunded_cents: refund.refundedCents, updated_at: new Date() })
    .where('mode', '=', refund.mode)
    .where('bill_id', '=', refund.billId)
    .where('user_id', '=', refund.userId)
    .where('refunded_cents', '<>', refund.refundedCents)
    // The refund may be known before the invoice is; of an invoice that was replaced, nothing counts.
    .where((bill) =>
      bill.or([
        bill('stripe_invoice_id', 'is', null),
        bill('stripe_invoice_id', '=', refund.stripeInvoiceId),
      ]),
    )
    .execute();
}
