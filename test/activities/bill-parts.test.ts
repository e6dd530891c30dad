import { expect, test } from 'vitest';
import { listBills } from '../../db/bills.ts';
import { sumCents } from '../../domain/money.ts';
import { grantCredits, ingest, SEPTEMBER, usageOfYears } from '../db/fixtures.ts';
import { runOnce, useActivityEnvironment } from '../support/activity-environment.ts';
import { newCustomer } from './fixtures.ts';

const environment = useActivityEnvironment();

test('a month with more lines than an invoice takes becomes two invoices, together right to the cent', async () => {
  const { db, activities, simulator } = environment;
  const { mode, userId, stripeCustomerId } = await newCustomer(environment);
  await ingest(db, usageOfYears(userId));
  await grantCredits(db, userId, 1_000);

  const range = { mode, period: SEPTEMBER, afterUserId: '', throughUserId: null };
  expect(await runOnce(() => activities.freezeBills(range))).toBe(2);
  const page = { ...range, which: 'frozen_and_parked', limit: 1 } as const;
  const { billIds } = await runOnce(() => activities.listBillsPage(page));
  expect(billIds).toHaveLength(2);
  for (const billId of billIds) await runOnce(() => activities.invoiceBill({ mode, billId }));

  const { data } = await simulator.stripe.test.invoices.list({ customer: stripeCustomerId });
  const invoices = data.toSorted((a, b) => b.amount_due - a.amount_due);
  expect(invoices).toMatchObject([
    { description: 'Usage of 2026-09, part 1 of 2', status: 'open', amount_due: 96_780 - 1_000 },
    { description: 'Usage of 2026-09, part 2 of 2', status: 'open', amount_due: 3 * 1_235 },
  ]);
  const lines = await Promise.all(
    invoices.map(({ id }) =>
      simulator.stripe.test.invoices.listLineItems(id, { limit: 100 }).autoPagingToArray({ limit: 1_000 }),
    ),
  );
  expect(lines.map((each) => each.length)).toEqual([250, 3]);
  expect(sumCents(lines.flat().map(({ amount }) => amount))).toBe(63 * (10 + 200 + 150 + 1_235) - 1_000);

  expect(await listBills(db, mode, userId)).toMatchObject([
    { part: 1, parts: 2, status: 'open', totalCents: 95_780, stripeInvoiceId: invoices[0]?.id },
    { part: 2, parts: 2, status: 'open', totalCents: 3_705, stripeInvoiceId: invoices[1]?.id },
  ]);
});
