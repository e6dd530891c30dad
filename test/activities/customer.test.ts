import { randomUUID } from 'node:crypto';
import type { Stripe } from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { UserKey } from '../../activities/customer-commands.ts';
import type { CustomerAtAGlance } from '../../activities/customer-facts.ts';
import { saveInvoiceOutcome } from '../../db/bill-status.ts';
import type { BillWithLines } from '../../db/bills.ts';
import { saveCluster } from '../../db/clusters.ts';
import { saveStripeProductIds } from '../../db/price-list.ts';
import { findUser } from '../../db/users.ts';
import type { StartCheckoutRequest, StripeEventEnvelope } from '../../domain/workflow-contracts.ts';
import {
  type ActivityTestEnvironment,
  runOnce,
  runWithRetries,
  startActivityEnvironment,
  TEST_RULES,
} from '../support/activity-environment.ts';
import { namesOf } from '../support/simulator.ts';
import { giveCard, newBill, newCustomer, reloaded } from './fixtures.ts';

let environment: ActivityTestEnvironment;
let customer: UserKey;
beforeAll(async () => {
  environment = await startActivityEnvironment();
});
afterAll(() => environment.close());
beforeEach(async () => {
  customer = await newCustomer(environment);
});

const NOW_MS = Date.parse('2026-10-02T00:00:00Z');
const stripe = () => environment.simulator.stripe.test;

function event(type: string, objectId: string): StripeEventEnvelope {
  return { eventId: `evt_${randomUUID()}`, type, objectId, created: NOW_MS / 1_000 };
}

async function look(events: readonly StripeEventEnvelope[] = []): Promise<CustomerAtAGlance> {
  const { mode, stripeCustomerId } = customer;
  const seen = await runOnce(() =>
    environment.activities.lookAtCustomer({
      mode,
      stripeCustomerId,
      events,
      nowMs: NOW_MS,
    }),
  );
  if (seen === null) throw new Error('The customer is ours');
  return seen;
}

async function startCheckout(overrides: Partial<StartCheckoutRequest> = {}): Promise<string> {
  const { mode, stripeCustomerId } = customer;
  const request = {
    mode: 'setup',
    successUrl: 'https://example.com/done',
    cancelUrl: 'https://example.com/back',
    idempotencyKey: randomUUID(),
    ...overrides,
  } as const;
  const { id } = await runOnce(() =>
    environment.activities.createCheckoutSession({
      mode,
      stripeCustomerId,
      request,
    }),
  );
  return id;
}

async function completedCheckout(cardNumber = '4242424242424242'): Promise<string> {
  const id = await startCheckout();
  await environment.simulator.completeCheckout(id, cardNumber);
  return id;
}

