import type { Stripe } from 'stripe';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import { runOnce, runWithRetries, useActivityEnvironment } from '../support/activity-environment.ts';
import { giveCard, NOW_MS, newBill, newCustomer, reloaded, unpaidBill } from './fixtures.ts';

const environment = useActivityEnvironment();
let customer: KnownCustomer;
beforeEach(async () => {
  customer = await newCustomer(environment);
});

const stripe = () => environment.simulator.stripe.test;

describe('collectInvoices', () => {
  const collect = (stripeInvoiceIds: readonly string[], paymentMethodIds: readonly string[] = []) =>
    runOnce(() =>
      environment.activities.collectInvoices({
        ...customer,
        stripeInvoiceIds,
        paymentMethodIds,
        nowMs: NOW_MS,
      }),
    );
  const attach = async (card: string) =>
    (await stripe().paymentMethods.attach(card, { customer: customer.stripeCustomerId })).id;

  test('a card that declines leaves the bill unpaid, with the time of its first failure', async () => {
    const bill = await unpaidBill(environment, customer);
    expect(await collect([bill.stripeInvoiceId])).toMatchObject([
      {
        billId: bill.billId,
        stripeInvoiceId: bill.stripeInvoiceId,
        failedAtMs: NOW_MS - 1_000,
        collectionAttempts: 1,
        lastCollectionAtMs: NOW_MS,
      },
    ]);
    expect((await stripe().invoices.retrieve(bill.stripeInvoiceId)).attempt_count).toBe(1);
  });

  test('a good card pays it', async () => {
    const bill = await unpaidBill(environment, customer);
    await giveCard(environment, customer, 'pm_card_visa');
    expect(await collect([bill.stripeInvoiceId])).toEqual([]);
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'paid' });
  });

  test('new payment methods are tried in turn until one pays; the default stays what it is', async () => {
    const bill = await unpaidBill(environment, customer);
    const { invoice_settings } = (await stripe().customers.retrieve(
      customer.stripeCustomerId,
    )) as Stripe.Customer;
    const [bad, good, another] = [
      await attach('pm_card_chargeCustomerFail'),
      await attach('pm_card_visa'),
      await attach('pm_card_mastercard'),
    ];
    expect(await collect([bill.stripeInvoiceId], [bad, good, another])).toEqual([]);
    const { data } = await stripe().charges.list({ customer: customer.stripeCustomerId });
    expect(data.filter(({ status }) => status === 'succeeded').map((each) => each.payment_method)).toEqual([
      good,
    ]);
    expect(await stripe().customers.retrieve(customer.stripeCustomerId)).toMatchObject({ invoice_settings });
  });

  test('an attempt whose refusal Stripe has kept is made anew, and not answered from memory', async () => {
    const bill = await unpaidBill(environment, customer);
    await giveCard(environment, customer, 'pm_card_visa');
    await environment.simulator.fault('POST /v1/invoices/:id/pay', 'status_500');
    const { attempts } = await runWithRetries(() =>
      environment.activities.collectInvoices({
        ...customer,
        stripeInvoiceIds: [bill.stripeInvoiceId],
        paymentMethodIds: [],
        nowMs: NOW_MS,
      }),
    );
    expect(attempts).toBeGreaterThan(1);
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'paid' });
  });

  test('an invoice that was paid without an answer is not charged twice', async () => {
    const bill = await unpaidBill(environment, customer);
    await giveCard(environment, customer, 'pm_card_visa');
    await environment.simulator.fault('POST /v1/invoices/:id/pay', 'processed_without_answer');
    const { result, attempts } = await runWithRetries(() =>
      environment.activities.collectInvoices({
        ...customer,
        stripeInvoiceIds: [bill.stripeInvoiceId],
        paymentMethodIds: [],
        nowMs: NOW_MS,
      }),
    );
    expect({ result, attempts }).toEqual({ result: [], attempts: 1 });
    const { data } = await stripe().charges.list({ customer: customer.stripeCustomerId });
    expect(data.filter((charge) => charge.status === 'succeeded')).toHaveLength(1);
  });

  test('an invoice that somebody else has paid between our look and our charge is paid, not an error', async () => {
    const bill = await unpaidBill(environment, customer);
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
    expect(await collect([stripeInvoiceId])).toMatchObject([
      { billId: bill.billId, stripeInvoiceId, failedAtMs: NOW_MS },
    ]);
  });

  test('a voided invoice is not charged, and its bill is void', async () => {
    const bill = await unpaidBill(environment, customer);
    await stripe().invoices.voidInvoice(bill.stripeInvoiceId);
    expect(await collect([bill.stripeInvoiceId])).toEqual([]);
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'void' });
  });
});
