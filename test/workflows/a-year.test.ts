import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StripeClient } from '../../activities/stripe-client.ts';
import {
  CARDS,
  cardsOf,
  completeCheckout,
  simulate,
  userOf,
  workflowOf,
} from '../../chaos/world/customers.ts';
import { EXTEND_GRACE_UPDATE } from '../../domain/customer-workflow.ts';
import type { LoggedRequest } from '../../stripe-simulator/request-log.ts';
import { GRACE_MS } from '../support/billing-worker.ts';
import { DAY_MS, Life, type MovableService, startMovableService } from './year.ts';

// Everything is real but time: api, workflows, activities, PostgreSQL, and Stripe's stand-in over HTTP.

const DECLINED = '4000000000000002';
const WANTS_OWNER_ONCE = '4000002500003155';
const WANTS_OWNER_ALWAYS = '4000002760003184';
const MINUTE_MS = 60_000;
/** A year takes some 20 seconds, and longer where others want the machine too. */
const TEST_TIMEOUT_MS = 15 * MINUTE_MS;

let service: MovableService;
let stripe: StripeClient;

beforeAll(async () => {
  service = await startMovableService();
  stripe = service.billing.stripe.test;
});
afterAll(() => service.stop());

/** At the end of a month in which all went well. */
const WELL = {
  status: 'active',
  waitingFor: null,
  graceEndsAt: null,
  cluster: 'cluster-test',
  liveSubscriptions: 1,
} as const;

