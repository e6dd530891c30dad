import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../chaos/world/eventually.ts';
import { creditBalanceCents } from '../../db/credits.ts';
import { listStripeProducts } from '../../db/price-list.ts';
import { BILLING_TASK_QUEUE } from '../../domain/task-queues.ts';
import {
  TEST_PURCHASE_STATE_QUERY,
  TEST_PURCHASE_WORKFLOW,
  type TestCard,
  type TestPurchaseState,
  type TestPurchaseStep,
  testPurchaseStart,
} from '../../domain/test-purchase.ts';
import { newUser } from '../db/fixtures.ts';
import { useActivityEnvironment } from '../support/activity-environment.ts';
import { startTimeSkippingWorker, type TimeSkippingWorker } from '../support/time-skipping.ts';
import { activitiesOf } from './histories.ts';
import { authenticate } from './purchases.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

// Real activities, database and Stripe; no webhook ever comes.
const environment = useActivityEnvironment();
let time: TimeSkippingWorker;
beforeAll(async () => {
  time = await startTimeSkippingWorker({ [BILLING_TASK_QUEUE]: environment.activities });
});
afterAll(() => time.stop());

async function buy(card: TestCard): Promise<{ readonly userId: string; readonly handle: WorkflowHandle }> {
  const userId = await newUser(environment.db);
  const input = { purchaseId: randomUUID(), userId, credits: 25, card, returnUrl: 'https://host.example/' };
  const handle = await time.client.workflow.start(TEST_PURCHASE_WORKFLOW, testPurchaseStart(input));
  return { userId, handle };
}

const stateOf = (handle: WorkflowHandle) => handle.query<TestPurchaseState>(TEST_PURCHASE_STATE_QUERY);
const stateIs = (handle: WorkflowHandle, isThere: (state: TestPurchaseState) => boolean) =>
  eventually('the purchase to be so', () => stateOf(handle), isThere);
/** When the workflow began the last of these steps: by its own clock, for the server's runs on when nothing is left to do. */
async function stepAtMs(handle: WorkflowHandle, wanted: TestPurchaseStep['step']): Promise<number> {
  const { steps } = await stateOf(handle);
  return Date.parse(steps.findLast(({ step }) => step === wanted)?.at ?? '');
}
const looksOf = async (handle: WorkflowHandle) =>
  (await activitiesOf(handle)).filter((name) => name === 'lookAtTestPayment').length;

test('when the webhook is lost, the payment is looked at after a minute', async () => {
  const { userId, handle } = await buy('success');
  expect(await handle.result()).toMatchObject({ status: 'succeeded' });
  expect(await creditBalanceCents(environment.db, 'test', userId)).toBe(2_500);
  const passedMs = (await stepAtMs(handle, 'look')) - (await stepAtMs(handle, 'payment'));
  expect(passedMs).toBeGreaterThanOrEqual(MINUTE_MS);
  expect(passedMs).toBeLessThan(2 * MINUTE_MS);
  const { steps } = await stateOf(handle);
  expect(steps.map(({ step }) => step)).toEqual([
    'customer',
    'product',
    'payment',
    'wait',
    'look',
    'credits',
  ]);
});

test('an owner who comes after ten hours is noticed within an hour, and was seldom looked for', async () => {
  const { userId, handle } = await buy('authentication');
  const { link } = await stateIs(handle, (state) => state.link !== null);
  await time.sleep(10 * HOUR_MS);
  expect(await looksOf(handle)).toBeLessThan(20);
  await authenticate(link, 'complete');
  const before = await time.nowMs();
  expect(await handle.result()).toMatchObject({ status: 'succeeded' });
  expect((await stepAtMs(handle, 'look')) - before).toBeLessThanOrEqual(HOUR_MS + MINUTE_MS);
  expect(await creditBalanceCents(environment.db, 'test', userId)).toBe(2_500);
});

test('an owner who never comes: after a day the purchase is expired, and its payment canceled', async () => {
  const { userId, handle } = await buy('authentication');
  expect(await handle.result()).toMatchObject({
    status: 'expired',
    problem: 'Nobody has authenticated in time.',
  });
  const waitedMs = (await stepAtMs(handle, 'look')) - (await stepAtMs(handle, 'customer'));
  expect(waitedMs).toBeGreaterThanOrEqual(24 * HOUR_MS);
  expect(waitedMs).toBeLessThan(25 * HOUR_MS);
  const { paymentIntentId, link } = await stateOf(handle);
  expect(link).toBeNull();
  const { stripe } = environment.simulator;
  expect(await stripe.test.paymentIntents.retrieve(paymentIntentId ?? '')).toMatchObject({
    status: 'canceled',
    cancellation_reason: 'abandoned',
  });
  expect(await creditBalanceCents(environment.db, 'test', userId)).toBe(0);
  expect(await looksOf(handle)).toBeLessThan(35);
});

test('what stands still shows why, and goes on when it is mended', async () => {
  const credits = (await listStripeProducts(environment.db, 'test')).find(
    ({ product }) => product === 'credits',
  );
  const { products } = environment.simulator.stripe.test;
  await products.update(credits?.stripe_product_id ?? '', { active: false });
  const { handle } = await buy('success');
  const { problem, status } = await stateIs(handle, (state) => state.problem !== null);
  expect(problem).toContain('is archived in Stripe');
  expect(status).toBe('processing');
  await time.sleep(3 * HOUR_MS);
  expect(await stateOf(handle)).toMatchObject({ status: 'processing', problem });
  await products.update(credits?.stripe_product_id ?? '', { active: true });
  expect(await handle.result()).toMatchObject({ status: 'succeeded', problem: null });
});

test('what nobody mends expires after a day, and still says why', async () => {
  const input = {
    purchaseId: randomUUID(),
    userId: 'nobody',
    credits: 25,
    card: 'success',
    returnUrl: 'https://host.example/',
  } as const;
  const handle = await time.client.workflow.start(TEST_PURCHASE_WORKFLOW, testPurchaseStart(input));
  expect(await handle.result()).toMatchObject({
    status: 'expired',
    problem: 'There is no user nobody, neither in test nor in live mode',
  });
});
