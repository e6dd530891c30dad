import { expect, test } from 'vitest';
import { listBills } from '../../db/bills.ts';
import { nextPeriod, parseBillingPeriod, periodStart } from '../../domain/billing-period.ts';
import { ingest, usage } from '../db/fixtures.ts';
import { runOnce, TEST_RULES, useActivityEnvironment } from '../support/activity-environment.ts';
import { newCustomer } from './fixtures.ts';

const environment = useActivityEnvironment();

test('a close holds an outlier by the rule of the house, and nothing of it reaches Stripe', async () => {
  const { db, simulator } = environment;
  const holdOutliers = { factor: 3, minimumCents: 100 };
  const activities = environment.activitiesWith({ rules: { ...TEST_RULES, holdOutliers } });
  const { mode, userId } = await newCustomer(environment);
  let period = parseBillingPeriod('2026-06');
  for (const quantity of ['10', '9', '30']) {
    period = nextPeriod(period);
    await ingest(db, [usage(userId, { occurredAt: periodStart(period), quantity })]);
    const range = { mode, period, afterUserId: '', throughUserId: null };
    expect(await runOnce(() => activities.freezeBills(range))).toBe(1);
  }
  const [bill] = await listBills(db, mode, userId);
  expect(bill).toMatchObject({ period: '2026-09', status: 'held', totalCents: 300 });
  const requests = await simulator.requestsDuring(async () => {
    const invoiced = await runOnce(() => activities.invoiceBill({ mode, billId: bill?.billId ?? '' }));
    expect(invoiced).toEqual({ status: 'held', totalCents: 300 });
  });
  expect(requests).toEqual([]);
});
