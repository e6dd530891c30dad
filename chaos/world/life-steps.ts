/**
 * What a person, or the world, does to a customer: what lives are made of. Each step may be repeated when it failed half-way: it
 * looks first for what it has done already, or says what comes of doing it twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stripe } from 'stripe';
import { listBills } from '../../db/bills.ts';
import { creditBalanceCents } from '../../db/credits.ts';
import {
  CARDS,
  type Customer,
  callApi,
  cardsOf,
  completeCheckout,
  type StartedCheckout,
  startCheckout,
  subscriptionsOf,
  userOf,
} from './customers.ts';
import { until } from './eventually.ts';
import type { RunningBilling } from './running-billing.ts';

/** Somebody who lives, with what they remember: a step that is taken again knows by it what it has done. */
export interface Person extends Customer {
  /** Their setup Checkouts that nobody has completed, oldest first. */
  readonly openCheckouts: StartedCheckout[];
  /** The id of a card that they were about to add, and may have added. */
  cardInHand: string | null;
  /** How many Checkouts they have begun since the first: each has a key of its own, whoever asks again. */
  begunCheckouts: number;
  /** Subscriptions that they ended. */
  readonly endedSubscriptions: string[];
  /** Refunded to them so far. */
  refundedCents: number;
}

/** Somebody who has begun the first Checkout, and nothing else. */
export function personOf({
  checkout,
  ...customer
}: Customer & { readonly checkout: StartedCheckout }): Person {
  return {
    ...customer,
    openCheckouts: [checkout],
    cardInHand: null,
    begunCheckouts: 0,
    endedSubscriptions: [],
    refundedCents: 0,
  };
}

/** Where it can't be done before something has had its effect, it waits for that. */
export type Step = (service: RunningBilling, person: Person) => Promise<unknown>;

/** One step after the other without looking at what comes of them, also in calm. */
export function inOneGo(...steps: readonly Step[]): Step {
  return async (service, person) => {
    for (const step of steps) await step(service, person);
  };
}

/** Stripe dates things to the second: what comes next is newer. */
export async function secondPasses(): Promise<void> {
  await sleep(1_100);
}

/** Types a card on the page of the oldest Checkout that is open. @throws Error when they have none. */
export function completes(cardNumber: string): Step {
  return async (service, person) => {
    const [checkout] = person.openCheckouts;
    if (checkout === undefined) throw new Error('there is no open Checkout');
    const isCompleted = await completeOnce(service, person, checkout.id, cardNumber);
    if (!isCompleted) await opensCheckout(service, person);
    person.openCheckouts.shift();
    if (!isCompleted) await completes(cardNumber)(service, person);
  };
}

/** @returns false when the page has expired: then they go back to the host product for another. */
async function completeOnce(
  service: RunningBilling,
  { mode }: Person,
  checkoutSessionId: string,
  cardNumber: string,
): Promise<boolean> {
  const { status } = await service.stripe[mode].checkout.sessions.retrieve(checkoutSessionId);
  if (status === 'open') await completeCheckout(service, checkoutSessionId, cardNumber);
  return status !== 'expired';
}

/** Begins another setup Checkout. Taken again, it gets the same one. */
export async function opensCheckout(service: RunningBilling, person: Person): Promise<void> {
  const { mode, userId, begunCheckouts } = person;
  person.openCheckouts.push(await startCheckout(service, mode, userId, `${userId}-${begunCheckouts}`));
  person.begunCheckouts += 1;
}

/** Adds a card without any Checkout, by a test token such as `tok_visa`. Taken again, it adds the same one. */
export function attaches(token: string): Step {
  return async ({ stripe }, person) => {
    const { paymentMethods } = stripe[person.mode];
    // By its id it may be added again, and nothing comes of it. An idempotency key would not do: Stripe keeps a 500 under it.
    person.cardInHand ??= (await paymentMethods.create({ type: 'card', card: { token } })).id;
    await paymentMethods.attach(person.cardInHand, { customer: person.stripeCustomerId });
    person.cardInHand = null;
  };
}

/** Without access they would leave the queue for a place, and end without one. */
export async function hasPlace(service: RunningBilling, person: Person): Promise<void> {
  await until(
    'a place',
    () => userOf(service, person),
    (user) => user.cluster_id !== null,
  );
}

/** Removes all that there are. */
export async function removesCard(service: RunningBilling, customer: Customer): Promise<void> {
  for (const { id } of await cardsOf(service, customer)) {
    await service.stripe[customer.mode].paymentMethods.detach(id);
  }
}

/** Waits until the card with these last digits is what Stripe charges. */
export function isChargedTo(last4: string): Step {
  return async ({ stripe }, { mode, stripeCustomerId }) => {
    const defaultCard = async () => {
      const expand = ['invoice_settings.default_payment_method'];
      const customer = await stripe[mode].customers.retrieve(stripeCustomerId, { expand });
      const method = customer.deleted === true ? null : customer.invoice_settings.default_payment_method;
      return typeof method === 'object' ? method?.card?.last4 : undefined;
    };
    await until(`${last4} to be the default card`, defaultCard, (last4Now) => last4Now === last4);
  };
}

async function subscriptionId(service: RunningBilling, person: Person): Promise<string> {
  const isTheirs = ({ id }: Stripe.Subscription) => !person.endedSubscriptions.includes(id);
  const all = await until(
    'a subscription',
    () => subscriptionsOf(service, person),
    (subscriptions) => subscriptions.some(isTheirs),
  );
  return all.find(isTheirs)?.id ?? '';
}

