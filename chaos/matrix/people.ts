/** Customers as the scenarios know them, and what they and their host product do, however often it takes. */
import { randomUUID } from 'node:crypto';
import type { Stripe } from 'stripe';
import { reportOf, startClose } from '../../cli/close.ts';
import type { BillingPeriod } from '../../domain/billing-period.ts';
import type { UserKey } from '../../domain/customer-key.ts';
import type { Mode } from '../../domain/mode.ts';
import type { MonthlyBillingReport } from '../../domain/monthly-close.ts';
import { RefusedError } from '../../stack/json-request.ts';
import {
  CARDS,
  type Customer,
  callApi,
  completeCheckout,
  type StartedCheckout,
  userOf,
} from '../world/customers.ts';
import { useGpu } from '../world/usage.ts';
import { whatIsWrongWith } from './audit.ts';
import { persistently, untilNothingIsWrong } from './patience.ts';
import type { Stage } from './stage.ts';

/** Somebody in a story, as their host product knows them. */
export interface Person extends Customer {
  /** Checkout sessions that were asked for, each under an idempotency key of its own. */
  readonly checkouts: StartedCheckout[];
}

/** Each has an e-mail address of their own, by which all their customers in Stripe can be found. */
const emailOf = (userId: string): string => `${userId}@example.com`;

/** Nobody else's, in any story: boundaries are told apart by it. */
export const newUserId = (): string => `user-${randomUUID()}`;

/** Registers a user, or changes their name, however often it takes. @throws Error when patience is at its end. */
export async function register(
  stage: Stage,
  mode: Mode,
  userId: string,
  name = 'Ada Lovelace',
): Promise<void> {
  const body = { email: emailOf(userId), name };
  await persistently(() => callApi(stage, mode, 'PUT', `/api/users/${userId}`, { body }));
}

/** As a host product does: the same again until there is an answer, and a new Checkout where that one is over by then. */
export async function openCheckout(
  stage: Stage,
  { mode, userId }: UserKey,
  purpose: { readonly mode: 'setup' } | { readonly mode: 'credits'; readonly credits: number },
): Promise<StartedCheckout> {
  const url = `https://host.example/${userId}`;
  const body = { ...purpose, successUrl: url, cancelUrl: url };
  const path = `/api/users/${userId}/checkout-sessions`;
  let idempotencyKey = randomUUID();
  return await persistently(async () => {
    try {
      return await callApi<StartedCheckout>(stage, mode, 'POST', path, { body, idempotencyKey });
    } catch (error) {
      if (error instanceof RefusedError && error.message.includes('checkout_over'))
        idempotencyKey = randomUUID();
      throw error;
    }
  });
}

/** Has an operator decide over the admin API, who sends it again under the same id until it is answered. */
export async function decide(
  stage: Stage,
  mode: Mode,
  path: string,
  decision: Readonly<Record<string, unknown>>,
): Promise<void> {
  const options = { body: { ...decision, by: 'Grace' }, idempotencyKey: randomUUID() };
  await persistently(() => callApi(stage, mode, 'POST', `/api/admin/${mode}/${path}`, options));
}

/** A user whom Stripe knows, with a setup Checkout that nobody has completed. */
export async function newPerson(stage: Stage, mode: Mode, userId = newUserId()): Promise<Person> {
  await register(stage, mode, userId);
  const checkouts = [await openCheckout(stage, { mode, userId }, { mode: 'setup' })];
  const user = await persistently(() => userOf(stage, { mode, userId }));
  const { stripe_customer_id: stripeCustomerId } = user;
  if (stripeCustomerId === null) throw new Error(`${userId} has no Stripe customer`);
  return { mode, userId, stripeCustomerId, checkouts };
}

/** Does what a person does on Stripe's page with the Checkout that was opened last. */
export async function addCard(stage: Stage, { checkouts }: Person, card: string = CARDS.good): Promise<void> {
  await completeCheckout(stage, checkouts.at(-1)?.id ?? '', card);
}

/** Somebody who has added a card, after all that follows from it. */
export async function subscriber(stage: Stage, mode: Mode, card: string = CARDS.good): Promise<Person> {
  const person = await newPerson(stage, mode);
  await addCard(stage, person, card);
  await isSo(stage, person, { status: 'active', hasCluster: true });
  return person;
}

/** Waits until a customer stands so, and nothing else is wrong with them. @throws Error when it is not so in time. */
export async function isSo(stage: Stage, person: Person, ends: Parameters<typeof whatIsWrongWith>[2]) {
  const wrong = await untilNothingIsWrong(() => whatIsWrongWith(stage, person, ends));
  if (wrong.length > 0) throw new Error(`${person.userId}: ${wrong.join('; ')}`);
}

/** Uses GPUs at $2.00 an hour in a month, and has it closed; nobody else closes one of that mode meanwhile. */
export async function useAndClose(
  stage: Stage,
  mode: Mode,
  hoursOf: readonly (readonly [Pick<Person, 'userId'>, string])[],
  period: BillingPeriod = stage.months.next(mode),
): Promise<MonthlyBillingReport> {
  return await stage.months.inTurn(mode, async () => {
    for (const [{ userId }, hours] of hoursOf) await useGpu(stage, { mode, userId }, period, hours);
    return await closeOf(stage, mode, period);
  });
}

/** Starts the close of a month, or joins it, and waits for its report: also where Temporal is away meanwhile. */
export async function closeOf(
  stage: Stage,
  mode: Mode,
  period: BillingPeriod,
): Promise<MonthlyBillingReport> {
  const close = await persistently(() => startClose(stage.temporal, { mode, period }));
  return await persistently(() => reportOf(close));
}

/** The customer's subscription that has not ended. @throws Error when there is none. */
export async function subscriptionOf(
  { stripe }: Stage,
  { mode, stripeCustomerId: customer }: Person,
): Promise<Stripe.Subscription> {
  const [subscription] = (await stripe[mode].subscriptions.list({ customer })).data;
  if (subscription === undefined) throw new Error(`${customer} has no subscription`);
  return subscription;
}