/** A bill whose invoice Stripe could not collect, in Stripe and in the database. */
async function unpaidBill(): Promise<BillWithLines & { readonly stripeInvoiceId: string }> {
  await giveCard(environment, customer, 'pm_card_chargeCustomerFail');
  const bill = await newBill(environment, customer);
  await runOnce(() => environment.activities.invoiceBill({ mode: 'test', billId: bill.billId }));
  const { stripeInvoiceId } = await reloaded(environment, bill);
  if (stripeInvoiceId === null) throw new Error('It was invoiced');
  await expect(stripe().invoices.pay(stripeInvoiceId)).rejects.toMatchObject({ statusCode: 402 });
  await saveInvoiceOutcome(environment.db, {
    mode: 'test',
    billId: bill.billId,
    stripeInvoiceId,
    status: 'payment_failed',
    seenAt: new Date(NOW_MS - 1_000),
  });
  return { ...bill, stripeInvoiceId };
}

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
    expect(await look()).toEqual({
      userId: customer.userId,
      facts: {
        customerDeleted: false,
        defaultPaymentMethodId: null,
        paymentMethods: [],
        offeredPaymentMethodIds: [],
        subscriptions: [],
        completedSetups: [],
        unpaidBills: [],
        savedSubscriptionId: null,
        clusterId: null,
        graceEndsAtMs: null,
        graceMs: TEST_RULES.graceMs,
      },
    });
  });

  test('a customer who was deleted in Stripe', async () => {
    await stripe().customers.del(customer.stripeCustomerId);
    expect((await look()).facts).toMatchObject({ customerDeleted: true, defaultPaymentMethodId: null });
  });

  test('a completed setup is a fact, with the payment method it brought', async () => {
    const sessionId = await completedCheckout();
    const { facts } = await look([event('checkout.session.completed', sessionId)]);
    const [method] = facts.paymentMethods;
    expect(facts.completedSetups).toEqual([{ checkoutSessionId: sessionId, paymentMethodId: method?.id }]);
    expect(facts.offeredPaymentMethodIds).toEqual([method?.id]);
    // Stripe's Checkout sets no default: that is ours to do.
    expect(facts.defaultPaymentMethodId).toBeNull();
  });

  test('several completed setups come oldest first, however their events came; each once', async () => {
    const sessions = [await completedCheckout(), await completedCheckout('5555555555554444')];
    const events = sessions.map((id) => event('checkout.session.completed', id));
    const { facts } = await look([...events.toReversed(), ...events]);
    expect(facts.completedSetups.map((setup) => setup.checkoutSessionId).toSorted()).toEqual(
      sessions.toSorted(),
    );
    const created = await Promise.all(
      facts.completedSetups.map(
        async (setup) => (await stripe().checkout.sessions.retrieve(setup.checkoutSessionId)).created,
      ),
    );
    expect(created).toEqual(created.toSorted((a, b) => a - b));
  });

  test('an event that says "completed" of a session that is not is not believed', async () => {
    const sessionId = await startCheckout();
    const { facts } = await look([event('checkout.session.completed', sessionId)]);
    expect(facts.completedSetups).toEqual([]);
  });

  test('somebody else’s completed session is not this customer’s', async () => {
    const sessionId = await completedCheckout();
    customer = await newCustomer(environment);
    const { facts } = await look([event('checkout.session.completed', sessionId)]);
    expect(facts).toMatchObject({ completedSetups: [], offeredPaymentMethodIds: [] });
  });

  test('a session that has had its subscription does not ask for one again', async () => {
    const sessionId = await completedCheckout();
    await runOnce(() =>
      environment.activities.saveSubscription({
        ...customer,
        subscriptionId: 'sub_1',
        checkoutSessionIds: [sessionId],
      }),
    );
    const { facts } = await look([event('checkout.session.completed', sessionId)]);
    expect(facts).toMatchObject({ completedSetups: [], savedSubscriptionId: 'sub_1' });
  });

  test('an event that was applied is not applied again', async () => {
    const sessionId = await completedCheckout();
    const { facts: before } = await look();
    const methodId = before.paymentMethods[0]?.id ?? '';
    const events = [
      event('checkout.session.completed', sessionId),
      event('payment_method.attached', methodId),
    ];
    expect((await look(events)).facts.offeredPaymentMethodIds).toContain(methodId);
    await runOnce(() =>
      environment.activities.saveStanding({
        ...customer,
        standing: { status: 'active', waitingFor: null, reason: 'Because.', graceEndsAtMs: null },
        defaultPaymentMethodId: methodId,
        events,
      }),
    );
    expect((await look(events)).facts).toMatchObject({ completedSetups: [], offeredPaymentMethodIds: [] });
    expect(await findUser(environment.db, 'test', customer.userId)).toMatchObject({
      status: 'active',
      default_payment_method_id: methodId,
    });
  });

  test('an invoice event brings the bill to what Stripe says now, not to what the event says', async () => {
    await giveCard(environment, customer, 'pm_card_visa');
    const bill = await newBill(environment, customer);
    await runOnce(() => environment.activities.invoiceBill({ mode: 'test', billId: bill.billId }));
    const invoiceId = (await reloaded(environment, bill)).stripeInvoiceId ?? '';
    await stripe().invoices.pay(invoiceId);
    const { facts } = await look([event('invoice.payment_failed', invoiceId)]);
    expect(facts.unpaidBills).toEqual([]);
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'paid' });
  });

  test('a failed payment is an unpaid bill from when it was first seen', async () => {
    await giveCard(environment, customer, 'pm_card_chargeCustomerFail');
    const bill = await newBill(environment, customer);
    await runOnce(() => environment.activities.invoiceBill({ mode: 'test', billId: bill.billId }));
    const stripeInvoiceId = (await reloaded(environment, bill)).stripeInvoiceId ?? '';
    await expect(stripe().invoices.pay(stripeInvoiceId)).rejects.toThrow('declined');
    const { facts } = await look([event('invoice.payment_failed', stripeInvoiceId)]);
    expect(facts.unpaidBills).toEqual([{ billId: bill.billId, stripeInvoiceId, failedAtMs: NOW_MS }]);
    expect((await look()).facts.unpaidBills).toEqual(facts.unpaidBills);
  });

  test('an unpaid bill that was paid meanwhile is seen as paid, even when the event was lost', async () => {
    const bill = await unpaidBill();
    expect((await look()).facts.unpaidBills).toHaveLength(1);
    await giveCard(environment, customer, 'pm_card_visa');
    await stripe().invoices.pay(bill.stripeInvoiceId);
    expect((await look()).facts.unpaidBills).toEqual([]);
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'paid' });
  });

  test('an invoice that is not ours changes no bill', async () => {
    const invoice = await stripe().invoices.create({ customer: customer.stripeCustomerId });
    expect((await look([event('invoice.paid', invoice.id)])).facts.unpaidBills).toEqual([]);
  });
});

