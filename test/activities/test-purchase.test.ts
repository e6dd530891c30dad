import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { creditBalanceCents, listCreditLots } from '../../db/credits.ts';
import { findUser } from '../../db/users.ts';
import type { TestCard, TestPurchaseInput } from '../../domain/test-purchase.ts';
import { newUser } from '../db/fixtures.ts';
import {
  runOnce,
  runWithRetries,
  TEST_RULES,
  useActivityEnvironment,
} from '../support/activity-environment.ts';
import { namesOf } from '../support/simulator.ts';

const DAY_MS = 24 * 60 * 60_000;

const environment = useActivityEnvironment();

async function newPurchase(card: TestCard = 'success'): Promise<TestPurchaseInput> {
  const userId = await newUser(environment.db);
  return { purchaseId: randomUUID(), userId, credits: 25, card, returnUrl: 'https://host.example/' };
}

/** A purchase whose payment is made. */
async function paid(card: TestCard = 'success') {
  const { activities } = environment;
  const input = await newPurchase(card);
  const stripeCustomerId = await runOnce(() => activities.registerTestBuyer(input));
  const product = await runOnce(() => activities.findTestProduct());
  const create = () =>
    activities.createTestPayment({ ...input, stripeCustomerId, product, amountCents: 2_500 });
  return { input, create, payment: await runOnce(create) };
}

describe('the buyer', () => {
  test('is made a customer of test mode once, whatever goes wrong', async () => {
    const { db, activities, simulator } = environment;
    const input = await newPurchase();
    await simulator.fault('POST /v1/customers', 'processed_without_answer');
    const { result } = await runWithRetries(() => activities.registerTestBuyer(input));
    expect(await runOnce(() => activities.registerTestBuyer(input))).toBe(result);
    expect(await findUser(db, 'test', input.userId)).toMatchObject({ stripe_customer_id: result });
    const { data } = await simulator.stripe.test.customers.list({ limit: 100 });
    expect(data.filter(({ metadata }) => metadata['user_id'] === input.userId)).toHaveLength(1);
  });

  test('must be known in one of the modes', async () => {
    const input = { ...(await newPurchase()), userId: 'nobody' };
    await expect(runOnce(() => environment.activities.registerTestBuyer(input))).rejects.toMatchObject({
      type: 'UserNotFound',
      nonRetryable: true,
    });
  });
});

describe('what is bought', () => {
  test('is the product of credits, unless STRIPE_TEST_PRODUCT_ID names another', async () => {
    const { activities, simulator } = environment;
    expect(await runOnce(() => activities.findTestProduct())).toMatchObject({
      productName: 'Credits',
      namedBy: 'the price list',
      unitPriceCents: '100',
    });
    const own = await simulator.stripe.test.products.create({ name: 'Trial pack' });
    const named = environment.activitiesWith({ testProductId: own.id });
    expect(await runOnce(() => named.findTestProduct())).toEqual({
      stripeProductId: own.id,
      productName: 'Trial pack',
      namedBy: 'STRIPE_TEST_PRODUCT_ID',
      unitPriceCents: '100',
    });
    await simulator.stripe.test.products.update(own.id, { active: false });
    await expect(runOnce(() => named.findTestProduct())).rejects.toMatchObject({ type: 'ProductArchived' });
  });

  test('is no product of live mode', async () => {
    const { simulator } = environment;
    const { id } = await simulator.stripe.live.products.create({ name: 'Live' });
    await expect(
      runOnce(() => environment.activitiesWith({ testProductId: id }).findTestProduct()),
    ).rejects.toMatchObject({ type: 'StripeRefused', nonRetryable: true });
  });
});

describe('the payment', () => {
  test.each([
    ['success', { outcome: 'succeeded', link: null, decline: null }],
    [
      'decline',
      { outcome: 'declined', decline: { code: 'generic_decline', message: 'Your card was declined.' } },
    ],
    ['authentication', { outcome: 'requires_action', link: expect.stringMatching(/^http/) as unknown }],
  ] as const)('of the card %s', async (card, expected) => {
    const { payment } = await paid(card);
    expect(payment).toMatchObject(expected);
    const look = () => environment.activities.lookAtTestPayment(payment);
    expect(await runOnce(look)).toEqual(payment);
  });

  test.each(['success', 'decline'] as const)(
    'of the card %s is made once, and found when it is asked for again',
    async (card) => {
      const { create, payment } = await paid(card);
      const requests = await environment.simulator.requestsDuring(async () => {
        expect(await runOnce(create)).toEqual(payment);
      });
      expect(namesOf(requests)).toEqual(['GET /v1/payment_intents']);
    },
  );

  test('that nobody has authenticated is canceled, once', async () => {
    const { payment } = await paid('authentication');
    const cancel = () => environment.activities.cancelTestPayment(payment);
    expect(await runOnce(cancel)).toMatchObject({ outcome: 'canceled', link: null });
    expect(await runOnce(cancel)).toMatchObject({ outcome: 'canceled' });
  });

  test('that was made is not canceled', async () => {
    const { payment } = await paid();
    expect(await runOnce(() => environment.activities.cancelTestPayment(payment))).toMatchObject({
      outcome: 'succeeded',
    });
  });
});

describe('the credits', () => {
  const grant = (input: TestPurchaseInput, paymentIntentId: string, activities = environment.activities) =>
    runOnce(() => activities.grantTestCredits({ ...input, paymentIntentId }));
  const balanceOf = ({ userId }: TestPurchaseInput) => creditBalanceCents(environment.db, 'test', userId);

  test('are granted once, however often and at once', async () => {
    const { input, payment } = await paid();
    const { paymentIntentId } = payment;
    await Promise.all([1, 2, 3].map(() => grant(input, paymentIntentId)));
    await grant(input, paymentIntentId);
    expect(await balanceOf(input)).toBe(2_500);
  });

  test('expire as bought ones do, by the date of their payment', async () => {
    const { input, payment } = await paid();
    const rules = { ...TEST_RULES, creditsExpireAfterMs: 30 * DAY_MS };
    await grant(input, payment.paymentIntentId, environment.activitiesWith({ rules }));
    const { created } = await environment.simulator.stripe.test.paymentIntents.retrieve(
      payment.paymentIntentId,
    );
    const user = { mode: 'test', userId: input.userId } as const;
    expect(await listCreditLots(environment.db, user, new Date())).toMatchObject([
      { lot: `test-purchase:${input.purchaseId}`, expiresAt: new Date(created * 1_000 + 30 * DAY_MS) },
    ]);
  });

  test.each(['decline', 'authentication'] as const)('are not granted for the card %s', async (card) => {
    const { input, payment } = await paid(card);
    await expect(grant(input, payment.paymentIntentId)).rejects.toMatchObject({ type: 'NotPaid' });
    expect(await balanceOf(input)).toBe(0);
  });

  test('are not granted for the payment of another purchase', async () => {
    const { payment } = await paid();
    const { input } = await paid('decline');
    await expect(grant(input, payment.paymentIntentId)).rejects.toMatchObject({ type: 'NotPaid' });
    expect(await balanceOf(input)).toBe(0);
  });
});
