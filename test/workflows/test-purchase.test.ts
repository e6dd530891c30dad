import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PERSON, simulate } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { creditBalanceCents } from '../../db/credits.ts';
import { listStripeProducts } from '../../db/price-list.ts';
import { findUser } from '../../db/users.ts';
import type { LoggedRequest } from '../../stripe-simulator/request-log.ts';
import type { BillingWorker } from '../../worker/worker.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { activitiesOf } from './histories.ts';
import {
  authenticate,
  buy,
  newBuyer,
  paymentsOf,
  purchaseWorkflow,
  type ShownPurchase,
  shown,
  statusIs,
  testBilling,
} from './purchases.ts';
import { startTestBilling } from './service.ts';

// What takes hours, a webhook that is lost or an owner who never comes, is in test-purchase-timers.test.ts.

let billing: BillingService;
let worker: BillingWorker;
let lastRequest = 0;
beforeAll(async () => {
  billing = await startTestBilling();
  worker = await billing.startWorker();
});
afterAll(() => billing.stop());
beforeEach(async () => {
  lastRequest = (await requestsAfter(0)).at(-1)?.sequence ?? 0;
});

async function requestsAfter(sequence: number): Promise<LoggedRequest[]> {
  const response = await fetch(`${billing.simulatorUrl}/_sim/requests?after=${sequence}`);
  const { requests } = (await response.json()) as { readonly requests: LoggedRequest[] };
  return requests;
}

const creditsOf = (userId: string) => creditBalanceCents(billing.db, 'test', userId);
/** Without the waits: a webhook may be quicker than what waits for it. */
const stepsOf = ({ steps }: Pick<ShownPurchase, 'steps'>) =>
  steps.map(({ step }) => step).filter((step) => step !== 'wait');

const WAITING_FOR_OWNER = 'Waiting for the owner of the card to authenticate at the link';

describe('the three cards', () => {
  test('one that is good: paid, credits granted, each step shown, and nothing asked with a live key', async () => {
    const purchase = await buy(billing, 'success', { knownIn: 'live' });
    const { userId } = purchase;
    const workflow = purchaseWorkflow(billing, purchase);
    expect(await workflow.result()).toMatchObject({ status: 'succeeded', declineCode: null, problem: null });

    const user = await findUser(billing.db, 'test', userId);
    expect(user).toMatchObject(PERSON);
    expect((await findUser(billing.db, 'live', userId))?.stripe_customer_id).toBeNull();
    const [payment, ...others] = await paymentsOf(billing, userId);
    expect(others).toEqual([]);
    const product = (await listStripeProducts(billing.db, 'test')).find((row) => row.product === 'credits');
    expect(payment).toMatchObject({
      status: 'succeeded',
      amount: 2_500,
      currency: 'usd',
      customer: user?.stripe_customer_id,
      livemode: false,
      description: 'Test purchase of 25 credits: Credits',
      metadata: { purchase_id: purchase.id, user_id: userId, product: product?.stripe_product_id },
    });
    expect(await creditsOf(userId)).toBe(2_500);
    expect(await creditBalanceCents(billing.db, 'live', userId)).toBe(0);

    const asShown = await shown(billing, purchase);
    expect(asShown).toMatchObject({ status: 'succeeded', paymentIntentId: payment?.id, link: null });
    expect(stepsOf(asShown)).toEqual(['customer', 'product', 'payment', 'webhook', 'credits']);
    expect(asShown.steps.map(({ at }) => at)).toEqual(asShown.steps.map(({ at }) => at).toSorted());
    expect(await workflow.state()).toMatchObject({ status: 'succeeded', steps: asShown.steps });
    const overview = await testBilling(billing);
    expect(overview.credits).toContainEqual({ userId, balanceCents: 2_500 });
    expect(overview.events).toContainEqual(
      expect.objectContaining({ type: 'payment_intent.succeeded', objectId: payment?.id }),
    );

    const modes = (await requestsAfter(lastRequest)).map(({ mode }) => mode);
    expect(new Set(modes)).toEqual(new Set(['test']));
  });

  test('one that is declined: the purchase ends as declined, and its workflow does not fail', async () => {
    const purchase = await buy(billing, 'decline');
    const { handle, result } = purchaseWorkflow(billing, purchase);
    const end = {
      status: 'declined',
      declineCode: 'generic_decline',
      problem: 'Your card was declined.',
    } as const;
    expect(await result()).toMatchObject(end);
    expect(await handle.describe()).toMatchObject({ status: { name: 'COMPLETED' } });
    const asShown = await shown(billing, purchase);
    expect(asShown).toMatchObject(end);
    expect(stepsOf(asShown)).toEqual(['customer', 'product', 'payment', 'webhook']);
    expect(await creditsOf(purchase.userId)).toBe(0);
    expect(await paymentsOf(billing, purchase.userId)).toMatchObject([{ status: 'requires_payment_method' }]);
  });

  test('one that wants its owner: a link, and a wait; credits once he has authenticated', async () => {
    const purchase = await buy(billing, 'authentication');
    const { link, steps } = await statusIs(billing, purchase, 'requires_action');
    expect(stepsOf({ steps })).toEqual(expect.arrayContaining(['customer', 'product', 'payment']));
    const workflow = purchaseWorkflow(billing, purchase);
    expect(await workflow.state()).toMatchObject({ status: 'requires_action', link });
    expect(await creditsOf(purchase.userId)).toBe(0);
    // Stripe's webhook that it wants its owner may be looked at first.
    await eventually(
      'the purchase to say what it waits for',
      () => shown(billing, purchase),
      (now) => now.steps.some(({ detail }) => detail === WAITING_FOR_OWNER),
    );
    await authenticate(link, 'complete');
    expect(await workflow.result()).toMatchObject({ status: 'succeeded' });
    const asShown = await shown(billing, purchase);
    expect(asShown).toMatchObject({ status: 'succeeded', link: null });
    expect(stepsOf(asShown).at(-1)).toBe('credits');
    expect(await creditsOf(purchase.userId)).toBe(2_500);
  });

  test('one whose owner fails to authenticate: declined', async () => {
    const purchase = await buy(billing, 'authentication');
    const { link } = await statusIs(billing, purchase, 'requires_action');
    await authenticate(link, 'fail');
    expect(await purchaseWorkflow(billing, purchase).result()).toMatchObject({
      status: 'declined',
      declineCode: 'payment_intent_authentication_failure',
    });
    expect(await creditsOf(purchase.userId)).toBe(0);
  });
});

