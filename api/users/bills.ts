import type { RequestHandler } from 'express';
import { type BillWithLines, listBills } from '../../db/bills.ts';
import { unitPriceDollars } from '../../domain/money.ts';
import { modeOf } from '../authentication.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { parse, userIdSchema } from '../validation.ts';
import { findUserOrRefuse } from './find-user.ts';

/** `GET /api/users/{userId}/bills`, newest first. */
export function getBills({ db }: ApiDependencies): RequestHandler {
  return async (request, response) => {
    const mode = modeOf(response);
    const userId = parse(userIdSchema, request.params['userId'], 'userId');
    await findUserOrRefuse(db, mode, userId);
    const bills = await listBills(db, mode, userId);
    response.json({ bills: bills.map(publicBill) });
  };
}

function publicBill(bill: BillWithLines) {
  const {
    billId,
    period,
    part,
    parts,
    status,
    totalCents,
    stripeInvoiceId,
    refundedCents,
    hostedInvoiceUrl,
    invoicePdfUrl,
  } = bill;
  const isPayable = (status === 'open' || status === 'payment_failed') && hostedInvoiceUrl !== null;
  const lines = bill.lines.map(({ product, quantity, unitPriceCents, amountCents, description }) => ({
    product,
    quantity,
    unitPrice: unitPriceDollars(unitPriceCents),
    amountCents,
    description,
  }));
  return {
    id: billId,
    period,
    ...(parts === 1 ? {} : { part, parts }),
    status,
    totalCents,
    lines,
    stripeInvoiceId,
    ...(refundedCents === 0 ? {} : { refundedCents }),
    // A page to pay on is for what is to be paid; the PDF is for the customer's books.
    ...(isPayable ? { hostedInvoiceUrl } : {}),
    ...(invoicePdfUrl === null ? {} : { invoicePdfUrl }),
  };
}
