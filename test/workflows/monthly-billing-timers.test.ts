import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startClose } from '../../cli/close.ts';
import { type BillingPeriod, billingPeriodOf, nextPeriod, periodEnd } from '../../domain/billing-period.ts';
import { BILLING_PROGRESS_QUERY, type MonthlyBillingReport } from '../../domain/monthly-close.ts';
import { BILLING_BATCH_TASK_QUEUE } from '../../domain/task-queues.ts';
import { startTimeSkippingWorker, type TimeSkippingWorker } from '../support/time-skipping.ts';
import { FakeClose } from './fake-close.ts';

const DAY_MS = 24 * 60 * 60_000;
const COLLECTION_WINDOW_MS = 3 * 60 * 60_000;

/** The clock is the point here, so the activities are stand-ins. */
const close = new FakeClose({ collectionWindowMs: COLLECTION_WINDOW_MS });
let time: TimeSkippingWorker;
let client: Client;
beforeAll(async () => {
  time = await startTimeSkippingWorker({ [BILLING_BATCH_TASK_QUEUE]: close.batch() });
  client = time.client;
});
afterAll(() => time.stop());

test('a close waits for the end of the month and its collection window', async () => {
  const now = await time.nowMs();
  const period: BillingPeriod = nextPeriod(billingPeriodOf(new Date(now)));
  const freezesAtMs = periodEnd(period).getTime() + COLLECTION_WINDOW_MS;
  close.steps.length = 0;
  const handle = await startClose(client, { mode: 'test', period });
  await time.sleepUntil(freezesAtMs - 60_000);
  expect(await handle.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY)).toMatchObject({
    phase: 'collecting',
  });
  expect(close.steps).toEqual(['rules']);
  expect(await handle.result()).toMatchObject({ phase: 'done', period });
  expect(close.steps).toEqual(['rules', 'freeze', 'charge']);
  expect(await time.nowMs()).toBeGreaterThanOrEqual(freezesAtMs);
});

test('a close of a month that is long over waits for nothing', async () => {
  const before = await time.nowMs();
  const period = billingPeriodOf(new Date(before - 90 * DAY_MS));
  const handle = await startClose(client, { mode: 'test', period });
  expect(await handle.result()).toMatchObject({ phase: 'done', period });
  const { events } = await handle.fetchHistory();
  expect(events?.some((event) => event.timerStartedEventAttributes)).toBe(false);
});
