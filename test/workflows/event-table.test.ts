import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  CARDS,
  type Customer,
  callApi,
  completeCheckout,
  defaultCardOf,
  settled,
  simulate,
  stateIs,
  subscribedCustomer,
  subscriptionsOf,
  userOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { billGpuHour, pastDueCustomer } from '../../chaos/world/usage.ts';
import { listBills } from '../../db/bills.ts';
import { creditBalanceCents } from '../../db/credits.ts';
import { billingPeriodOf, periodEnd } from '../../domain/billing-period.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from './service.ts';

// docs/billing.md, "What each Stripe event does": each row, at the live and at the test endpoint.

let billing: BillingService;
beforeAll(async () => {
  billing = await startTestBilling();
  await billing.startWorker();
});
afterAll(() => billing.stop());

const billsOf = ({ mode, userId }: Customer) => listBills(billing.db, mode, userId);
const invoiceOf = async (customer: Customer) => (await billsOf(customer))[0]?.stripeInvoiceId ?? '';
const subscriptionOf = async (customer: Customer) => (await subscriptionsOf(billing, customer))[0]?.id ?? '';

describe.each(MODES)('in %s mode', (mode) => {
  const stripe = () => billing.stripe[mode];

  test('checkout.session.completed in mode payment, and charge.refunded: credits come and go', async () => {
    const customer = await subscribedCustomer(billing, { mode });
    const { id } = await callApi<{ id: string }>(
      billing,
      mode,
      'POST',
      `/api/users/${customer.userId}/checkout-sessions`,
      {
        body: {
          mode: 'credits',
          credits: 25,
          successUrl: 'https://a.example',
          cancelUrl: 'https://a.example',
        },
      },
    );
    await completeCheckout(billing, id);
    await settled(billing, customer);
    const balance = () => creditBalanceCents(billing.db, mode, customer.userId);
    expect(await balance()).toBe(2_500);
    // Buying credits is no subscription, nor a second one.
    expect(await subscriptionsOf(billing, customer)).toHaveLength(1);
    const { data } = await stripe().charges.list({ customer: customer.stripeCustomerId });
    await stripe().refunds.create({ charge: data[0]?.id ?? '', amount: 1_000 });
    await settled(billing, customer);
    expect(await balance()).toBe(1_500);
  });

  test('customer.subscription.deleted: suspended, the place given back, usage so far billed', async () => {
    const customer = await subscribedCustomer(billing, { mode });
    const subscriptionId = await subscriptionOf(customer);
    await stripe().subscriptions.cancel(subscriptionId);
    expect(await settled(billing, customer)).toMatchObject({
      status: 'suspended',
      clusterId: null,
      stripeObjectId: subscriptionId,
    });
    await billGpuHour(billing, customer);
    const bills = await eventually(
      'the bill to be paid',
      () => billsOf(customer),
      ([bill]) => bill?.status === 'paid',
    );
    expect(bills).toMatchObject([{ totalCents: 200 }]);
    expect(await userOf(billing, customer)).toMatchObject({ status: 'suspended' });
  });

  test('invoice.payment_failed, then invoice.paid out of band: in grace, and back', async () => {
    const customer = await pastDueCustomer(billing, mode);
    const api = `/api/users/${customer.userId}/billing`;
    expect(await callApi(billing, mode, 'GET', api)).toMatchObject({
      status: 'past_due',
      owedCents: 200,
      graceEndsAt: expect.any(String) as string,
      hostedInvoiceUrl: expect.stringMatching(/^http/) as string,
    });
    await stripe().invoices.pay(await invoiceOf(customer), { paid_out_of_band: true });
    expect(await settled(billing, customer)).toMatchObject({ status: 'active', graceEndsAtMs: null });
    expect(await billsOf(customer)).toMatchObject([{ status: 'paid' }]);
    expect(await callApi(billing, mode, 'GET', api)).not.toHaveProperty('hostedInvoiceUrl');
  });

  test('invoice.voided is owed no more; invoice.marked_uncollectible still is', async () => {
    const [forgiven, writtenOff] = [
      await pastDueCustomer(billing, mode),
      await pastDueCustomer(billing, mode),
    ];
    await stripe().invoices.voidInvoice(await invoiceOf(forgiven));
    expect(await settled(billing, forgiven)).toMatchObject({ status: 'active' });
    expect(await billsOf(forgiven)).toMatchObject([{ status: 'void' }]);
    await stripe().invoices.markUncollectible(await invoiceOf(writtenOff));
    expect(await settled(billing, writtenOff)).toMatchObject({ status: 'past_due' });
  });

  test('payment_method.detached: the last one gone suspends, an earlier one takes over', async () => {
    const customer = await subscribedCustomer(billing, { mode });
    const first = await defaultCardOf(billing, customer);
    const second = await stripe().paymentMethods.attach('pm_card_mastercard', {
      customer: customer.stripeCustomerId,
    });
    await settled(billing, customer);
    expect(await defaultCardOf(billing, customer)).toBe(second.id);
    await stripe().paymentMethods.detach(second.id);
    expect(await settled(billing, customer)).toMatchObject({ status: 'active' });
    expect(await defaultCardOf(billing, customer)).toBe(first);
    await stripe().paymentMethods.detach(String(first));
    expect(await settled(billing, customer)).toMatchObject({
      status: 'suspended',
      waitingFor: 'payment_method',
      clusterId: `cluster-${mode}`,
    });
  });

  test('customer.deleted: suspended, and the place given back', async () => {
    const customer = await subscribedCustomer(billing, { mode });
    await stripe().customers.del(customer.stripeCustomerId);
    await stateIs(billing, customer, 'suspended', ({ status }) => status === 'suspended');
    expect(await userOf(billing, customer)).toMatchObject({ status: 'suspended', cluster_id: null });
  });
});