test('a customer lives twelve months in seconds, and pays for every hour used, to the cent', {
  timeout: TEST_TIMEOUT_MS,
}, async () => {
  const ada = await Life.begin(service);
  const { customer } = ada;

  // 1: a card that is declined, and one that wants its owner, on the same page.
  const { id: page } = ada.firstCheckout;
  await expect(completeCheckout(service.billing, page, DECLINED)).rejects.toThrow('card_declined');
  expect(await stripe.checkout.sessions.retrieve(page)).toMatchObject({ status: 'open' });
  expect(await ada.settled()).toMatchObject({ status: 'none', waitingFor: 'checkout', clusterId: null });
  expect(await enterCard(page, WANTS_OWNER_ONCE, false)).toBe('requires_action');
  expect(await ada.settled()).toMatchObject({ status: 'none', waitingFor: 'checkout' });
  expect(await enterCard(page, WANTS_OWNER_ONCE, true)).toBe('complete');
  expect(await ada.settled()).toMatchObject({ status: 'active', clusterId: 'cluster-test' });
  const [first] = await ada.liveSubscriptionIds();
  await ada.use('10');
  expect(await ada.endMonth()).toEqual({ ...WELL, card: '3155', bill: ['paid', 2_000] });

  // 2 and 3: another card that pays; the subscription stays.
  await ada.liveUntil(ada.day(5));
  await ada.addCard(CARDS.good);
  await ada.use('20.25');
  expect(await ada.endMonth()).toEqual({ ...WELL, card: '4242', bill: ['paid', 4_050] });
  await ada.use('1.5');
  expect(await ada.endMonth()).toEqual({ ...WELL, card: '4242', bill: ['paid', 300] });

  // 4: the card that is charged is one that refuses.
  await ada.liveUntil(ada.day(20));
  expect(await ada.addCard(CARDS.declinesCharges)).toMatchObject({ status: 'active' });
  await ada.use('30');
  const unpaid = ada.month;
  const declined = await ada.endMonth();
  const failedAtMs = await ada.firstFailureMs(unpaid);
  const owes = {
    ...WELL,
    waitingFor: 'payment',
    graceEndsAt: isoOf(failedAtMs + GRACE_MS),
    card: '0341',
  };
  expect(declined).toEqual({ ...owes, status: 'past_due', bill: ['payment_failed', 6_000] });

  // 5: suspended when the grace period is over, and what was used before is billed all the same.
  await ada.use('7.5');
  const lastMinute = await ada.liveUntil(failedAtMs + GRACE_MS - MINUTE_MS);
  expect(lastMinute).toMatchObject({ status: 'past_due', nextLookAtMs: failedAtMs + GRACE_MS });
  const { status, sinceMs } = await ada.liveUntil(failedAtMs + GRACE_MS);
  expect(status).toBe('suspended');
  expect(sinceMs).toBeGreaterThanOrEqual(failedAtMs + GRACE_MS);
  expect(sinceMs).toBeLessThan(failedAtMs + GRACE_MS + MINUTE_MS);
  await ada.liveUntil(failedAtMs + 14 * DAY_MS);
  // Stripe's own attempts; while it makes them, we make none.
  expect(await daysOfFailedCharges(ada, failedAtMs)).toEqual([0, 3, 8]);
  expect(await paymentsAskedFor()).toEqual([]);
  expect(await ada.endMonth()).toEqual({ ...owes, status: 'suspended', bill: ['payment_failed', 1_500] });

  // 6: a card that pays; both bills are paid at once.
  await ada.liveUntil(ada.day(3));
  expect(await ada.billing()).toMatchObject({ owedCents: 7_500 });
  expect(await ada.addCard(CARDS.good)).toMatchObject({ status: 'active', graceEndsAtMs: null });
  expect(await ada.billing()).toMatchObject({ owedCents: 0, clusterId: 'cluster-test' });
  expect(await ada.billOf(unpaid)).toMatchObject({ status: 'paid' });
  await ada.use('40');
  expect(await ada.endMonth()).toEqual({ ...WELL, card: '4242', bill: ['paid', 8_000] });

  // 7: it happens again.
  await ada.liveUntil(ada.day(15));
  await ada.addCard(CARDS.declinesCharges);
  await ada.use('12');
  const again = ada.month;
  const declinedAgain = await ada.endMonth();
  const failedAgainAtMs = await ada.firstFailureMs(again);
  expect(declinedAgain).toEqual({
    ...owes,
    status: 'past_due',
    graceEndsAt: isoOf(failedAgainAtMs + GRACE_MS),
    bill: ['payment_failed', 2_400],
  });

  // 8: an operator gives more time, which is forgotten once it is paid.
  await ada.liveUntil(failedAgainAtMs + 6 * DAY_MS);
  const askedAtMs = await service.nowMs();
  await workflowOf(service.billing, customer).executeUpdate(EXTEND_GRACE_UPDATE, {
    args: [{ days: 10, by: 'ops' }],
  });
  const extended = await ada.liveUntil(failedAgainAtMs + 12 * DAY_MS);
  expect(extended.status).toBe('past_due');
  expect(extended.graceEndsAtMs).toBeGreaterThanOrEqual(askedAtMs + 10 * DAY_MS);
  expect(extended.graceEndsAtMs).toBeLessThan(askedAtMs + 10 * DAY_MS + MINUTE_MS);
  expect(await ada.addCard(CARDS.anotherGood)).toMatchObject({ status: 'active', graceEndsAtMs: null });
  expect(await userOf(service.billing, customer)).toMatchObject({ grace_extended_until: null });
  await ada.use('2');
  expect(await ada.endMonth()).toEqual({ ...WELL, card: '4444', bill: ['paid', 400] });

  // 9: the subscription is ended in mid-month; what was used until then is billed and paid.
  await ada.use('5.25');
  await ada.liveUntil(ada.day(14));
  expect(await ada.liveSubscriptionIds()).toEqual([first]);
  await stripe.subscriptions.cancel(first ?? '');
  const ended = {
    ...WELL,
    status: 'suspended',
    waitingFor: 'subscription',
    cluster: null,
    liveSubscriptions: 0,
    card: '4444',
  };
  expect(await ada.settled()).toMatchObject({ status: 'suspended', clusterId: null });
  expect(await ada.endMonth()).toEqual({ ...ended, bill: ['paid', 1_050] });

  // 10: nothing.
  expect(await ada.endMonth()).toEqual({ ...ended, bill: null });

  // 11: another subscription.
  await ada.liveUntil(ada.day(9));
  expect(await ada.addCard(CARDS.good)).toMatchObject({ status: 'active', clusterId: 'cluster-test' });
  const [second] = await ada.liveSubscriptionIds();
  expect(second).not.toBe(first);
  await ada.use('100');
  expect(await ada.endMonth()).toEqual({ ...WELL, card: '4242', bill: ['paid', 20_000] });

  // 12: all cards are removed, and one is added again.
  await ada.liveUntil(ada.day(10));
  const cards = await cardsOf(service.billing, customer);
  expect(cards.length).toBeGreaterThan(1);
  const [last, ...others] = cards.toReversed();
  for (const card of others) await stripe.paymentMethods.detach(card.id);
  expect(await ada.settled()).toMatchObject({ status: 'active' });
  expect(await ada.defaultCard()).toBe('3155');
  await stripe.paymentMethods.detach(last?.id ?? '');
  expect(await ada.settled()).toMatchObject({
    status: 'suspended',
    waitingFor: 'payment_method',
    clusterId: 'cluster-test',
  });
  await ada.liveUntil(ada.day(11));
  expect(await ada.addCard(CARDS.good)).toMatchObject({ status: 'active', waitingFor: null });
  expect(await ada.liveSubscriptionIds()).toEqual([second]);
  await ada.use('8');
  expect(await ada.endMonth()).toEqual({ ...WELL, card: '4242', bill: ['paid', 1_600] });

  const hours = 10 + 20.25 + 1.5 + 30 + 7.5 + 40 + 12 + 2 + 5.25 + 100 + 8;
  expect(await paidCents(customer.stripeCustomerId)).toBe(hours * 200);
});

