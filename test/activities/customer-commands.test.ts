import type { Stripe } from 'stripe';
import { beforeEach, describe, expect, test } from 'vitest';
import { saveCluster } from '../../db/clusters.ts';
import { saveStripeProductIds } from '../../db/price-list.ts';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import { METERED_PRODUCTS } from '../../domain/price-list.ts';
import {
  runOnce,
  runWithRetries,
  startActivityEnvironment,
  useActivityEnvironment,
} from '../support/activity-environment.ts';
import { namesOf } from '../support/simulator.ts';
import { lookAt, NOW_MS, newCustomer } from './fixtures.ts';

const environment = useActivityEnvironment();
let customer: KnownCustomer;
beforeEach(async () => {
  customer = await newCustomer(environment);
});

const stripe = () => environment.simulator.stripe.test;

describe('setDefaultPaymentMethod', () => {
  test('makes it the one that invoices charge, and may be repeated', async () => {
    const paymentMethodId = (
      await stripe().paymentMethods.attach('pm_card_visa', { customer: customer.stripeCustomerId })
    ).id;
    for (const _ of [1, 2]) {
      await runOnce(() => environment.activities.setDefaultPaymentMethod({ ...customer, paymentMethodId }));
    }
    expect((await lookAt(environment, customer)).defaultPaymentMethodId).toBe(paymentMethodId);
  });
});

describe('createSubscription', () => {
  const subscribe = (checkoutSessionId: string) =>
    runWithRetries(() => environment.activities.createSubscription({ ...customer, checkoutSessionId }));

  test('all four metered products, without a quantity, anchored on the 1st at midnight UTC', async () => {
    let id = '';
    const requests = await environment.simulator.requestsDuring(async () => {
      id = (await subscribe(`cs_${customer.userId}`)).result.id;
    });
    expect(namesOf(requests)).toEqual(['POST /v1/subscriptions']);
    expect(JSON.stringify(requests[0]?.parameters)).not.toContain('quantity');
    const subscription = await stripe().subscriptions.retrieve(id, { expand: ['items.data.price'] });
    const expected = await environment.db
      .selectFrom('stripe_products')
      .select('stripe_price_id')
      .where('mode', '=', 'test')
      .where('product', '!=', 'credits')
      .execute();
    expect(new Set(subscription.items.data.map((item) => item.price.id))).toEqual(
      new Set(expected.map((row) => row.stripe_price_id)),
    );
    expect(subscription.items.data).toHaveLength(METERED_PRODUCTS.length);
    for (const item of subscription.items.data) {
      expect(item.price.recurring).toMatchObject({ usage_type: 'metered', interval: 'month' });
      expect(item.quantity).toBeUndefined();
    }
    expect(new Date(subscription.billing_cycle_anchor * 1_000).toISOString()).toMatch(/-01T00:00:00\.000Z$/);
    expect(subscription.metadata).toMatchObject({
      user_id: customer.userId,
      checkout_session_id: `cs_${customer.userId}`,
    });
  });

  test('a price that was archived meanwhile is refused; once the price list is mended it works', async () => {
    const own = await startActivityEnvironment();
    const { db, activities, simulator } = own;
    try {
      const buyer = await newCustomer(own);
      const input = { ...buyer, checkoutSessionId: 'cs_archived' };
      const cpu = await db
        .selectFrom('stripe_products')
        .selectAll()
        .where('mode', '=', 'test')
        .where('product', '=', 'cpu_hour')
        .executeTakeFirstOrThrow();
      await simulator.stripe.test.prices.update(cpu.stripe_price_id ?? '', { active: false });
      await expect(runOnce(() => activities.createSubscription(input))).rejects.toMatchObject({
        type: 'StripeRefused',
        nonRetryable: true,
      });
      const price = await simulator.stripe.test.prices.create({
        product: cpu.stripe_product_id ?? '',
        currency: 'usd',
        unit_amount: 10,
        recurring: { interval: 'month', usage_type: 'metered', meter: cpu.stripe_meter_id ?? '' },
      });
      await saveStripeProductIds(db, 'test', 'cpu_hour', {
        stripeProductId: cpu.stripe_product_id,
        stripePriceId: price.id,
        stripeMeterId: cpu.stripe_meter_id,
      });
      const { result } = await runWithRetries(() => activities.createSubscription(input));
      const { data } = await simulator.stripe.test.subscriptions.list({ customer: buyer.stripeCustomerId });
      expect(data.map((each: Stripe.Subscription) => each.id)).toEqual([result.id]);
    } finally {
      await own.close();
    }
  });

  test('inactive products are left out; a price list without prices waits for setup-stripe', async () => {
    const own = await startActivityEnvironment();
    const { db, activities, simulator } = own;
    try {
      const buyer = await newCustomer(own);
      await db
        .updateTable('stripe_products')
        .set({ active: false })
        .where('product', '=', 'gpu_hour')
        .execute();
      const { id } = await runOnce(() =>
        activities.createSubscription({ ...buyer, checkoutSessionId: 'cs_1' }),
      );
      const { items } = await simulator.stripe.test.subscriptions.retrieve(id);
      expect(items.data).toHaveLength(METERED_PRODUCTS.length - 1);
      await db.updateTable('stripe_products').set({ stripe_price_id: null }).execute();
      await expect(
        runOnce(() => activities.createSubscription({ ...buyer, checkoutSessionId: 'cs_2' })),
      ).rejects.toMatchObject({ type: 'PriceListMissing', nonRetryable: false });
    } finally {
      await own.close();
    }
  });
});

