import type { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findUser, registerUser } from '../../db/users.ts';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import { METERED_PRODUCTS } from '../../domain/price-list.ts';
import { newUser } from '../db/fixtures.ts';
import { runOnce, runWithRetries, useActivityEnvironment } from '../support/activity-environment.ts';
import { writesAmong } from '../support/simulator.ts';
import { newCustomer } from './fixtures.ts';
import { FAULTS, forgetAnswer } from './write-faults.ts';

const environment = useActivityEnvironment();
afterEach(() => environment.simulator.clearFaults());

describe('a user becomes one Stripe customer', () => {
  let userId: string;
  beforeEach(async () => {
    userId = await newUser(environment.db);
  });
  const register = () =>
    runWithRetries(() => environment.activities.registerCustomer({ mode: 'test', userId }));

  async function expectOneCustomer(): Promise<void> {
    const { data } = await environment.simulator.stripe.test.customers.list({ limit: 100 });
    const customers = data.filter((each) => each.metadata['user_id'] === userId);
    expect(customers).toHaveLength(1);
    expect(customers[0]).toMatchObject({ name: 'Ada', livemode: false });
    const user = await findUser(environment.db, 'test', userId);
    expect(user?.stripe_customer_id).toBe(customers[0]?.id);
  }

  test.each(FAULTS)('whatever befalls the request: $kind $reason', async ({ kind, attempts, ...options }) => {
    await environment.simulator.fault('POST /v1/customers', kind, options);
    expect((await register()).attempts).toBe(attempts);
    await expectOneCustomer();
  });

  test('a registered user asks Stripe nothing more', async () => {
    const { result } = await register();
    const requests = await environment.simulator.requestsDuring(async () => {
      expect((await register()).result).toBe(result);
    });
    expect(requests).toEqual([]);
  });

  test('a crash before the customer was saved is healed by adoption', async () => {
    const { result } = await register();
    await forgetAnswer(environment, `customer:${userId}`);
    await environment.db
      .updateTable('users')
      .set({ stripe_customer_id: null })
      .where('user_id', '=', userId)
      .execute();
    const requests = await environment.simulator.requestsDuring(async () => {
      expect((await register()).result).toBe(result);
    });
    expect(writesAmong(requests)).toEqual([]);
    await expectOneCustomer();
  });

  test('a user whose e-mail changes between two attempts is registered all the same', async () => {
    await environment.simulator.fault('POST /v1/customers', 'status_500');
    await expect(
      runOnce(() => environment.activities.registerCustomer({ mode: 'test', userId })),
    ).rejects.toMatchObject({ type: 'StripeUnavailable' });
    await registerUser(environment.db, { mode: 'test', userId, email: 'new@example.com', name: 'Ada' });
    await register();
    await expectOneCustomer();
  });

  test('the same user id in both modes becomes a customer in each', async () => {
    await registerUser(environment.db, { mode: 'live', userId, email: 'l@example.com', name: 'Ada' });
    const { result: test } = await register();
    const live = await runOnce(() => environment.activities.registerCustomer({ mode: 'live', userId }));
    expect(live).not.toBe(test);
    const { stripe } = environment.simulator;
    expect(await stripe.live.customers.retrieve(live)).toMatchObject({ livemode: true });
    await expect(stripe.live.customers.retrieve(test)).rejects.toMatchObject({ statusCode: 404 });
  });

  test('an unknown user is an error that no retry can mend', async () => {
    const unknown = { mode: 'test', userId: 'nobody' } as const;
    await expect(runOnce(() => environment.activities.registerCustomer(unknown))).rejects.toMatchObject({
      type: 'UserNotFound',
      nonRetryable: true,
    });
  });
});

describe('a Checkout session brings one subscription', () => {
  let customer: KnownCustomer;
  let checkoutSessionId: string;
  beforeEach(async () => {
    customer = await newCustomer(environment);
    checkoutSessionId = `cs_test_${customer.userId}`;
  });
  const subscribe = () =>
    runWithRetries(() => environment.activities.createSubscription({ ...customer, checkoutSessionId }));

  async function subscriptions(): Promise<Stripe.Subscription[]> {
    const { stripe } = environment.simulator;
    const { stripeCustomerId } = customer;
    return (await stripe.test.subscriptions.list({ customer: stripeCustomerId, status: 'all' })).data;
  }

  test.each(FAULTS)('whatever befalls the request: $kind $reason', async ({ kind, attempts, ...options }) => {
    await environment.simulator.fault('POST /v1/subscriptions', kind, options);
    const outcome = await subscribe();
    expect(outcome.attempts).toBe(attempts);
    const all = await subscriptions();
    expect(all.map((each) => each.id)).toEqual([outcome.result.id]);
    expect(all[0]?.items.data).toHaveLength(METERED_PRODUCTS.length);
  });

  test('asked for again it is the same one, however it stands by then', async () => {
    const first = await subscribe();
    expect((await subscribe()).result).toEqual(first.result);
    await environment.simulator.stripe.test.subscriptions.cancel(first.result.id);
    expect((await subscribe()).result).toMatchObject({ id: first.result.id, status: 'canceled' });
    expect(await subscriptions()).toHaveLength(1);
  });

  test('a crash before it was noted is healed by adoption', async () => {
    const first = await subscribe();
    await forgetAnswer(environment, `subscription:${checkoutSessionId}`);
    const requests = await environment.simulator.requestsDuring(async () => {
      expect((await subscribe()).result).toEqual(first.result);
    });
    expect(writesAmong(requests)).toEqual([]);
  });

  test('two workers at the same time make one', async () => {
    const [one, other] = await Promise.all([subscribe(), subscribe()]);
    expect(one.result.id).toBe(other.result.id);
    expect(await subscriptions()).toHaveLength(1);
  });
});
