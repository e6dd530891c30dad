import type { Stripe } from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CARDS,
  type Customer,
  completeCheckout,
  defaultCardOf,
  newCustomer,
  settled,
  startCheckout,
  stateIs,
  subscribedCustomer,
  subscriptionsOf,
  workflowOf,
} from '../../chaos/world/customers.ts';
import { pastDueCustomer } from '../../chaos/world/usage.ts';
import { listBills } from '../../db/bills.ts';
import { SUSPEND_UPDATE } from '../../domain/customer-workflow.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from './service.ts';

let billing: BillingService;
beforeAll(async () => {
  billing = await startTestBilling();
  await billing.startWorker();
});
afterAll(() => billing.stop());

/** `payment_method.attached` never creates a subscription, whatever state it finds. */
describe('a payment method that is attached', () => {
  const attach = async ({ mode, stripeCustomerId: customer }: Customer, card = 'pm_card_visa') =>
    await billing.stripe[mode].paymentMethods.attach(card, { customer });

  /** How the customer gets into each state, and what the new card makes of it. */
  const STATES: readonly [string, () => Promise<Customer>, object, Stripe.Subscription.Status[]][] = [
    [
      'none: becomes the default, and waits for a Checkout',
      () => newCustomer(billing),
      { status: 'none', waitingFor: 'checkout' },
      [],
    ],
    [
      'active: becomes the default',
      () => subscribedCustomer(billing),
      { status: 'active', waitingFor: null },
      ['active'],
    ],
    [
      'past due: pays, and all is well',
      () => pastDueCustomer(billing, 'test'),
      { status: 'active' },
      ['active'],
    ],
    [
      'suspended without a card: back',
      async () => {
        const customer = await subscribedCustomer(billing);
        await billing.stripe.test.paymentMethods.detach(String(await defaultCardOf(billing, customer)));
        await stateIs(billing, customer, 'suspended', ({ status }) => status === 'suspended');
        return customer;
      },
      { status: 'active', waitingFor: null },
      ['active'],
    ],
    [
      'suspended because the subscription ended: stays so until a Checkout',
      async () => {
        const customer = await subscribedCustomer(billing);
        await billing.stripe.test.subscriptions.cancel(
          (await subscriptionsOf(billing, customer))[0]?.id ?? '',
        );
        await settled(billing, customer);
        return customer;
      },
      { status: 'suspended', waitingFor: 'subscription' },
      ['canceled'],
    ],
    [
      'suspended by an operator: stays so until an operator',
      async () => {
        const customer = await subscribedCustomer(billing);
        const args: [object] = [{ reason: 'fraud', by: 'ops' }];
        await workflowOf(billing, customer).executeUpdate(SUSPEND_UPDATE, { args });
        return customer;
      },
      { status: 'suspended', waitingFor: 'operator' },
      ['active'],
    ],
  ];

  test.each(STATES)('%s', async (_, begin, expected, subscriptions) => {
    const customer = await begin();
    const before = await subscriptionsOf(billing, customer);
    const card = await attach(customer);
    expect(await settled(billing, customer)).toMatchObject(expected);
    expect(await defaultCardOf(billing, customer)).toBe(card.id);
    const after = await subscriptionsOf(billing, customer);
    expect(after.map(({ status }) => status)).toEqual(subscriptions);
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  });

  test('that declines leaves a customer past due', async () => {
    const customer = await pastDueCustomer(billing, 'test');
    await attach(customer, 'pm_card_chargeCustomerFail');
    expect(await settled(billing, customer)).toMatchObject({ status: 'past_due', waitingFor: 'payment' });
    expect((await listBills(billing.db, 'test', customer.userId))[0]?.status).toBe('payment_failed');
  });
});

test('two Checkouts completed in the same moment give one subscription, and the second card is the default', async () => {
  const customer = await newCustomer(billing);
  const second = await startCheckout(billing, 'test', customer.userId);
  await Promise.all([
    completeCheckout(billing, customer.checkout.id, CARDS.good),
    completeCheckout(billing, second.id, CARDS.anotherGood),
  ]);
  await settled(billing, customer);
  expect(await subscriptionsOf(billing, customer)).toHaveLength(1);
  const { data: cards } = await billing.stripe.test.paymentMethods.list({
    customer: customer.stripeCustomerId,
  });
  expect(await defaultCardOf(billing, customer)).toBe(cards[0]?.id);
  expect(cards).toHaveLength(2);
});
