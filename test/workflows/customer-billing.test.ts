import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCheckout as startCheckoutUpdate } from '../../api/temporal/stripe-pages.ts';
import {
  CARDS,
  cardsOf,
  completeCheckout,
  defaultCardOf,
  eventsOf,
  newCustomer,
  settled,
  simulate,
  startCheckout,
  stateIs,
  stateOf,
  subscribedCustomer,
  subscriptionsOf,
  userOf,
  workflowOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { letStripeTimePass } from '../../chaos/world/stripe-clock.ts';
import { useGpu } from '../../chaos/world/usage.ts';
import { closeMonth } from '../../cli/close.ts';
import { listBills } from '../../db/bills.ts';
import { listStripeProducts } from '../../db/price-list.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import {
  START_CHECKOUT_UPDATE,
  type StartCheckoutRequest,
  type StartedCheckout,
} from '../../domain/customer-workflow.ts';
import { METERED_PRODUCTS } from '../../domain/price-list.ts';
import { type BillingService, GRACE_MS } from '../support/billing-worker.ts';
import { activitiesOf } from './histories.ts';
import { startTestBilling } from './service.ts';

let billing: BillingService;

beforeAll(async () => {
  // Live mode has one place, for the rules of clusters; test mode has places enough.
  billing = await startTestBilling({ places: { live: 1 } });
  await billing.startWorker();
});
afterAll(() => billing.stop());

test('a completed setup Checkout subscribes the customer: default card, four prices, cluster, active', async () => {
  const customer = await newCustomer(billing);
  expect(await userOf(billing, customer)).toMatchObject({ status: 'none', stripe_subscription_id: null });
  await completeCheckout(billing, customer.checkout.id);
  const state = await settled(billing, customer);

  const [subscription, ...others] = await subscriptionsOf(billing, customer);
  expect(others).toEqual([]);
  const products = await listStripeProducts(billing.db, 'test');
  const metered = products.filter((row) => row.product !== 'credits').map((row) => row.stripe_price_id);
  expect(metered).toHaveLength(METERED_PRODUCTS.length);
  expect(subscription?.items.data).toHaveLength(METERED_PRODUCTS.length);
  expect(new Set(subscription?.items.data.map((item) => item.price.id))).toEqual(new Set(metered));
  expect(subscription).toMatchObject({
    status: 'active',
    metadata: { user_id: customer.userId, checkout_session_id: customer.checkout.id },
  });

  const [card] = await cardsOf(billing, customer);
  expect(await defaultCardOf(billing, customer)).toBe(card?.id);
  expect(await userOf(billing, customer)).toMatchObject({
    status: 'active',
    waiting_for: null,
    stripe_subscription_id: subscription?.id,
    default_payment_method_id: card?.id,
    cluster_id: 'cluster-test',
    grace_ends_at: null,
  });
  expect(state).toMatchObject({ status: 'active', waitingFor: null, duplicateEvents: 0, parked: null });
});

test('the same event delivered five times more changes nothing and is counted', async () => {
  const customer = await subscribedCustomer(billing);
  const before = { user: await userOf(billing, customer), state: await stateOf(billing, customer) };
  const activitiesBefore = await activitiesOf(workflowOf(billing, customer));
  const completed = (await eventsOf(billing, customer)).find(
    (event) => event.type === 'checkout.session.completed',
  );
  for (let time = 0; time < 5; time += 1) {
    await simulate(billing, 'webhooks/redeliver', { eventId: completed?.id });
  }
  const state = await stateIs(
    billing,
    customer,
    'five repetitions',
    ({ duplicateEvents }) => duplicateEvents >= 5,
  );
  expect(state).toEqual({ ...before.state, duplicateEvents: 5 });
  expect(await userOf(billing, customer)).toEqual(before.user);
  expect(await activitiesOf(workflowOf(billing, customer))).toEqual(activitiesBefore);
  expect(await subscriptionsOf(billing, customer)).toHaveLength(1);
});

