/** What a person, or the world, does to a customer: what lives.ts is made of. */
import { randomUUID } from 'node:crypto';
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
  simulate,
  startCheckout,
  subscriptionsOf,
  userOf,
} from './customers.ts';
import type { RunningBilling } from './running-billing.ts';

export interface Person extends Customer {
  /** Their setup Checkouts that nobody has completed, oldest first. */
  readonly openCheckouts: StartedCheckout[];
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

export function completes(cardNumber: string): Step {
  return async (service, person) => {
    const checkout = person.openCheckouts.shift();
    if (checkout === undefined) throw new Error('there is no open Checkout');
    await completeCheckout(service, checkout.id, cardNumber);
  };
}

export async function opensCheckout(service: RunningBilling, person: Person): Promise<void> {
  person.openCheckouts.push(await startCheckout(service, person.mode, person.userId));
}

export function attaches(paymentMethod: string): Step {
  return async ({ stripe }, { mode, stripeCustomerId: customer }) =>
    await stripe[mode].paymentMethods.attach(paymentMethod, { customer });
}

export async function removesCard(service: RunningBilling, person: Person): Promise<void> {
  // Without access they would leave the queue for a place, and end without one.
  await until(
    'a place',
    () => userOf(service, person),
    (user) => user.cluster_id !== null,
  );
  for (const { id } of await cardsOf(service, person)) {
    await service.stripe[person.mode].paymentMethods.detach(id);
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
  const [subscription] = await until(
    'a subscription',
    () => subscriptionsOf(service, person),
    (all) => all.length > 0,
  );
  return subscription?.id ?? '';
}

export async function cancels(service: RunningBilling, person: Person): Promise<void> {
  await service.stripe[person.mode].subscriptions.cancel(await subscriptionId(service, person));
}

export async function isDeleted(service: RunningBilling, person: Person): Promise<void> {
  await subscriptionId(service, person);
  await service.stripe[person.mode].customers.del(person.stripeCustomerId);
}

/** The person's one bill, once its invoice is so in Stripe. */
async function invoiceThat(
  { db, stripe }: RunningBilling,
  { mode, userId }: Person,
  what: string,
  isSo: (invoice: Stripe.Invoice) => boolean,
): Promise<Stripe.Invoice> {
  const invoice = async () => {
    const [bill] = await listBills(db, mode, userId);
    return await stripe[mode].invoices.retrieve(bill?.stripeInvoiceId ?? '');
  };
  return await until(`an invoice that ${what}`, invoice, isSo);
}

export async function billFails(service: RunningBilling, person: Person): Promise<Stripe.Invoice> {
  return await invoiceThat(
    service,
    person,
    'failed',
    ({ status, attempted }) => status === 'open' && attempted,
  );
}

export async function billIsPaid(service: RunningBilling, person: Person): Promise<Stripe.Invoice> {
  return await invoiceThat(service, person, 'is paid', ({ status }) => status === 'paid');
}

export async function writesBillOff(service: RunningBilling, person: Person): Promise<void> {
  const { id } = await billFails(service, person);
  await service.stripe[person.mode].invoices.markUncollectible(id);
}

export async function voidsBill(service: RunningBilling, person: Person): Promise<void> {
  const { id } = await billFails(service, person);
  await service.stripe[person.mode].invoices.voidInvoice(id);
}

export async function disputeIsAccepted(service: RunningBilling, person: Person): Promise<void> {
  const stripe = service.stripe[person.mode];
  const disputes = async () => {
    const { data } = await stripe.charges.list({ customer: person.stripeCustomerId });
    return data[0] === undefined ? [] : (await stripe.disputes.list({ charge: data[0].id })).data;
  };
  const [dispute] = await until('a dispute', disputes, (all) => all.length > 0);
  await stripe.disputes.close(dispute?.id ?? '');
}

export function buysCredits(credits: number): Step {
  return async (service, { mode, userId }) => {
    const body = {
      mode: 'credits',
      credits,
      successUrl: 'https://host.example/',
      cancelUrl: 'https://host.example/',
    };
    const path = `/api/users/${userId}/checkout-sessions`;
    const options = { body, idempotencyKey: randomUUID() };
    const { id } = await callApi<StartedCheckout>(service, mode, 'POST', path, options);
    await simulate(service, `checkout/${id}/complete`, { cardNumber: CARDS.good });
  };
}

export function refundsCredits(amountCents: number): Step {
  return async ({ stripe }, { mode, stripeCustomerId: customer }) => {
    const { data } = await stripe[mode].checkout.sessions.list({ customer });
    const intent = data.find((session) => session.mode === 'payment')?.payment_intent;
    if (typeof intent !== 'string') throw new Error('no credits were bought');
    await stripe[mode].refunds.create({ payment_intent: intent, amount: amountCents });
  };
}

export function hasCredits(cents: number): Step {
  return async ({ db }, { mode, userId }) =>
    await until(
      `credits of ${cents}`,
      () => creditBalanceCents(db, mode, userId),
      (balance) => balance === cents,
    );
}

/** A storm takes its time, on a busy machine above all. */
const PATIENCE_MS = 240_000;
/** Many wait at once. */
const PAUSE_MS = 500;

/** @throws Error when it is not so in time, with the last answer. */
export async function until<Answer>(
  what: string,
  ask: () => Promise<Answer>,
  isThere: (answer: Answer) => boolean,
): Promise<Answer> {
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(PAUSE_MS)) {
    const answer = await ask();
    if (isThere(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`Waited for ${what}; last: ${JSON.stringify(answer)}`);
  }
}