describe('setDefaultPaymentMethod', () => {
  test('makes it the one that invoices charge, and may be repeated', async () => {
    const paymentMethodId = (
      await stripe().paymentMethods.attach('pm_card_visa', { customer: customer.stripeCustomerId })
    ).id;
    for (const _ of [1, 2]) {
      await runOnce(() => environment.activities.setDefaultPaymentMethod({ ...customer, paymentMethodId }));
    }
    expect((await look()).facts.defaultPaymentMethodId).toBe(paymentMethodId);
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
    expect(subscription.items.data).toHaveLength(4);
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
      expect(items.data).toHaveLength(3);
      await db.updateTable('stripe_products').set({ stripe_price_id: null }).execute();
      await expect(
        runOnce(() => activities.createSubscription({ ...buyer, checkoutSessionId: 'cs_2' })),
      ).rejects.toMatchObject({ type: 'PriceListMissing', nonRetryable: false });
    } finally {
      await own.close();
    }
  });
});

describe('collectInvoices', () => {
  const collect = (stripeInvoiceIds: readonly string[]) =>
    runOnce(() => environment.activities.collectInvoices({ ...customer, stripeInvoiceIds, nowMs: NOW_MS }));

  test('a card that declines leaves the bill unpaid, with the time of its first failure', async () => {
    const bill = await unpaidBill();
    expect(await collect([bill.stripeInvoiceId])).toEqual([
      { billId: bill.billId, stripeInvoiceId: bill.stripeInvoiceId, failedAtMs: NOW_MS - 1_000 },
    ]);
    expect((await stripe().invoices.retrieve(bill.stripeInvoiceId)).attempt_count).toBe(2);
  });

  test('a good card pays it', async () => {
    const bill = await unpaidBill();
    await giveCard(environment, customer, 'pm_card_visa');
    expect(await collect([bill.stripeInvoiceId])).toEqual([]);
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'paid' });
  });

  test('an invoice that was paid without an answer is not charged twice', async () => {
    const bill = await unpaidBill();
    await giveCard(environment, customer, 'pm_card_visa');
    await environment.simulator.fault('POST /v1/invoices/:id/pay', 'processed_without_answer');
    const { result, attempts } = await runWithRetries(() =>
      environment.activities.collectInvoices({
        ...customer,
        stripeInvoiceIds: [bill.stripeInvoiceId],
        nowMs: NOW_MS,
      }),
    );
    expect({ result, attempts }).toEqual({ result: [], attempts: 1 });
    const { data } = await stripe().charges.list({ customer: customer.stripeCustomerId });
    expect(data.filter((charge) => charge.status === 'succeeded')).toHaveLength(1);
  });

  test('an invoice that somebody else has paid between our look and our charge is paid, not an error', async () => {
    const bill = await unpaidBill();
    await giveCard(environment, customer, 'pm_card_visa');
    const { test: client } = environment.simulator.stripe;
    const stale = await client.invoices.retrieve(bill.stripeInvoiceId);
    await client.invoices.pay(bill.stripeInvoiceId);
    // The look comes from before the payment, everything after it is real.
    const looking = vi.spyOn(client.invoices, 'retrieve').mockResolvedValueOnce(stale);
    try {
      expect(await collect([bill.stripeInvoiceId])).toEqual([]);
    } finally {
      looking.mockRestore();
    }
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'paid' });
  });

  test('a first charge that declines makes the bill one that is owed, without waiting for the event', async () => {
    await giveCard(environment, customer, 'pm_card_chargeCustomerFail');
    const bill = await newBill(environment, customer);
    await runOnce(() => environment.activities.invoiceBill({ mode: 'test', billId: bill.billId }));
    const stripeInvoiceId = (await reloaded(environment, bill)).stripeInvoiceId ?? '';
    expect(await collect([stripeInvoiceId])).toEqual([
      { billId: bill.billId, stripeInvoiceId, failedAtMs: NOW_MS },
    ]);
  });

  test('a voided invoice is not charged, and its bill is void', async () => {
    const bill = await unpaidBill();
    await stripe().invoices.voidInvoice(bill.stripeInvoiceId);
    expect(await collect([bill.stripeInvoiceId])).toEqual([]);
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'void' });
  });
});

