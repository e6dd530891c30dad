import { sql } from 'kysely';
import type { Stripe } from 'stripe';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import type { StripeEventEnvelope } from '../../domain/stripe-event.ts';
import { runOnce, useActivityEnvironment } from '../support/activity-environment.ts';
import {
  event,
  giveCard,
  lookAt,
  NOW_MS,
  newBill,
  newCustomer,
  openBill,
  reloaded,
  unpaidBill,
} from './fixtures.ts';

const environment = useActivityEnvironment();
let customer: KnownCustomer;
beforeEach(async () => {
  customer = await newCustomer(environment);
});

const stripe = () => environment.simulator.stripe.test;
const look = (events: readonly StripeEventEnvelope[] = []) => lookAt(environment, customer, events);

describe('lookAtCustomer', () => {
  test('an invoice event brings the bill to what Stripe says now, not to what the event says', async () => {
    await giveCard(environment, customer, 'pm_card_visa');
    const bill = await newBill(environment, customer);
    await runOnce(() => environment.activities.invoiceBill({ mode: 'test', billId: bill.billId }));
    const invoiceId = (await reloaded(environment, bill)).stripeInvoiceId ?? '';
    await stripe().invoices.pay(invoiceId);
    // As a bill from before there was a column for it.
    const ofBill = environment.db.updateTable('bills').where('bill_id', '=', bill.billId);
    await ofBill.set({ invoice_pdf_url: null }).execute();
    const facts = await look([event('invoice.payment_failed', invoiceId)]);
    expect(facts.unpaidBills).toEqual([]);
    const { invoice_pdf: invoicePdfUrl } = await stripe().invoices.retrieve(invoiceId);
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'paid', invoicePdfUrl });
  });

  test('a failed payment is an unpaid bill from when it was first seen', async () => {
    await giveCard(environment, customer, 'pm_card_chargeCustomerFail');
    const bill = await newBill(environment, customer);
    await runOnce(() => environment.activities.invoiceBill({ mode: 'test', billId: bill.billId }));
    const stripeInvoiceId = (await reloaded(environment, bill)).stripeInvoiceId ?? '';
    await expect(stripe().invoices.pay(stripeInvoiceId)).rejects.toThrow('declined');
    const facts = await look([event('invoice.payment_failed', stripeInvoiceId)]);
    expect(facts.unpaidBills).toMatchObject([{ billId: bill.billId, stripeInvoiceId, failedAtMs: NOW_MS }]);
    expect((await look()).unpaidBills).toEqual(facts.unpaidBills);
  });

  test('an unpaid bill that was paid meanwhile is seen as paid, even when the event was lost', async () => {
    const bill = await unpaidBill(environment, customer);
    expect((await look()).unpaidBills).toHaveLength(1);
    await giveCard(environment, customer, 'pm_card_visa');
    await stripe().invoices.pay(bill.stripeInvoiceId);
    expect((await look()).unpaidBills).toEqual([]);
    expect(await reloaded(environment, bill)).toMatchObject({ status: 'paid' });
  });

  test('a failed payment dates from when Stripe says it failed, however late and in whichever order that is told', async () => {
    const bill = await unpaidBill(environment, customer);
    const failedAt = NOW_MS / 1_000 - 86_400;
    await look([event('invoice.payment_failed', bill.stripeInvoiceId, { created: failedAt + 60 })]);
    await look([event('invoice.payment_failed', bill.stripeInvoiceId, { created: failedAt })]);
    const [unpaid] = (await look()).unpaidBills;
    expect(unpaid?.failedAtMs).toBe(failedAt * 1_000);
  });

  test('a failure whose event is late or lost is seen all the same', async () => {
    const bill = await openBill(environment, customer);
    await expect(stripe().invoices.pay(bill.stripeInvoiceId)).rejects.toThrow('no default payment method');
    const [unpaid] = (await look()).unpaidBills;
    expect(unpaid).toMatchObject({
      stripeRetriesAtMs: null,
      needsCustomerAction: false,
      isCollectible: true,
    });
  });

  test('what Stripe plans, and what only the customer can do, are facts', async () => {
    const charged = async (card: string): Promise<object | undefined> => {
      const { id } = await stripe().paymentMethods.attach(card, { customer: customer.stripeCustomerId });
      await stripe().customers.update(customer.stripeCustomerId, {
        invoice_settings: { default_payment_method: id },
      });
      const bill = await openBill(environment, customer);
      await expect(stripe().invoices.pay(bill.stripeInvoiceId)).rejects.toMatchObject({ statusCode: 402 });
      expect(await reloaded(environment, bill)).toMatchObject({ status: 'open' });
      return (await look()).unpaidBills[0];
    };
    expect(await charged('pm_card_chargeCustomerFail')).toMatchObject({
      stripeRetriesAtMs: expect.any(Number) as number,
      needsCustomerAction: false,
    });
    customer = await newCustomer(environment);
    expect(await charged('pm_card_authenticationRequired')).toMatchObject({
      stripeRetriesAtMs: null,
      needsCustomerAction: true,
    });
    const { rows } = await sql<{ url: string }>`
      SELECT hosted_invoice_url AS url FROM bills WHERE user_id = ${customer.userId}`.execute(environment.db);
    expect(rows[0]?.url).toMatch(/^http/);
  });

  test('a card that came after a failure is not seen without that failure', async () => {
    await giveCard(environment, customer, 'pm_card_chargeCustomerFail');
    const bill = await openBill(environment, customer);
    await environment.simulator.fault('GET /v1/payment_methods', 'latency', { latencyMs: 1_500 });
    const looking = look();
    // While the look waits for the payment methods, Stripe's attempt fails, and the customer adds another.
    await stripe()
      .invoices.pay(bill.stripeInvoiceId)
      .catch(() => undefined);
    const { id } = await stripe().paymentMethods.attach('pm_card_visa', {
      customer: customer.stripeCustomerId,
    });
    const facts = await looking;
    expect(facts.newPaymentMethodIds).toContain(id);
    expect(facts.unpaidBills).toHaveLength(1);
  });

  test('a failed bill knows the card that failed', async () => {
    const bill = await unpaidBill(environment, customer);
    const { invoice_settings } = (await stripe().customers.retrieve(
      customer.stripeCustomerId,
    )) as Stripe.Customer;
    expect((await look()).unpaidBills).toMatchObject([
      { billId: bill.billId, failedPaymentMethodId: invoice_settings.default_payment_method },
    ]);
  });

  test('a bill that was written off is still owed, and not to be charged', async () => {
    const bill = await unpaidBill(environment, customer);
    await stripe().invoices.markUncollectible(bill.stripeInvoiceId);
    const facts = await look([event('invoice.marked_uncollectible', bill.stripeInvoiceId)]);
    expect(facts.unpaidBills).toMatchObject([{ billId: bill.billId, isCollectible: false }]);
  });

  test('an invoice that Stripe could not finalize parks its bill, with the reason', async () => {
    const bill = await newBill(environment, customer);
    const draft = await stripe().invoices.create({
      customer: customer.stripeCustomerId,
      metadata: { bill_id: bill.billId },
    });
    const failed = {
      ...draft,
      last_finalization_error: { message: 'No tax location', type: 'invalid_request_error' },
    };
    const retrieving = vi.spyOn(stripe().invoices, 'retrieve').mockResolvedValueOnce(failed);
    try {
      const facts = await look([event('invoice.finalization_failed', draft.id)]);
      expect(facts.parkedBills).toEqual([
        { billId: bill.billId, problem: `${draft.id} can't be finalized: No tax location` },
      ]);
    } finally {
      retrieving.mockRestore();
    }
  });

  test('an event about a draft that was deleted in Stripe holds nothing up', async () => {
    const { id } = await stripe().invoices.create({ customer: customer.stripeCustomerId });
    await stripe().invoices.del(id);
    const facts = await look([event('invoice.finalization_failed', id)]);
    expect(facts).toMatchObject({ unpaidBills: [], parkedBills: [] });
  });

  test('a bill whose invoice Stripe does not have is not passed over', async () => {
    const bill = await openBill(environment, customer);
    await environment.db
      .updateTable('bills')
      .set({ stripe_invoice_id: 'in_gone' })
      .where('bill_id', '=', bill.billId)
      .execute();
    await expect(look([event('invoice.paid', 'in_gone')])).rejects.toMatchObject({ type: 'StripeRefused' });
  });

  test('an invoice that is not ours changes no bill', async () => {
    const invoice = await stripe().invoices.create({ customer: customer.stripeCustomerId });
    expect((await look([event('invoice.paid', invoice.id)])).unpaidBills).toEqual([]);
  });
});