test('a payment that wants the customer waits for them, is not retried by us, and ends the grace period', async () => {
  const eve = await Life.begin(service);
  await enterCard(eve.firstCheckout.id, WANTS_OWNER_ALWAYS, true);
  expect(await eve.settled()).toMatchObject({ status: 'active' });
  await eve.use('6');
  const { month } = eve;
  const closed = await eve.endMonth();
  const graceEndsAtMs = (await eve.firstFailureMs(month)) + GRACE_MS;
  expect(closed).toEqual({
    ...WELL,
    status: 'past_due',
    waitingFor: 'payment',
    graceEndsAt: isoOf(graceEndsAtMs),
    card: '3184',
    bill: ['payment_failed', 1_200],
  });

  // Longer than the last of our own attempts, and no other deadline than the end of the grace period.
  const before = (await paymentsAskedFor()).length;
  const waiting = await eve.liveUntil(graceEndsAtMs - MINUTE_MS);
  expect(waiting).toMatchObject({ status: 'past_due', nextLookAtMs: graceEndsAtMs });
  expect(await paymentsAskedFor()).toHaveLength(before);
  const bill = await eve.billOf(month);
  const invoice = await stripe.invoices.retrieve(bill?.stripeInvoiceId ?? '');
  expect(invoice.attempt_count).toBe(1);
  const { hostedInvoiceUrl } = await eve.billing();
  expect(hostedInvoiceUrl).toBe(invoice.hosted_invoice_url);

  // What a person does on that page, and then on their bank's.
  const paying = `invoices/${invoice.id}/pay`;
  expect(await simulate(service.billing, paying, { authenticate: true })).toMatchObject({ outcome: 'paid' });
  expect(await eve.settled()).toMatchObject({ status: 'active', nextLookAtMs: null });
  expect(await eve.billOf(month)).toMatchObject({ status: 'paid' });
  expect(await eve.billing()).not.toHaveProperty('hostedInvoiceUrl');
  expect(await timersRunning(eve)).toBe(0);
  expect(await eve.liveUntil(graceEndsAtMs + DAY_MS)).toMatchObject({ status: 'active' });
});

/** What a person does on Stripe's page, and then perhaps on their bank's. */
async function enterCard(page: string, cardNumber: string, authenticate: boolean): Promise<string> {
  const answer = await simulate(service.billing, `checkout/${page}/complete`, { cardNumber, authenticate });
  return (answer as { readonly outcome: string }).outcome;
}

/** Days after `sinceMs` on which a charge failed. */
async function daysOfFailedCharges({ customer }: Life, sinceMs: number): Promise<number[]> {
  const { data } = await stripe.charges.list({ customer: customer.stripeCustomerId, limit: 100 });
  return data
    .filter(({ status }) => status === 'failed')
    .map(({ created }) => Math.round((created * 1_000 - sinceMs) / DAY_MS))
    .toSorted((a, b) => a - b);
}

/** Every time that we have asked Stripe to charge an invoice. */
async function paymentsAskedFor(): Promise<string[]> {
  const response = await fetch(`${service.billing.simulatorUrl}/_sim/requests`);
  const { requests } = (await response.json()) as { readonly requests: readonly LoggedRequest[] };
  return requests
    .filter(({ method, path }) => method === 'POST' && /^\/v1\/invoices\/\w+\/pay$/.test(path))
    .map(({ path }) => path);
}

async function paidCents(customer: string): Promise<number> {
  let cents = 0;
  for await (const charge of stripe.charges.list({ customer, limit: 100 })) {
    if (charge.status === 'succeeded') cents += charge.amount;
  }
  return cents;
}

/** Timers of the customer's workflow that were started and have neither fired nor been canceled. */
async function timersRunning({ customer }: Life): Promise<number> {
  const { events } = await workflowOf(service.billing, customer).fetchHistory();
  let running = 0;
  for (const event of events ?? []) {
    if (event.timerStartedEventAttributes) running += 1;
    if (event.timerFiredEventAttributes ?? event.timerCanceledEventAttributes) running -= 1;
  }
  return running;
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