test('customer.subscription.updated: past_due is grace, active brings back, unpaid suspends', async () => {
  // A Stripe of its own: its clock is moved.
  const billing = await startTestBilling();
  onTestFinished(() => billing.stop());
  await billing.startWorker();
  await simulate(billing, 'settings', { afterDunning: 'unpaid' });
  /** Whose subscription's own invoice asks for money: it does so only when somebody posts meter events. */
  const meteredCustomer = async (mode: Mode) => {
    const customer = await subscribedCustomer(billing, { mode, card: CARDS.declinesCharges });
    await billing.stripe[mode].billing.meterEvents.create({
      event_name: 'durable_billing_gpu_hour',
      payload: { stripe_customer_id: customer.stripeCustomerId, value: '10' },
    });
    return customer;
  };
  const [payer, debtor] = [await meteredCustomer('live'), await meteredCustomer('test')];
  const cycleMs = periodEnd(billingPeriodOf(new Date())).getTime();
  const hoursAfterCycle = (hours: number) =>
    simulate(billing, 'clock', { now: new Date(cycleMs + hours * 60 * 60_000).toISOString() });
  const comesTo = (customer: Customer, status: string) =>
    stateIs(billing, customer, status, (state) => state.status === status);

  await hoursAfterCycle(3);
  for (const customer of [payer, debtor])
    expect((await comesTo(customer, 'past_due')).stripeObjectId).toMatch(/^sub_/);
  const { id: payment_method } = await billing.stripe.live.paymentMethods.attach('pm_card_visa', {
    customer: payer.stripeCustomerId,
  });
  const { data } = await billing.stripe.live.invoices.list({
    customer: payer.stripeCustomerId,
    status: 'open',
  });
  for (const { id } of data) await billing.stripe.live.invoices.pay(id, { payment_method });
  expect(await comesTo(payer, 'active')).toMatchObject({ waitingFor: null });

  await hoursAfterCycle(24 * 24);
  expect(await comesTo(debtor, 'suspended')).toMatchObject({
    waitingFor: 'payment',
    reason: 'The subscription is unpaid in Stripe.',
  });
  expect(await stateIs(billing, payer, 'an answer', () => true)).toMatchObject({ status: 'active' });
});