test('an event of a customer who is not ours ends the workflow as ignored', async () => {
  const stranger = await billing.stripe.test.customers.create({ email: 'stranger@example.com' });
  await billing.stripe.test.paymentMethods.attach('pm_card_visa', { customer: stranger.id });
  const key = { mode: 'test', stripeCustomerId: stranger.id } as const;
  const result = await eventually<unknown>(
    'the workflow to end',
    () => workflowOf(billing, key).result(),
    () => true,
  );
  expect(result).toBe('ignored');
  expect(await activitiesOf(workflowOf(billing, key))).toEqual(['lookAtCustomer']);
});

test('two Checkouts completed at once give one subscription, and the newer card is the default', async () => {
  const customer = await newCustomer(billing);
  const second = await startCheckout(billing, 'test', customer.userId);
  // The second completion arrives while the first one's subscription is being made.
  await simulate(billing, 'faults', { route: 'POST /v1/subscriptions', kind: 'latency', latencyMs: 500 });
  await completeCheckout(billing, second.id, CARDS.anotherGood);
  await letStripeTimePass(billing);
  await completeCheckout(billing, customer.checkout.id, CARDS.good);
  await settled(billing, customer);

  const subscriptions = await subscriptionsOf(billing, customer);
  expect(subscriptions).toHaveLength(1);
  const cards = await cardsOf(billing, customer);
  expect(cards).toHaveLength(2);
  const newest = cards.toSorted((a, b) => b.created - a.created)[0];
  expect(newest?.card?.last4).toBe('4242');
  expect(await defaultCardOf(billing, customer)).toBe(newest?.id);
  const sessions = await billing.db
    .selectFrom('checkout_sessions')
    .select('completed_at')
    .where('user_id', '=', customer.userId)
    .execute();
  expect(sessions.map((session) => session.completed_at)).toEqual([expect.any(Date), expect.any(Date)]);
});

test('the update startCheckout gives one session for an update id, and one for an idempotency key', async () => {
  const customer = await newCustomer(billing);
  const request = {
    mode: 'setup',
    successUrl: 'https://host.example/done',
    cancelUrl: 'https://host.example/billing',
    idempotencyKey: randomUUID(),
  } as const;
  const [first, again] = await Promise.all(
    [request, request].map((each) => startCheckoutUpdate(billing.temporal, customer, each)),
  );
  expect(again).toEqual(first);
  const made = async () =>
    (await activitiesOf(workflowOf(billing, customer))).filter((name) => name === 'createCheckoutSession')
      .length;
  // One by newCustomer, one for both updates, which are one: the idempotency key is the update's id.
  expect(await made()).toBe(2);
  // Should the workflow have forgotten the update, the session is not forgotten.
  const anew = await workflowOf(billing, customer).executeUpdate<StartedCheckout, [StartCheckoutRequest]>(
    START_CHECKOUT_UPDATE,
    { args: [request], updateId: randomUUID() },
  );
  expect(anew).toEqual(first);
  expect(await made()).toBe(3);
  const { data } = await billing.stripe.test.checkout.sessions.list({ customer: customer.stripeCustomerId });
  expect(data).toHaveLength(2);
  expect(new Set(data.map((session) => session.id))).toEqual(new Set([customer.checkout.id, first?.id]));
});

test('a Checkout that is asked for again when its session is over is refused as that; with a new key it is another', async () => {
  const customer = await newCustomer(billing);
  const pages = { successUrl: 'https://host.example/done', cancelUrl: 'https://host.example/billing' };
  const request = { mode: 'setup', ...pages, idempotencyKey: randomUUID() } as const;
  // An update of another id, as one is that the workflow has forgotten: of an update that it knows it has the answer.
  const first = await workflowOf(billing, customer).executeUpdate<StartedCheckout, [StartCheckoutRequest]>(
    START_CHECKOUT_UPDATE,
    { args: [request], updateId: randomUUID() },
  );
  await completeCheckout(billing, first.id);
  await expect(startCheckoutUpdate(billing.temporal, customer, request)).rejects.toMatchObject({
    code: 'checkout_over',
    param: 'Idempotency-Key',
  });
  const anew = { ...request, idempotencyKey: randomUUID() };
  expect((await startCheckoutUpdate(billing.temporal, customer, anew)).id).not.toBe(first.id);
});

