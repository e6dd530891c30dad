import { beforeEach, describe, expect, test } from 'vitest';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import type { StartCheckoutRequest } from '../../domain/customer-workflow.ts';
import { useActivityEnvironment } from '../support/activity-environment.ts';
import { newCustomer, startCheckout } from './fixtures.ts';

const environment = useActivityEnvironment();
let customer: KnownCustomer;
beforeEach(async () => {
  customer = await newCustomer(environment);
});

const stripe = () => environment.simulator.stripe.test;
const checkout = (overrides: Partial<StartCheckoutRequest> = {}) =>
  startCheckout(environment, customer, overrides);

describe('createCheckoutSession', () => {
  test('the same key gives the same session, another key another', async () => {
    const first = await checkout({ idempotencyKey: 'once' });
    expect(await checkout({ idempotencyKey: 'once' })).toBe(first);
    expect(await checkout({ idempotencyKey: 'once', successUrl: 'https://example.com/else' })).toBe(first);
    expect(await checkout({ idempotencyKey: 'twice' })).not.toBe(first);
  });

  test('the same key of another user is another session', async () => {
    const first = await checkout({ idempotencyKey: 'mine' });
    customer = await newCustomer(environment);
    expect(await checkout({ idempotencyKey: 'mine' })).not.toBe(first);
  });

  test('it saves a card of this customer on Stripe’s page, and is remembered as theirs', async () => {
    const id = await checkout();
    expect(await stripe().checkout.sessions.retrieve(id)).toMatchObject({
      mode: 'setup',
      currency: 'usd',
      customer: customer.stripeCustomerId,
      client_reference_id: customer.userId,
      success_url: 'https://example.com/done',
    });
    const row = await environment.db
      .selectFrom('checkout_sessions')
      .select(['user_id', 'completed_at'])
      .where('checkout_session_id', '=', id)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ user_id: customer.userId, completed_at: null });
  });

  test('a key whose session is over says so, and how to go on', async () => {
    const id = await checkout({ idempotencyKey: 'over' });
    await environment.simulator.completeCheckout(id, '4242424242424242');
    await expect(checkout({ idempotencyKey: 'over' })).rejects.toMatchObject({
      type: 'CheckoutOver',
      nonRetryable: true,
    });
  });

  test('a customer of nobody gets none', async () => {
    const { mode } = customer;
    customer = { mode, userId: 'nobody', stripeCustomerId: 'cus_nobody' };
    await expect(checkout()).rejects.toMatchObject({ type: 'UserNotFound', nonRetryable: true });
  });
});
