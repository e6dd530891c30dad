import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Customer,
  callApi,
  completeCheckout,
  defaultCardOf,
  eventsOf,
  newCustomer,
  PERSON,
  settled,
  simulate,
  startCheckout,
  stateIs,
  stateOf,
  subscribedCustomer,
  subscriptionsOf,
  userOf,
  workflowOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { LOOK_AGAIN_SIGNAL } from '../../domain/customer-workflow.ts';
import { signalStripeEvent } from '../../temporal/signals.ts';
import type { BillingWorker } from '../../worker/worker.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { whilePriceIsDeleted } from './deleted-price.ts';
import { startTestBilling } from './service.ts';

let billing: BillingService;
let worker: BillingWorker;

beforeAll(async () => {
  billing = await startTestBilling();
  worker = await billing.startWorker();
});
afterAll(() => billing.stop());

test('a step that Stripe refuses for good is parked with its request id, and the next event retries it', async () => {
  const customer = await newCustomer(billing);
  await whilePriceIsDeleted(billing, 'cpu_hour', async () => {
    await completeCheckout(billing, customer.checkout.id);
    const state = await stateIs(billing, customer, 'the step to be parked', ({ parked }) => parked !== null);
    expect(state).toMatchObject({
      waitingFor: 'operator',
      parked: {
        step: 'createSubscription',
        message: expect.stringContaining('price_that_was_deleted') as string,
        stripeRequestId: expect.stringMatching(/^req_/) as string,
      },
    });
    expect(state.queuedEvents).toBeGreaterThan(0);
    expect(await refusedRequests('/v1/subscriptions')).toContain(state.parked?.stripeRequestId);
    expect(await currentDetailsOf(customer)).toMatch(
      /\| \*\*Parked\*\* \| createSubscription: .*\(request req_\w+\) \|/,
    );
  });
  // Nothing retries by itself what Stripe has refused.
  expect(await subscriptionsOf(billing, customer)).toEqual([]);
  await billing.stripe.test.paymentMethods.attach('pm_card_visa', { customer: customer.stripeCustomerId });
  expect(await settled(billing, customer)).toMatchObject({
    status: 'active',
    waitingFor: null,
    parked: null,
  });
  expect(await subscriptionsOf(billing, customer)).toHaveLength(1);
});

test('an event whose step is parked is tried again when it is sent again', async () => {
  const customer = await newCustomer(billing);
  await whilePriceIsDeleted(billing, 'gpu_hour', async () => {
    await completeCheckout(billing, customer.checkout.id);
    await stateIs(billing, customer, 'the step to be parked', ({ parked }) => parked !== null);
  });

  const { data } = await billing.stripe.test.events.list({ type: 'checkout.session.completed', limit: 100 });
  const event = data.find((each) => JSON.stringify(each.data.object).includes(customer.checkout.id));
  await simulate(billing, 'webhooks/redeliver', { eventId: event?.id });
  expect(await settled(billing, customer)).toMatchObject({ status: 'active', parked: null });
  expect(await subscriptionsOf(billing, customer)).toHaveLength(1);
});

test('a step that Stripe could not do just now is retried until it works', async () => {
  const customer = await newCustomer(billing);
  await simulate(billing, 'faults', { route: 'POST /v1/subscriptions', kind: 'processed_without_answer' });
  await completeCheckout(billing, customer.checkout.id);
  expect(await settled(billing, customer)).toMatchObject({ status: 'active', parked: null });
  expect(await subscriptionsOf(billing, customer)).toHaveLength(1);
});

test('events of the step under way count as waiting until they are applied', async () => {
  const customer = await newCustomer(billing);
  await simulate(billing, 'faults', { route: 'POST /v1/subscriptions', kind: 'latency', latencyMs: 1_500 });
  await completeCheckout(billing, customer.checkout.id);
  await eventually(
    'a step to be under way, and every event to be counted',
    async () => ({
      state: await stateOf(billing, customer),
      events: (await eventsOf(billing, customer)).length,
    }),
    ({ state: { appliedEvents, queuedEvents }, events }) =>
      appliedEvents < events && appliedEvents + queuedEvents === events,
  );
  expect(await settled(billing, customer)).toMatchObject({ status: 'active', queuedEvents: 0 });
});

test('a request to cancel the workflow is not heeded: what comes after it is applied', async () => {
  const customer = await subscribedCustomer(billing);
  await workflowOf(billing, customer).cancel();
  await billing.stripe.test.paymentMethods.attach('pm_card_mastercard', {
    customer: customer.stripeCustomerId,
  });
  expect(await settled(billing, customer)).toMatchObject({ status: 'active' });
  expect(await userOf(billing, customer)).toMatchObject({
    default_payment_method_id: await defaultCardOf(billing, customer),
  });
  const { userId } = customer;
  expect(await startCheckout(billing, 'test', userId)).toMatchObject({ url: expect.anything() as unknown });
  const portal = await callApi(billing, 'test', 'POST', `/api/users/${userId}/billing-portal-sessions`, {
    body: { returnUrl: 'https://host.example/account' },
  });
  expect(portal).toMatchObject({ url: expect.anything() as unknown });
  expect((await workflowOf(billing, customer).describe()).status.name).toBe('RUNNING');
});