test('a second purchase adds its credits, and the same Idempotency-Key does not', async () => {
  const userId = await newBuyer(billing, 'test');
  const first = await buy(billing, 'success', { userId, idempotencyKey: `first-${userId}` });
  await purchaseWorkflow(billing, first).result();
  const again = await buy(billing, 'success', { userId, idempotencyKey: `first-${userId}` });
  expect(again).toMatchObject({ id: first.id, status: 'succeeded' });
  const second = await buy(billing, 'success', { userId });
  await purchaseWorkflow(billing, second).result();
  expect(await creditsOf(userId)).toBe(5_000);
  expect(await paymentsOf(billing, userId)).toHaveLength(2);
});

test('a webhook that comes twice, and again when all is over, counts once', async () => {
  await simulate(billing, 'webhooks/mischief', {
    kind: 'duplicate',
    eventType: 'payment_intent.*',
    count: 2,
  });
  const purchase = await buy(billing, 'success');
  const { handle, result } = purchaseWorkflow(billing, purchase);
  const { paymentIntentId } = await result();
  const { data } = await billing.stripe.test.events.list({ type: 'payment_intent.succeeded', limit: 100 });
  const event = data.find((each) => 'id' in each.data.object && each.data.object.id === paymentIntentId);
  for (let time = 0; time < 3; time += 1)
    await simulate(billing, 'webhooks/redeliver', { eventId: event?.id });
  await eventually(
    'the repetitions to be taken',
    async () => await deliveriesOf(event?.id ?? ''),
    (deliveries) => deliveries.length >= 4 && deliveries.every(({ status }) => status === 'succeeded'),
  );
  expect(await creditsOf(purchase.userId)).toBe(2_500);
  expect(stepsOf(await shown(billing, purchase)).filter((step) => step === 'webhook')).toHaveLength(1);
  expect((await activitiesOf(handle)).filter((name) => name === 'grantTestCredits')).toHaveLength(1);
});

async function deliveriesOf(eventId: string): Promise<{ readonly status: string }[]> {
  const response = await fetch(`${billing.simulatorUrl}/_sim/webhooks?eventId=${eventId}`);
  return ((await response.json()) as { readonly deliveries: { readonly status: string }[] }).deliveries;
}

describe('a creation that goes wrong', () => {
  test.each([
    ['whose answer is lost, so that the webhook comes first', 'processed_without_answer'],
    ['that Stripe fails at', 'status_500'],
    ['that a proxy fails at', 'status_500_without_error'],
  ])('%s: one payment, and its credits once', async (_, kind) => {
    await simulate(billing, 'faults', { route: 'POST /v1/payment_intents', kind, count: 1 });
    const purchase = await buy(billing, 'success');
    expect(await purchaseWorkflow(billing, purchase).result()).toMatchObject({ status: 'succeeded' });
    expect(await paymentsOf(billing, purchase.userId)).toHaveLength(1);
    expect(await creditsOf(purchase.userId)).toBe(2_500);
  });

  test('of a card that is declined, whose answer is lost: one payment, declined', async () => {
    const kind = 'processed_without_answer';
    await simulate(billing, 'faults', { route: 'POST /v1/payment_intents', kind, count: 1 });
    const purchase = await buy(billing, 'decline');
    expect(await purchaseWorkflow(billing, purchase).result()).toMatchObject({ status: 'declined' });
    expect(await paymentsOf(billing, purchase.userId)).toHaveLength(1);
  });
});

test('workers that stop in the middle, and the owner who comes while none runs, change nothing', async () => {
  await simulate(billing, 'faults', { route: 'POST /v1/payment_intents', kind: 'processed_without_answer' });
  const purchase = await buy(billing, 'authentication');
  await eventually(
    'the payment to be made',
    () => paymentsOf(billing, purchase.userId),
    (payments) => payments.length > 0,
  );
  await worker.stop();
  worker = await billing.startWorker();
  const { link } = await statusIs(billing, purchase, 'requires_action');
  await worker.stop();
  await authenticate(link, 'complete');
  worker = await billing.startWorker();
  expect(await purchaseWorkflow(billing, purchase).result()).toMatchObject({ status: 'succeeded' });
  expect(await paymentsOf(billing, purchase.userId)).toHaveLength(1);
  expect(await creditsOf(purchase.userId)).toBe(2_500);
});