test('a subscription that ends in Stripe suspends the customer, and the place goes to who waits for one', async () => {
  const leaver = await subscribedCustomer(billing, { mode: 'live' });
  const waiter = await subscribedCustomer(billing, { mode: 'live' });
  expect(await stateOf(billing, waiter)).toMatchObject({ status: 'active', waitingFor: 'cluster' });
  expect(await userOf(billing, leaver)).toMatchObject({ cluster_id: 'cluster-live' });
  expect(await userOf(billing, waiter)).toMatchObject({ cluster_id: null, waiting_for: 'cluster' });

  const [subscription] = await subscriptionsOf(billing, leaver);
  await billing.stripe.live.subscriptions.cancel(subscription?.id ?? '');
  await settled(billing, leaver);
  expect(await userOf(billing, leaver)).toMatchObject({
    status: 'suspended',
    waiting_for: 'subscription',
    cluster_id: null,
  });

  await billing.stripe.live.paymentMethods.attach('pm_card_visa', { customer: waiter.stripeCustomerId });
  await settled(billing, waiter);
  expect(await userOf(billing, waiter)).toMatchObject({
    status: 'active',
    waiting_for: null,
    cluster_id: 'cluster-live',
  });
});

test('a declined invoice makes the customer past due until a new card has paid it', async () => {
  const customer = await subscribedCustomer(billing, { card: CARDS.declinesCharges });
  expect(await stateOf(billing, customer)).toMatchObject({ status: 'active', graceEndsAtMs: null });
  const period = parseBillingPeriod('2026-05');
  await useGpu(billing, customer, period, '1.5');
  const before = Date.now();
  expect(await closeMonth(billing.temporal, { mode: 'test', period })).toMatchObject({ invoicedCents: 300 });

  const pastDue = await stateIs(billing, customer, 'past due', ({ status }) => status === 'past_due');
  expect(pastDue.waitingFor).toBe('payment');
  expect(pastDue.graceEndsAtMs).toBeGreaterThanOrEqual(before + GRACE_MS);
  expect(pastDue.graceEndsAtMs).toBeLessThanOrEqual(Date.now() + GRACE_MS);
  await settled(billing, customer);
  expect(await userOf(billing, customer)).toMatchObject({
    status: 'past_due',
    cluster_id: 'cluster-test',
    grace_ends_at: new Date(pastDue.graceEndsAtMs ?? 0),
  });
  expect((await listBills(billing.db, 'test', customer.userId))[0]?.status).toBe('payment_failed');

  await letStripeTimePass(billing);
  const checkout = await startCheckout(billing, 'test', customer.userId);
  await completeCheckout(billing, checkout.id, CARDS.good);
  await stateIs(billing, customer, 'active', ({ status }) => status === 'active');
  expect(await settled(billing, customer)).toMatchObject({ status: 'active', graceEndsAtMs: null });
  const [bill, ...otherBills] = await listBills(billing.db, 'test', customer.userId);
  expect(otherBills).toEqual([]);
  expect(bill?.status).toBe('paid');
  expect(await billing.stripe.test.invoices.retrieve(bill?.stripeInvoiceId ?? '')).toMatchObject({
    status: 'paid',
    amount_paid: 300,
  });
  expect(await activitiesOf(workflowOf(billing, customer))).toContain('collectInvoices');
  expect(await userOf(billing, customer)).toMatchObject({ status: 'active', grace_ends_at: null });
  expect(await subscriptionsOf(billing, customer)).toHaveLength(1);
});