describe('createCheckoutSession', () => {
  test('the same key gives the same session, another key another', async () => {
    const first = await startCheckout({ idempotencyKey: 'once' });
    expect(await startCheckout({ idempotencyKey: 'once' })).toBe(first);
    expect(await startCheckout({ idempotencyKey: 'once', successUrl: 'https://example.com/else' })).toBe(
      first,
    );
    expect(await startCheckout({ idempotencyKey: 'twice' })).not.toBe(first);
  });

  test('the same key of another user is another session', async () => {
    const first = await startCheckout({ idempotencyKey: 'mine' });
    customer = await newCustomer(environment);
    expect(await startCheckout({ idempotencyKey: 'mine' })).not.toBe(first);
  });

  test('it saves a card of this customer on Stripe’s page, and is remembered as theirs', async () => {
    const id = await startCheckout();
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
    const id = await startCheckout({ idempotencyKey: 'over' });
    await environment.simulator.completeCheckout(id, '4242424242424242');
    await expect(startCheckout({ idempotencyKey: 'over' })).rejects.toMatchObject({
      type: 'CheckoutOver',
      nonRetryable: true,
    });
  });

  test('a customer of nobody gets none', async () => {
    const { mode } = customer;
    customer = { mode, userId: 'nobody', stripeCustomerId: 'cus_nobody' };
    await expect(startCheckout()).rejects.toMatchObject({ type: 'UserNotFound', nonRetryable: true });
  });
});

describe('the rest of the commands', () => {
  test('assignCluster and releaseCluster move the user in their own mode', async () => {
    expect(await runOnce(() => environment.activities.assignCluster(customer))).toBeNull();
    await saveCluster(environment.db, { mode: 'test', clusterId: 'c1', capacity: 1 });
    expect(await runOnce(() => environment.activities.assignCluster(customer))).toBe('c1');
    expect((await look()).facts.clusterId).toBe('c1');
    await runOnce(() => environment.activities.releaseCluster(customer));
    expect((await look()).facts.clusterId).toBeNull();
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
