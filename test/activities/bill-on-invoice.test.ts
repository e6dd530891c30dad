import { expect, test } from 'vitest';
import {
  billIdentityOf,
  billIdOf,
  invoiceMetadata,
  linesOf,
  numberedLineOf,
} from '../../activities/bill-on-invoice.ts';
import type { BillWithLines } from '../../db/bills.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';

const period = parseBillingPeriod('2026-09');
const bill: BillWithLines = {
  mode: 'test',
  billId: 'bill_1',
  userId: 'user-1',
  period,
  part: 2,
  parts: 3,
  status: 'frozen',
  totalCents: 120,
  stripeInvoiceId: null,
  refundedCents: 0,
  hostedInvoiceUrl: null,
  invoicePdfUrl: null,
  lines: [
    {
      product: 'storage_gb_month',
      usagePeriod: parseBillingPeriod('2026-08'),
      quantity: '12.345678901235',
      exactQuantity: '33067246913.5',
      unitPriceCents: '10.5',
      amountCents: 130,
      description: 'Storage, late usage, 2026-08',
      eventsThrough: 7,
    },
    {
      product: 'credits',
      usagePeriod: period,
      quantity: '-0.1',
      exactQuantity: '-0.1',
      unitPriceCents: '100',
      amountCents: -10,
      description: 'Credits used',
      eventsThrough: null,
    },
  ],
};

const written = linesOf(bill).map(({ amount = 0, description = '', metadata }) => ({
  amount,
  description,
  metadata: { ...metadata } as Record<string, string>,
}));

test('what an invoice says of its bill is read as it was written', () => {
  const invoice = { metadata: invoiceMetadata(bill) };
  expect(billIdOf(invoice)).toBe('bill_1');
  expect(billIdentityOf(invoice)).toEqual({ billId: 'bill_1', userId: 'user-1', period, part: 2, parts: 3 });
  expect(written.map(numberedLineOf)).toEqual(bill.lines.map((line, index) => ({ number: index + 1, line })));
});

test('an invoice or a line that does not say all of it is none of ours', () => {
  const { part: _, ...rest } = invoiceMetadata(bill);
  expect(billIdentityOf({ metadata: rest })).toBeNull();
  expect(billIdOf({ metadata: null })).toBeNull();
  for (const name of ['product', 'usage_period', 'quantity', 'exact_quantity', 'unit_price_cents']) {
    const [line = { amount: 0, description: '', metadata: {} }] = written;
    const { [name]: left, ...metadata } = line.metadata;
    expect(left).toBeDefined();
    expect(numberedLineOf({ ...line, metadata })).toBeNull();
  }
});
