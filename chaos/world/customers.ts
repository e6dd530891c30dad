import { randomUUID } from 'node:crypto';
import type { Stripe } from 'stripe';
import { findUser, type User } from '../../db/users.ts';
import type { CustomerKey, KnownCustomer, UserKey } from '../../domain/customer-key.ts';
import {
  BILLING_STATE_QUERY,
  type CustomerBillingState,
  customerBillingWorkflowId,
} from '../../domain/customer-workflow.ts';
import type { Mode } from '../../domain/mode.ts';
import { RefusedError, requestJson } from '../../stack/json-request.ts';
import { eventually } from './eventually.ts';
import type { RunningBilling } from './running-billing.ts';

/** Numbers of Stripe's test cards, by what becomes of them. https://docs.stripe.com/testing */
export const CARDS = {
  good: '4242424242424242',
  anotherGood: '5555555555554444',
  /** Can be added, and refuses every charge. */
  declinesCharges: '4000000000000341',
  /** Pays, and each charge is disputed at once. */
  disputed: '4000000000000259',
} as const;

/** What a test's customers are called: recorded histories are searched for it. */
export const PERSON = { email: 'ada.lovelace@example.com', name: 'Ada Lovelace' } as const;

/** A user who has begun a Checkout, so that Stripe knows them. */
export type Customer = KnownCustomer;

/** A Checkout session as the api answers it: Stripe's id, and the page where a card is typed. */
export interface StartedCheckout {
  readonly id: string;
  readonly url: string;
}

/** Each takes the service ten seconds. */
const MAX_TRIES = 10;

/**
 * Calls the service's public interface as a host product (or an admin) would, again when it has too much to do.
 *
 * @throws RefusedError on any other answer but a 2xx.
 */
export async function callApi<Answer>(
  { apiUrl, apiKeys, adminPassword }: RunningBilling,
  mode: Mode,
  method: 'GET' | 'PUT' | 'POST',
  path: string,
  { body, idempotencyKey }: { readonly body?: unknown; readonly idempotencyKey?: string } = {},
): Promise<Answer> {
  const headers = {
    authorization: path.startsWith('/api/admin/') ? `Bearer ${adminPassword}` : `Bearer ${apiKeys[mode]}`,
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  };
  for (let tries = 1; ; tries += 1) {
    try {
      return await requestJson<Answer>(method, `${apiUrl}${path}`, { body, headers });
    } catch (error) {
      const isBusy = error instanceof RefusedError && error.status === 503;
      if (!isBusy || tries === MAX_TRIES) throw error;
    }
  }
}

/** Does to the simulator what a person or the world does. */
export async function simulate({ simulator }: RunningBilling, path: string, body: unknown): Promise<unknown> {
  return await simulator.tell(path, body);
}

/**
 * Begins a Checkout in mode `setup`, or gets the same again under its key.
 *
 * @throws RefusedError when that one is over.
 */
export async function startCheckout(
  service: RunningBilling,
  mode: Mode,
  userId: string,
  idempotencyKey: string = randomUUID(),
): Promise<StartedCheckout> {
  return await callApi<StartedCheckout>(service, mode, 'POST', `/api/users/${userId}/checkout-sessions`, {
    body: {
      mode: 'setup',
      successUrl: 'https://host.example/done',
      cancelUrl: 'https://host.example/billing',
    },
    idempotencyKey,
  });
}

/** What a person does on Stripe's page. */
export async function completeCheckout(
  service: RunningBilling,
  checkoutSessionId: string,
  cardNumber: string = CARDS.good,
): Promise<void> {
  await service.simulator.completeCheckout(checkoutSessionId, cardNumber);
}

