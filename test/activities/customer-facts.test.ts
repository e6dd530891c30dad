import { beforeEach, describe, expect, test } from 'vitest';
import { listPaymentMethods } from '../../db/payment-methods.ts';
import { findUser } from '../../db/users.ts';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import { standingOf } from '../../domain/customer-standing.ts';
import type { StripeEventEnvelope } from '../../domain/stripe-event.ts';
import { nobody } from '../domain/customer-fixtures.ts';
import { runOnce, TEST_RULES, useActivityEnvironment } from '../support/activity-environment.ts';
import {
  completedCheckout,
  event,
  giveCard,
  lookAt,
  NOW_MS,
  newCustomer,
  startCheckout,
} from './fixtures.ts';

const environment = useActivityEnvironment();
let customer: KnownCustomer;
beforeEach(async () => {
  customer = await newCustomer(environment);
});

const stripe = () => environment.simulator.stripe.test;
const look = (events: readonly StripeEventEnvelope[] = []) => lookAt(environment, customer, events);

describe('lookAtCustomer', () => {
  test('a stranger is null, and Stripe is not even asked', async () => {
    const requests = await environment.simulator.requestsDuring(async () => {
      const input = { mode: 'test', stripeCustomerId: 'cus_stranger', events: [], nowMs: NOW_MS } as const;
      expect(await runOnce(() => environment.activities.lookAtCustomer(input))).toBeNull();
    });
    expect(requests).toEqual([]);
  });

  test('a test customer is a stranger in live mode', async () => {
    const input = { ...customer, mode: 'live', events: [], nowMs: NOW_MS } as const;
    expect(await runOnce(() => environment.activities.lookAtCustomer(input))).toBeNull();
  });

  test('a customer who has done nothing yet', async () => {
    const input = { ...customer, events: [], nowMs: NOW_MS };
    expect(await runOnce(() => environment.activities.lookAtCustomer(input))).toEqual({
      userId: customer.userId,
      tellsHost: false,
      facts: { ...nobody, graceMs: TEST_RULES.graceMs },
    });
  });

  test('a customer who was deleted in Stripe', async () => {
    await stripe().customers.del(customer.stripeCustomerId);
    expect(await look()).toMatchObject({ customerDeleted: true, defaultPaymentMethodId: null });
  });

  test('a completed setup is a fact, with the payment method it brought and when that was', async () => {
    const sessionId = await completedCheckout(environment, customer);
    const facts = await look([event('checkout.session.completed', sessionId, { created: 1_790_000_000 })]);
    const [method] = facts.paymentMethods;
    expect(facts.completedSetups).toEqual([
      { checkoutSessionId: sessionId, paymentMethodId: method?.id, completedAt: 1_790_000_000 },
    ]);
    expect(facts.newPaymentMethodIds).toEqual([method?.id]);
    // Stripe's Checkout sets no default: that is ours to do.
    expect(facts.defaultPaymentMethodId).toBeNull();
  });

  test('several completed setups come oldest first, however their events came; each once', async () => {
    const sessions = [
      await completedCheckout(environment, customer),
      await completedCheckout(environment, customer, '5555555555554444'),
    ];
    const events = sessions.map((id, index) =>
      event('checkout.session.completed', id, { created: 1_790_000_000 + index }),
    );
    const facts = await look([...events.toReversed(), ...events]);
    expect(facts.completedSetups.map((setup) => setup.checkoutSessionId)).toEqual(sessions);
  });

  test('an event that says "completed" of a session that is not is not believed', async () => {
    const sessionId = await startCheckout(environment, customer);
    const facts = await look([event('checkout.session.completed', sessionId)]);
    expect(facts.completedSetups).toEqual([]);
  });

  test('somebody else’s completed session is not this customer’s', async () => {
    const sessionId = await completedCheckout(environment, customer);
    customer = await newCustomer(environment);
    const facts = await look([event('checkout.session.completed', sessionId)]);
    expect(facts).toMatchObject({ completedSetups: [], paymentMethods: [] });
  });

  test('a session that has had its subscription does not ask for one again', async () => {
    const sessionId = await completedCheckout(environment, customer);
    await runOnce(() =>
      environment.activities.saveSubscription({
        ...customer,
        subscriptionId: 'sub_1',
        checkoutSessionIds: [sessionId],
      }),
    );
    const facts = await look([event('checkout.session.completed', sessionId)]);
    expect(facts).toMatchObject({ completedSetups: [], savedSubscriptionId: 'sub_1' });
  });

  test('an event that was applied is not applied again, and a card that was seen is not new again', async () => {
    const sessionId = await completedCheckout(environment, customer);
    const before = await look();
    const methodId = before.paymentMethods[0]?.id ?? '';
    const events = [event('checkout.session.completed', sessionId)];
    expect(await look(events)).toMatchObject({
      completedSetups: [{ checkoutSessionId: sessionId }],
      newPaymentMethodIds: [methodId],
    });
    await runOnce(() =>
      environment.activities.saveStanding({
        ...customer,
        standing: standingOf(before, NOW_MS),
        clusterId: null,
        defaultPaymentMethodId: methodId,
        paymentMethodIds: [methodId],
        events,
        nowMs: NOW_MS,
      }),
    );
    expect(await look(events)).toMatchObject({ completedSetups: [], newPaymentMethodIds: [] });
    expect(await findUser(environment.db, 'test', customer.userId)).toMatchObject({
      status: 'none',
      default_payment_method_id: methodId,
    });
  });

  test('payment methods come newest first, also when they were made within a second', async () => {
    const made = [];
    for (const token of ['pm_card_visa', 'pm_card_mastercard', 'pm_card_amex']) {
      made.push(await stripe().paymentMethods.attach(token, { customer: customer.stripeCustomerId }));
    }
    const facts = await look();
    expect(facts.paymentMethods.map(({ id }) => id)).toEqual(made.map(({ id }) => id).toReversed());
    expect(facts.newPaymentMethodIds).toHaveLength(3);
  });

  describe('what payment methods are shown by', () => {
    const listed = () => listPaymentMethods(environment.db, customer);
    const attach = (token: string) =>
      stripe().paymentMethods.attach(token, { customer: customer.stripeCustomerId });

    test('is kept at each look, and follows what is attached, changed and detached', async () => {
      const visa = await attach('pm_card_visa');
      await look();
      const shown = { type: 'card', isDefault: false };
      const { exp_month: expMonth, exp_year: expYear } = visa.card ?? {};
      const shownVisa = { ...shown, id: visa.id, brand: 'visa', last4: '4242', expMonth, expYear };
      expect(await listed()).toEqual([shownVisa]);

      const mastercard = await attach('pm_card_mastercard');
      // As it was before the bank issued it anew: the simulator's cards never change.
      await environment.db
        .updateTable('payment_methods')
        .set({ exp_year: 2020 })
        .where('payment_method_id', '=', visa.id)
        .execute();
      await look();
      expect(await listed()).toEqual([
        expect.objectContaining({ ...shown, id: mastercard.id, brand: 'mastercard', last4: '4444' }),
        shownVisa,
      ]);

      await stripe().paymentMethods.detach(visa.id);
      await look();
      expect(await listed()).toMatchObject([{ id: mastercard.id }]);
    });

    test('stays out of the answer, which the workflow’s history keeps', async () => {
      await giveCard(environment, customer, 'pm_card_visa');
      const { stripeCustomerId } = customer;
      const input = { mode: 'test', stripeCustomerId, events: [], nowMs: NOW_MS } as const;
      const seen = await runOnce(() => environment.activities.lookAtCustomer(input));
      expect(await listed()).toMatchObject([{ brand: 'visa', last4: '4242' }]);
      for (const method of seen?.facts.paymentMethods ?? [])
        expect(Object.keys(method)).toEqual(['id', 'created']);
      expect(seen?.facts.paymentMethods).toHaveLength(1);
      for (const kept of ['"brand"', '"visa"', '"last4"', '"4242"', '"card"', 'exp'])
        expect(JSON.stringify(seen)).not.toContain(kept);
    });

    test('is forgotten with a customer who was deleted', async () => {
      await attach('pm_card_visa');
      await look();
      expect(await listed()).toHaveLength(1);
      await stripe().customers.del(customer.stripeCustomerId);
      await look();
      expect(await listed()).toEqual([]);
    });
  });
});
