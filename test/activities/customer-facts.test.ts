import { sql } from 'kysely';
import type { Stripe } from 'stripe';
import { beforeEach, describe, expect, test, vi } from 'vitest';
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
  newBill,
  newCustomer,
  openBill,
  reloaded,
  startCheckout,
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