/** A registered user with a Stripe customer, and a Checkout session that nobody has completed. May be repeated with the same id. */
export async function newCustomer(
  service: RunningBilling,
  mode: Mode = 'test',
  userId = `user-${randomUUID()}`,
): Promise<Customer & { readonly checkout: StartedCheckout }> {
  await callApi(service, mode, 'PUT', `/api/users/${userId}`, { body: PERSON });
  const checkout = await startCheckout(service, mode, userId, `${userId}-first`);
  const { stripe_customer_id: stripeCustomerId } = await userOf(service, { mode, userId });
  if (stripeCustomerId === null) throw new Error(`${userId} has no Stripe customer`);
  return { mode, userId, stripeCustomerId, checkout };
}

/** A customer who has added a card, after everything that follows from it. */
export async function subscribedCustomer(
  service: RunningBilling,
  options: { readonly mode?: Mode; readonly card?: string } = {},
): Promise<Customer> {
  const customer = await newCustomer(service, options.mode);
  await completeCheckout(service, customer.checkout.id, options.card);
  await settled(service, customer);
  return customer;
}

/** The user's row. @throws Error when there is none. */
export async function userOf({ db }: RunningBilling, { mode, userId }: UserKey): Promise<User> {
  const user = await findUser(db, mode, userId);
  if (user === undefined) throw new Error(`there is no user ${userId}`);
  return user;
}

/** The handle of the current run of their `customerBillingWorkflow`. It asks nobody whether there is one. */
export function workflowOf({ temporal }: RunningBilling, customer: CustomerKey) {
  return temporal.workflow.getHandle(customerBillingWorkflowId(customer.mode, customer.stripeCustomerId));
}

/**
 * What the workflow itself says of the customer.
 *
 * @throws Error while no worker answers, or when there is no workflow.
 */
export async function stateOf(service: RunningBilling, customer: CustomerKey): Promise<CustomerBillingState> {
  return await workflowOf(service, customer).query<CustomerBillingState>(BILLING_STATE_QUERY);
}

/** Waits until the customer's billing says so. */
export async function stateIs(
  service: RunningBilling,
  customer: CustomerKey,
  what: string,
  isThere: (state: CustomerBillingState) => boolean,
): Promise<CustomerBillingState> {
  return await eventually(what, () => stateOf(service, customer), isThere);
}

/** Every event of Stripe's about the customer that takes effect, newest first. */
export async function eventsOf({ events }: RunningBilling, customer: CustomerKey): Promise<Stripe.Event[]> {
  return (await events.of(customer)).toReversed();
}

/** Waits until every event of the customer's has been delivered and has had its effect. */
export async function settled(service: RunningBilling, customer: CustomerKey): Promise<CustomerBillingState> {
  return await eventually(
    `the billing of ${customer.stripeCustomerId} to settle`,
    async () => {
      const state = await stateOf(service, customer);
      return { state, events: (await eventsOf(service, customer)).length };
    },
    ({ state, events }) => events > 0 && state.appliedEvents === events && state.queuedEvents === 0,
  ).then(({ state }) => state);
}

/** All they ever had, ended ones too, newest first: the last ten. */
export async function subscriptionsOf(
  { stripe }: RunningBilling,
  { mode, stripeCustomerId: customer }: Customer,
): Promise<Stripe.Subscription[]> {
  const { data } = await stripe[mode].subscriptions.list({ customer, status: 'all' });
  return data;
}

/** What is attached to them, newest first: the last ten. @throws Error when they were deleted in Stripe. */
export async function cardsOf(
  { stripe }: RunningBilling,
  { mode, stripeCustomerId: customer }: Customer,
): Promise<Stripe.PaymentMethod[]> {
  const { data } = await stripe[mode].paymentMethods.list({ customer });
  return data;
}

/** The id of the payment method that invoices charge. */
export async function defaultCardOf(
  { stripe }: RunningBilling,
  { mode, stripeCustomerId }: Customer,
): Promise<unknown> {
  const customer = await stripe[mode].customers.retrieve(stripeCustomerId);
  return customer.deleted === true ? null : customer.invoice_settings.default_payment_method;
}