/** Ends the subscription at once, as soon as they have one. */
export async function cancels(service: RunningBilling, person: Person): Promise<void> {
  const { subscriptions } = service.stripe[person.mode];
  const id = await subscriptionId(service, person);
  if ((await subscriptions.retrieve(id)).status !== 'canceled') await subscriptions.cancel(id);
  person.endedSubscriptions.push(id);
}

/** Is deleted in Stripe, as soon as they have subscribed. What is billed after that is parked. */
export async function isDeleted(service: RunningBilling, person: Person): Promise<void> {
  const { customers } = service.stripe[person.mode];
  await subscriptionId(service, person);
  const { deleted } = await customers.retrieve(person.stripeCustomerId);
  if (deleted !== true) await customers.del(person.stripeCustomerId);
}

/** One of the person's bills, once its invoice is so in Stripe. */
async function invoiceThat(
  { db, stripe }: RunningBilling,
  { mode, userId }: Person,
  what: string,
  isSo: (invoice: Stripe.Invoice) => boolean,
): Promise<Stripe.Invoice> {
  const invoice = async () => {
    for (const { stripeInvoiceId } of await listBills(db, mode, userId)) {
      const found = stripeInvoiceId === null ? null : await stripe[mode].invoices.retrieve(stripeInvoiceId);
      if (found !== null && isSo(found)) return found;
    }
    return null;
  };
  const found = await until(`an invoice that ${what}`, invoice, (answer) => answer !== null);
  if (found === null) throw new Error(`there is no invoice that ${what}`);
  return found;
}

/** Waits for a bill that was declined, and is still open. */
export async function billFails(service: RunningBilling, person: Person): Promise<Stripe.Invoice> {
  return await invoiceThat(
    service,
    person,
    'failed',
    ({ status, attempted }) => status === 'open' && attempted,
  );
}

/** Also one that was given up on since. */
function hasFailed({ status, attempted }: Stripe.Invoice): boolean {
  return status === 'uncollectible' || status === 'void' || (status === 'open' && attempted);
}

/** Waits for a bill that was paid. */
export async function billIsPaid(service: RunningBilling, person: Person): Promise<Stripe.Invoice> {
  return await invoiceThat(service, person, 'is paid', ({ status }) => status === 'paid');
}

/** Has an operator mark a declined bill uncollectible in Stripe, as soon as there is one. */
export async function writesBillOff(service: RunningBilling, person: Person): Promise<void> {
  const { id, status } = await invoiceThat(service, person, 'failed', hasFailed);
  if (status === 'open') await service.stripe[person.mode].invoices.markUncollectible(id);
}

/** Has an operator void a declined bill in Stripe, as soon as there is one: it is waived. */
export async function voidsBill(service: RunningBilling, person: Person): Promise<void> {
  const { id, status } = await invoiceThat(service, person, 'failed', hasFailed);
  if (status === 'open') await service.stripe[person.mode].invoices.voidInvoice(id);
}

/** Has an operator accept the dispute of the latest charge, as soon as there is one: it is lost. */
export async function disputeIsAccepted(service: RunningBilling, person: Person): Promise<void> {
  const stripe = service.stripe[person.mode];
  const disputes = async () => {
    const { data } = await stripe.charges.list({ customer: person.stripeCustomerId });
    return data[0] === undefined ? [] : (await stripe.disputes.list({ charge: data[0].id })).data;
  };
  const [dispute] = await until('a dispute', disputes, (all) => all.length > 0);
  if (dispute?.status !== 'lost') await stripe.disputes.close(dispute?.id ?? '');
}

/** Buys so many credits, of $1.00 each, with a card that works. */
export function buysCredits(credits: number): Step {
  return async (service, person) => {
    const { mode, userId, begunCheckouts } = person;
    const body = {
      mode: 'credits',
      credits,
      successUrl: 'https://host.example/',
      cancelUrl: 'https://host.example/',
    };
    const path = `/api/users/${userId}/checkout-sessions`;
    const options = { body, idempotencyKey: `${userId}-${begunCheckouts}` };
    const { id } = await callApi<StartedCheckout>(service, mode, 'POST', path, options);
    const isCompleted = await completeOnce(service, person, id, CARDS.good);
    person.begunCheckouts += 1;
    if (!isCompleted) await buysCredits(credits)(service, person);
  };
}

/** Has some of the latest purchase of credits refunded. @throws Error when none was completed. */
export function refundsCredits(amountCents: number): Step {
  return async ({ stripe }, person) => {
    const { mode, stripeCustomerId: customer, refundedCents } = person;
    const { data } = await stripe[mode].checkout.sessions.list({ customer });
    const payment_intent = data.find(
      (session) => session.mode === 'payment' && session.status === 'complete',
    )?.payment_intent;
    if (typeof payment_intent !== 'string') throw new Error('no credits were bought');
    const refunds = await stripe[mode].refunds.list({ payment_intent });
    const refunded = refunds.data.reduce((sum, { amount }) => sum + amount, 0);
    if (refunded === refundedCents)
      await stripe[mode].refunds.create({ payment_intent, amount: amountCents });
    person.refundedCents += amountCents;
  };
}

/** Waits until that is what is left of their credits, in cents. */
export function hasCredits(cents: number): Step {
  return async ({ db }, { mode, userId }) =>
    await until(
      `credits of ${cents}`,
      () => creditBalanceCents(db, mode, userId),
      (balance) => balance === cents,
    );
}
