import { afterAll, beforeAll, expect, test } from 'vitest';
import { idOf } from '../../activities/stripe-values.ts';
import {
  type Customer,
  completeCheckout,
  defaultCardOf,
  newCustomer,
  settled,
  stateIs,
  stateOf,
  subscribedCustomer,
  subscriptionsOf,
  userOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { pastDueCustomer } from '../../chaos/world/usage.ts';
import { retryParked } from '../../cli/close-decisions.ts';
import { creditBalanceCents } from '../../db/credits.ts';
import { listDisputes } from '../../db/disputes.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { WEBHOOK_PATHS } from '../../domain/stripe-event.ts';
import {
  billedWithoutSubscription,
  billOf,
  changeDefault,
  closeThatStopsAtItsDraft,
  creditsCheckout,
  customerWithCard,
  disputeOfPayment,
} from './reconciled-customers.ts';
import { codesFor, DAY_MS, findingAbout, ReconciledService } from './reconciling.ts';

let service: ReconciledService;
beforeAll(async () => {
  service = await ReconciledService.start();
});
afterAll(() => service.stop());

/** A run that finds nothing but what wants a person still, hands on nothing, and changes nothing in Stripe. */
async function expectNothingLeft(): Promise<void> {
  const again = await service.reconcile();
  expect(again.findings.filter(({ fix }) => fix === 'repaired')).toEqual([]);
  expect(again.report).toMatchObject({ repaired: 0, forwardedEvents: 0 });
  expect(again.writes).toEqual([]);
}

test('the webhooks of a day are lost: each event is handed to its customer, and has its effect', async () => {
  const { billing } = service;
  const newcomer = await newCustomer(billing);
  const leaver = await subscribedCustomer(billing);
  await service.losing(async () => {
    await completeCheckout(billing, newcomer.checkout.id);
    const [subscription] = await subscriptionsOf(billing, leaver);
    await billing.stripe.test.subscriptions.cancel(subscription?.id ?? '');
    await service.letPass(DAY_MS);
  });

  const first = await service.reconcile();
  expect(codesFor(first, newcomer)).toEqual(['event_missed']);
  expect(codesFor(first, leaver)).toEqual(['event_missed']);
  await stateIs(billing, newcomer, 'active', ({ status }) => status === 'active');
  await stateIs(billing, leaver, 'suspended', ({ waitingFor }) => waitingFor === 'subscription');
  expect(await subscriptionsOf(billing, newcomer)).toHaveLength(1);
  await settled(billing, newcomer);
  await expectNothingLeft();
});

test('the endpoint is disabled for a week, and a customer has more events than their workflow remembers', {
  timeout: 600_000,
}, async () => {
  const { billing } = service;
  const { webhookEndpoints, paymentMethods } = billing.stripe.test;
  const customer = await subscribedCustomer(billing);
  const before = await stateOf(billing, customer);
  const endpoint = (await webhookEndpoints.list()).data.find(({ url }) => url.endsWith(WEBHOOK_PATHS.test));
  await webhookEndpoints.update(endpoint?.id ?? '', { disabled: true });
  const cards = 520;
  for (let card = 0; card < cards; card += 1) {
    const { id } = await paymentMethods.attach('pm_card_visa', { customer: customer.stripeCustomerId });
    if (card < cards - 1) await paymentMethods.detach(id);
  }
  await service.letPass(7 * DAY_MS);

  const first = await service.reconcile();
  expect(findingAbout(first, endpoint?.id ?? '')).toMatchObject({
    code: 'webhook_endpoint_disabled',
    fix: 'proposed',
    proposal: expect.stringContaining('enable it') as unknown,
  });
  expect(codesFor(first, customer)).toEqual(['event_missed']);
  expect(first.report.forwardedEvents).toBeGreaterThanOrEqual(2 * cards - 1);
  const after = await stateIs(
    billing,
    customer,
    'all events to be applied',
    ({ appliedEvents, queuedEvents }) =>
      queuedEvents === 0 && appliedEvents >= before.appliedEvents + 2 * cards - 1,
  );
  expect(after).toMatchObject({ status: 'active', duplicateEvents: before.duplicateEvents });
  expect(await subscriptionsOf(billing, customer)).toHaveLength(1);

  await webhookEndpoints.update(endpoint?.id ?? '', { disabled: false });
  await expectNothingLeft();
  expect((await service.reconcile()).report.openFindings).toEqual([]);
});

test('what was changed in Stripe, and told by webhooks that were lost, is found by its events', async () => {
  const { billing } = service;
  const { stripe } = billing;
  const canceled = await subscribedCustomer(billing);
  const voided = await pastDueCustomer(billing, 'test');
  const detached = await subscribedCustomer(billing);
  const changed = await subscribedCustomer(billing);
  const { stripeInvoiceId } = await billOf(service, voided);
  const other = await service.losing(async () => {
    const [subscription] = await subscriptionsOf(billing, canceled);
    await stripe.test.subscriptions.cancel(subscription?.id ?? '');
    await stripe.test.invoices.voidInvoice(stripeInvoiceId ?? '');
    await stripe.test.paymentMethods.detach(String(await defaultCardOf(billing, detached)));
    return await stripe.test.paymentMethods.attach('pm_card_mastercard', {
      customer: changed.stripeCustomerId,
    });
  });

  const first = await service.reconcile();
  for (const customer of [canceled, voided, detached, changed])
    expect(codesFor(first, customer)).toEqual(['event_missed']);
  await stateIs(billing, canceled, 'suspended', ({ waitingFor }) => waitingFor === 'subscription');
  await stateIs(billing, voided, 'active', ({ status }) => status === 'active');
  await stateIs(billing, detached, 'suspended', ({ waitingFor }) => waitingFor === 'payment_method');
  await eventually(
    'the new card to be the default',
    () => defaultCardOf(billing, changed),
    (id) => id === other.id,
  );
  expect((await billOf(service, voided)).status).toBe('void');
  for (const customer of [canceled, voided, detached, changed]) await settled(billing, customer);
  await expectNothingLeft();
});

test('the events are gone after thirty days: comparing objects finds what they told of', {
  timeout: 600_000,
}, async () => {
  const { billing } = service;
  const { stripe, db } = billing;
  await service.reconcile();
  // Nobody whose subscription lives: its next cycle would make events that have the customer looked at.
  const newcomer = await newCustomer(billing);
  const canceled = await subscribedCustomer(billing);
  const cardChanged = await customerWithCard(service);
  const cardRemoved = await customerWithCard(service);
  const buyer = await newCustomer(billing);
  const disputing = await newCustomer(billing);
  const refunded = await newCustomer(billing);
  const sessionId = await creditsCheckout(service, refunded, 10);
  await completeCheckout(billing, sessionId);
  const credits = (customer: Customer) => () => creditBalanceCents(db, customer.mode, customer.userId);
  await eventually('the credits to be granted', credits(refunded), (cents) => cents === 1_000);
  const voided = await billedWithoutSubscription(service, parseBillingPeriod('2019-03'));
  const { stripeInvoiceId } = await billOf(service, voided);
  const { dispute, other } = await service.losing(async () => {
    await completeCheckout(billing, newcomer.checkout.id);
    await completeCheckout(billing, await creditsCheckout(service, buyer, 25));
    const [subscription] = await subscriptionsOf(billing, canceled);
    await stripe.test.subscriptions.cancel(subscription?.id ?? '');
    await stripe.test.invoices.voidInvoice(stripeInvoiceId ?? '');
    await stripe.test.paymentMethods.detach(String(await defaultCardOf(billing, cardRemoved)));
    const other = await changeDefault(service, cardChanged);
    const dispute = await disputeOfPayment(service, disputing);
    const { payment_intent: intent } = await stripe.test.checkout.sessions.retrieve(sessionId);
    await stripe.test.refunds.create({ payment_intent: idOf(intent) ?? '' });
    // A dispute that nobody answers is lost after nine days, which makes the last event of all.
    await service.letPass(40 * DAY_MS);
    return { dispute, other };
  });

  const first = await service.reconcile();
  expect(first.report).toMatchObject({ comparesObjects: true });
  expect(first.report.eventsGone).not.toBeNull();
  // Until the setup has had its effect, which it may have by then or not, their card is not known either.
  expect(codesFor(first, newcomer)).toContain('setup_missed');
  expect(codesFor(first, buyer)).toEqual(['credits_missed']);
  expect(codesFor(first, canceled)).toEqual(['subscription_changed']);
  expect(codesFor(first, voided)).toEqual(['invoice_changed']);
  expect(codesFor(first, cardChanged)).toEqual(['payment_method_changed']);
  expect(codesFor(first, cardRemoved)).toEqual(['payment_method_changed']);
  expect(codesFor(first, disputing)).toEqual(['dispute_missed']);
  expect(codesFor(first, refunded)).toEqual(['refund_missed']);

  await stateIs(billing, newcomer, 'active', ({ status }) => status === 'active');
  expect(await subscriptionsOf(billing, newcomer)).toHaveLength(1);
  await stateIs(billing, canceled, 'suspended', ({ waitingFor }) => waitingFor === 'subscription');
  await eventually('the credits to be granted', credits(buyer), (cents) => cents === 2_500);
  await eventually('the credits to be taken back', credits(refunded), (cents) => cents === 0);
  await eventually(
    'the bill to be void',
    () => billOf(service, voided),
    ({ status }) => status === 'void',
  );
  const cardOf = async (customer: Customer) => (await userOf(billing, customer)).default_payment_method_id;
  await eventually(
    'the new card to be known',
    () => cardOf(cardChanged),
    (id) => id === other,
  );
  await eventually(
    'the card to be forgotten',
    () => cardOf(cardRemoved),
    (id) => id === null,
  );
  const disputes = () => listDisputes(db, disputing.mode, disputing.userId);
  await eventually('the dispute to be known', disputes, ([known]) => known?.id === dispute);

  await eventually(
    'what is under way to end',
    () => service.reconcile(),
    ({ report }) => report.repaired === 0,
  );
  await expectNothingLeft();
  expect(await credits(buyer)()).toBe(2_500);
  expect(await subscriptionsOf(billing, newcomer)).toHaveLength(1);
});

test('a draft is deleted by hand: the bill is parked, and retried it has one invoice over its amount', async () => {
  const { billing } = service;
  const customer = await subscribedCustomer(billing);
  const period = parseBillingPeriod('2019-05');
  const draft = await closeThatStopsAtItsDraft(service, customer, period);
  await billing.stripe.test.invoices.del(draft);

  const first = await service.reconcile();
  expect(findingAbout(first, draft)).toMatchObject({
    code: 'draft_deleted',
    userId: customer.userId,
    fix: 'proposed',
    proposal: expect.stringContaining('retry-parked 2019-05 --mode test') as unknown,
  });
  expect(await billOf(service, customer)).toMatchObject({ status: 'parked', stripeInvoiceId: null });
  expect((await service.reconcile()).writes).toEqual([]);

  await (await retryParked(billing.temporal, { mode: 'test', period }, 'an operator')).result();
  await stateIs(billing, customer, 'nothing to wait for', ({ queuedEvents }) => queuedEvents === 0);
  await eventually(
    'the bill to be paid',
    () => billOf(service, customer),
    ({ status }) => status === 'paid',
  );
  const invoices = await billing.stripe.test.invoices.list({ customer: customer.stripeCustomerId });
  const ofBill = invoices.data.filter(({ metadata }) => metadata?.['bill_id'] !== undefined);
  expect(ofBill).toMatchObject([{ status: 'paid', total: 200 }]);
  const second = await service.reconcile();
  expect(findingAbout(second, draft)).toBeUndefined();
  expect(second.report.openFindings).toEqual([]);
});

test('a meter event that somebody posted is reported with what to do, and so is the invoice that comes of it', async () => {
  const { billing } = service;
  const { stripe } = billing;
  const customer = await subscribedCustomer(billing);
  const payload = { stripe_customer_id: customer.stripeCustomerId, value: '12' };
  await stripe.test.billing.meterEvents.create({ event_name: 'durable_billing_gpu_hour', payload });

  const first = await service.reconcile();
  const posted = first.findings.find(({ userId }) => userId === customer.userId);
  expect(posted).toMatchObject({ code: 'meter_event_posted', fix: 'proposed' });
  expect(posted?.what).toMatch(
    /^Somebody posted 12 of gpu_hour to the meter mtr_\S+ for cus_\S+ in \d{4}-\d\d\.$/,
  );
  expect(posted?.proposal).toContain('credit its line of gpu_hour');
  expect(first.writes).toEqual([]);

  await service.letPass(32 * DAY_MS);
  const second = await service.reconcile();
  expect(codesFor(second, customer)).toContain('subscription_invoice_not_zero');
  const invoice = second.findings.find(({ code }) => code === 'subscription_invoice_not_zero');
  expect(invoice).toMatchObject({ userId: customer.userId, fix: 'proposed' });
  expect(invoice?.what).toContain('asks for $24.00');
  const third = await service.reconcile();
  expect(third.report).toMatchObject({ repaired: 0, open: second.report.open });
  expect(third.writes).toEqual([]);
});