describe('cancelSubscription', () => {
  test('ends a subscription, and may be repeated', async () => {
    const { id } = await runOnce(() =>
      environment.activities.createSubscription({ ...customer, checkoutSessionId: `cs_${customer.userId}` }),
    );
    const cancel = () =>
      runOnce(() => environment.activities.cancelSubscription({ ...customer, subscriptionId: id }));
    const ended = { id, status: 'canceled', isOurs: true, endedAt: expect.any(Number) as number };
    expect(await cancel()).toMatchObject(ended);
    expect(await cancel()).toMatchObject(ended);
  });
});

describe('saveOperatorDecision', () => {
  const decision = { type: 'suspend', reason: 'fraud', by: 'ops' } as const;

  test('is a fact from then on', async () => {
    const decisionId = customer.userId;
    await runOnce(() => environment.activities.saveOperatorDecision({ ...customer, decisionId, decision }));
    expect((await lookAt(environment, customer)).operatorSuspension).toEqual({ by: 'ops', reason: 'fraud' });
  });

  test('about a stranger is refused for good', async () => {
    const stranger = { mode: 'test', stripeCustomerId: 'cus_stranger', decisionId: 'd', decision } as const;
    await expect(runOnce(() => environment.activities.saveOperatorDecision(stranger))).rejects.toMatchObject({
      type: 'UserNotFound',
      nonRetryable: true,
    });
  });
});

describe('the rest of the commands', () => {
  test('assignCluster and releaseCluster move the user in their own mode', async () => {
    const assign = async () =>
      (await runOnce(() => environment.activities.assignCluster({ ...customer, nowMs: NOW_MS }))).clusterId;
    expect(await assign()).toBeNull();
    expect(await saveCluster(environment.db, { mode: 'test', clusterId: 'c1', capacity: 1 })).toEqual([
      customer.stripeCustomerId,
    ]);
    expect(await assign()).toBe('c1');
    expect((await lookAt(environment, customer)).clusterId).toBe('c1');
    await runOnce(() => environment.activities.releaseCluster(customer));
    expect((await lookAt(environment, customer)).clusterId).toBeNull();
  });

  test('updateCustomerProfile brings e-mail and name to Stripe', async () => {
    await environment.db
      .updateTable('users')
      .set({ email: 'new@example.com', name: 'New' })
      .where('user_id', '=', customer.userId)
      .execute();
    await runOnce(() => environment.activities.updateCustomerProfile(customer));
    expect(await stripe().customers.retrieve(customer.stripeCustomerId)).toMatchObject({
      email: 'new@example.com',
      name: 'New',
    });
  });
});