test("Temporal's own pages show where a customer stands: current details and search attributes", async () => {
  const customer = await subscribedCustomer(billing);
  const details = await currentDetailsOf(customer);
  expect(details).toContain('| Status | **active** |');
  expect(details).toMatch(/\| Last event \| [a-z._]+ of \w+_\w+, 20\d\d-.* UTC \(evt_\w+\) \|/);
  expect(details).toMatch(/\| Events \| \d+ applied, 0 repeated, 0 waiting \|/);
  const query = `BillingStatus="active" AND BillingMode="test" AND StripeCustomerId="${customer.stripeCustomerId}"`;
  const found = await eventually(
    'the workflow to be found by its status',
    () => workflowIdsBy(query),
    (workflowIds) => workflowIds.length > 0,
  );
  expect(found).toEqual([workflowOf(billing, customer).workflowId]);
  const [subscription] = await subscriptionsOf(billing, customer);
  await billing.stripe.test.subscriptions.cancel(subscription?.id ?? '');
  expect(details).toMatch(/\| Because of \| sub_\w+ \|/);
  expect(details).toMatch(/\| Since \| 20\d\d-\d\d-\d\d .* UTC \|/);
  const suspended = query.replace('"active"', '"suspended"');
  await eventually(
    'the workflow to be found by its new status',
    async () => (await billing.temporal.workflow.count(suspended)).count,
    (count) => count === 1,
  );
});

test("a changed e-mail and name reach the user's Stripe customer", async () => {
  const customer = await newCustomer(billing);
  const changed = { email: 'countess@example.com', name: 'Ada King' };
  expect(await billing.stripe.test.customers.retrieve(customer.stripeCustomerId)).toMatchObject(PERSON);
  await callApi(billing, 'test', 'PUT', `/api/users/${customer.userId}`, { body: changed });
  const inStripe = await eventually(
    'the new name in Stripe',
    () => billing.stripe.test.customers.retrieve(customer.stripeCustomerId),
    (found) => found.deleted !== true && found.name === changed.name,
  );
  expect(inStripe).toMatchObject(changed);
});

test('a changed e-mail that Stripe refuses stays parked through other steps, until a look again gets it there', async () => {
  const customer = await newCustomer(billing);
  await simulate(billing, 'faults', { route: 'POST /v1/customers/:id', kind: 'status_403' });
  const email = 'refused-once@example.com';
  await callApi(billing, 'test', 'PUT', `/api/users/${customer.userId}`, { body: { ...PERSON, email } });
  const { parked } = await stateIs(billing, customer, 'it to be parked', (state) => state.parked !== null);
  expect(parked).toMatchObject({ step: 'updateCustomerProfile' });

  await billing.stripe.test.paymentMethods.attach('pm_card_visa', { customer: customer.stripeCustomerId });
  expect(await settled(billing, customer)).toMatchObject({ status: 'none', parked, waitingFor: 'operator' });

  await workflowOf(billing, customer).signal(LOOK_AGAIN_SIGNAL);
  await stateIs(billing, customer, 'nothing to be parked', (state) => state.parked === null);
  expect(await billing.stripe.test.customers.retrieve(customer.stripeCustomerId)).toMatchObject({ email });
  expect(await stateOf(billing, customer)).toMatchObject({ status: 'none', waitingFor: 'checkout' });
});

test('an event that arrives while no worker runs is applied as soon as one does', async () => {
  const customer = await subscribedCustomer(billing);
  const before = await stateOf(billing, customer);
  await worker.stop();
  await signalStripeEvent(billing.temporal, customer, {
    eventId: `evt_${randomUUID()}`,
    type: 'customer.subscription.updated',
    objectId: 'sub_any',
    created: 0,
  });
  worker = await billing.startWorker();
  const state = await stateIs(
    billing,
    customer,
    'the event to be applied',
    ({ appliedEvents }) => appliedEvents > before.appliedEvents,
  );
  const { lastEvent } = state;
  expect(lastEvent?.objectId).toBe('sub_any');
  expect(state).toEqual({ ...before, lastEvent, appliedEvents: before.appliedEvents + 1 });
});

async function workflowIdsBy(query: string): Promise<string[]> {
  const workflowIds: string[] = [];
  for await (const { workflowId } of billing.temporal.workflow.list({ query })) workflowIds.push(workflowId);
  return workflowIds;
}

/** Stripe's ids of the requests to `path` that it refused. */
async function refusedRequests(path: string): Promise<string[]> {
  const response = await fetch(`${billing.simulatorUrl}/_sim/requests`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the simulator's request log
  const { requests } = (await response.json()) as {
    requests: readonly { path: string; status: number | null; requestId: string }[];
  };
  return requests
    .filter((each) => each.path === path && (each.status ?? 0) >= 400)
    .map((each) => each.requestId);
}

/** What the Temporal Web UI shows as the workflow's current details. */
async function currentDetailsOf(customer: Customer): Promise<string> {
  const metadata = await workflowOf(billing, customer).query<{ readonly currentDetails?: string }>(
    '__temporal_workflow_metadata',
  );
  return metadata.currentDetails ?? '';
}
