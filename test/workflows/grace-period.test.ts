import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LookAtCustomerInput } from '../../activities/customer-facts.ts';
import { signalStripeEvent } from '../../api/temporal/customer-billing.ts';
import { startClose } from '../../cli/close.ts';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import { type BillingPeriod, billingPeriodOf, nextPeriod, periodEnd } from '../../domain/billing-period.ts';
import type { CustomerFacts, UnpaidBillFact } from '../../domain/customer-facts.ts';
import { type CustomerStanding, standingOf } from '../../domain/customer-standing.ts';
import type { OperatorDecision } from '../../domain/operator-decisions.ts';
import {
  BILLING_BATCH_TASK_QUEUE,
  BILLING_PROGRESS_QUERY,
  BILLING_STATE_QUERY,
  BILLING_TASK_QUEUE,
  CUSTOMER_BILLING_WORKFLOW,
  type CustomerBillingState,
  customerBillingWorkflowId,
  EXTEND_GRACE_UPDATE,
  LOOK_AGAIN_SIGNAL,
  type MonthlyBillingReport,
  REACTIVATE_UPDATE,
  SEARCH_ATTRIBUTES,
  SUSPEND_UPDATE,
} from '../../domain/workflow-contracts.ts';
import { prepareTimeSkippingServer } from '../../stack/temporal-test-server.ts';
import { SEARCH_ATTRIBUTE_TYPE_NUMBERS } from '../../worker/search-attributes.ts';
import type { CarriedState } from '../../workflows/customer-billing-state.ts';
import { NOBODY_YET } from '../../workflows/host-messages.ts';
import { quietRuntime } from '../support/billing-worker.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';
import { eventually } from './eventually.ts';

// The clock is the point here, so activities are stand-ins and each customer is what a test says it is. The server's time is
// one for all workflows, so the tests take turns and each leaves the clock further on.

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const GRACE_MS = 7 * DAY_MS;
const COLLECTION_WINDOW_MS = 3 * HOUR_MS;

let environment: TestWorkflowEnvironment;
let client: Client;
const started: (() => Promise<void>)[] = [];

/** A customer as the activities see it. */
interface FakeCustomer {
  facts: CustomerFacts;
  readonly stripeCustomerId: string;
  readonly handle: WorkflowHandle;
  /** The workflow's time at each look, Unix milliseconds. */
  readonly looksAtMs: number[];
  readonly standings: CustomerStanding[];
  clusterRequests: number;
  /** When the bills were tried again. */
  readonly collectedAtMs: number[];
  cardPays: boolean;
  readonly decisions: OperatorDecision[];
}

const customers = new Map<string, FakeCustomer>();
const closeSteps: string[] = [];

beforeAll(async () => {
  quietRuntime();
  const executable = await prepareTimeSkippingServer({
    cacheDir: cacheDirectory(),
    env: inheritedEnvironment(),
    log: console.error,
  });
  environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: executable } },
  });
  started.push(() => environment.teardown());
  client = environment.client;
  // A workflow that sets one that is not registered fails its task for ever. (This server can't list them.)
  await environment.connection.operatorService.addSearchAttributes({
    namespace: client.options.namespace,
    searchAttributes: Object.fromEntries(
      Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, SEARCH_ATTRIBUTE_TYPE_NUMBERS[type]]),
    ),
  });
  const common = { connection: environment.nativeConnection, workflowBundle: workflowBundle() };
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue: BILLING_TASK_QUEUE, activities: billingActivities }),
    Worker.create({ ...common, taskQueue: BILLING_BATCH_TASK_QUEUE, activities: batchActivities }),
  ]);
  const runs = workers.map((worker) => worker.run());
  started.push(async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(runs);
  });
});
afterAll(async () => {
  for (const end of started.toReversed()) await end();
});

test('a customer who owes is suspended when the grace period ends, and not a moment before', async () => {
  const failedAtMs = await environment.currentTimeMs();
  const customer = await newCustomer({ unpaidBills: [unpaidBill(failedAtMs)] });
  const graceEndsAtMs = failedAtMs + GRACE_MS;
  expect(await stateOf(customer)).toMatchObject({ status: 'past_due', waitingFor: 'payment', graceEndsAtMs });

  await sleepUntil(graceEndsAtMs - 60_000);
  expect(await stateOf(customer)).toMatchObject({ status: 'past_due' });
  expect(customer.looksAtMs).toHaveLength(1);

  await sleepUntil(graceEndsAtMs + 60_000);
  expect(await stateOf(customer)).toMatchObject({ status: 'suspended', waitingFor: 'payment' });
  expect(customer.looksAtMs).toHaveLength(2);
  expect(customer.looksAtMs[1]).toBeGreaterThanOrEqual(graceEndsAtMs);
  expect(customer.looksAtMs[1]).toBeLessThan(graceEndsAtMs + 5_000);

  // Suspended is not for ever, and nothing wakes it but an event.
  await environment.sleep(30 * DAY_MS);
  expect(customer.looksAtMs).toHaveLength(2);
  customer.facts = { ...customer.facts, unpaidBills: [], graceEndsAtMs: null };
  await deliver(customer);
  expect(await stateOf(customer)).toMatchObject({ status: 'active', graceEndsAtMs: null });
});

test('a payment within the grace period cancels its timer', async () => {
  const customer = await newCustomer({ unpaidBills: [unpaidBill(await environment.currentTimeMs())] });
  expect(await stateOf(customer)).toMatchObject({ status: 'past_due' });
  await environment.sleep(3 * DAY_MS);
  customer.facts = { ...customer.facts, unpaidBills: [], graceEndsAtMs: null };
  await deliver(customer);
  expect(await stateOf(customer)).toMatchObject({ status: 'active', graceEndsAtMs: null });
  const { events } = await customer.handle.fetchHistory();
  expect(events?.filter((event) => event.timerCanceledEventAttributes)).toHaveLength(1);
  await environment.sleep(GRACE_MS);
  expect(customer.standings.map((standing) => standing.status)).toEqual(['past_due', 'active']);
});

test('an event within the grace period does not prolong it', async () => {
  const failedAtMs = await environment.currentTimeMs();
  const customer = await newCustomer({ unpaidBills: [unpaidBill(failedAtMs)] });
  await environment.sleep(5 * DAY_MS);
  await deliver(customer);
  expect(await stateOf(customer)).toMatchObject({ status: 'past_due', graceEndsAtMs: failedAtMs + GRACE_MS });
  await sleepUntil(failedAtMs + GRACE_MS + 60_000);
  expect(await stateOf(customer)).toMatchObject({ status: 'suspended' });
});

test('a grace period that began before continue-as-new ends on time in the run after it', async () => {
  const graceEndsAtMs = (await environment.currentTimeMs()) + 2 * DAY_MS;
  const customer = fake({ unpaidBills: [unpaidBill(graceEndsAtMs - GRACE_MS)], graceEndsAtMs });
  const { stripeCustomerId, handle } = customer;
  const carried: CarriedState = {
    seenEventIds: ['evt_seen'],
    queuedEvents: [],
    parkedEvents: [],
    parked: null,
    standing: standingOf(customer.facts, graceEndsAtMs - GRACE_MS),
    sinceMs: graceEndsAtMs - GRACE_MS,
    clusterId: 'cluster',
    lookIsDue: false,
    host: { unsent: null, told: NOBODY_YET, messages: 0 },
    lastEvent: null,
    appliedEvents: 7,
    duplicateEvents: 3,
  };
  await client.workflow.start(CUSTOMER_BILLING_WORKFLOW, {
    workflowId: handle.workflowId,
    taskQueue: BILLING_TASK_QUEUE,
    args: [{ mode: 'test', stripeCustomerId }, carried],
  });
  await sleepUntil(graceEndsAtMs - 60_000);
  expect(await stateOf(customer)).toMatchObject({
    status: 'past_due',
    graceEndsAtMs,
    sinceMs: carried.sinceMs,
    appliedEvents: 7,
    duplicateEvents: 3,
  });
  expect(customer.looksAtMs).toEqual([]);
  await sleepUntil(graceEndsAtMs + 60_000);
  expect(await stateOf(customer)).toMatchObject({ status: 'suspended' });
});

test('without a grace period a failed payment suspends at once', async () => {
  const customer = await newCustomer({
    graceMs: 0,
    unpaidBills: [unpaidBill(await environment.currentTimeMs())],
  });
  expect(await stateOf(customer)).toMatchObject({ status: 'suspended', waitingFor: 'payment' });
});

test('a customer who waits for a cluster has it when told, and asks again now and then', async () => {
  const customer = await newCustomer({ clusterId: null });
  expect(await stateOf(customer)).toMatchObject({ status: 'active', waitingFor: 'cluster' });
  expect(customer.clusterRequests).toBe(1);
  await environment.sleep(3.5 * HOUR_MS);
  expect(customer.clusterRequests).toBe(4);
  customer.facts = { ...customer.facts, clusterId: 'cluster' };
  await customer.handle.signal(LOOK_AGAIN_SIGNAL);
  await eventually(
    'the place to be seen',
    () => stateOf(customer),
    ({ waitingFor }) => waitingFor === null,
  );
  await environment.sleep(10 * HOUR_MS);
  expect(customer.clusterRequests).toBe(4);
});

test('a bill that Stripe has given up on is tried again after 1, 3 and 5 days, and then no more', async () => {
  const failedAtMs = await environment.currentTimeMs();
  const customer = await newCustomer({
    unpaidBills: [{ ...unpaidBill(failedAtMs), stripeRetriesAtMs: null }],
  });
  await sleepUntil(failedAtMs + 20 * DAY_MS);
  const days = customer.collectedAtMs.map((at) => Math.round((at - failedAtMs) / DAY_MS));
  expect(days).toEqual([1, 3, 5]);
  expect(await stateOf(customer)).toMatchObject({ status: 'suspended', waitingFor: 'payment' });
});

test('a retry that is paid ends the grace period', async () => {
  const failedAtMs = await environment.currentTimeMs();
  const customer = await newCustomer({
    unpaidBills: [{ ...unpaidBill(failedAtMs), stripeRetriesAtMs: null }],
  });
  await sleepUntil(failedAtMs + 2 * DAY_MS);
  customer.cardPays = true;
  await sleepUntil(failedAtMs + 4 * DAY_MS);
  expect(customer.collectedAtMs).toHaveLength(2);
  expect(await stateOf(customer)).toMatchObject({ status: 'active', graceEndsAtMs: null });
});

test('an extension moves the end of the grace period, and is over when nothing is owed', async () => {
  const failedAtMs = await environment.currentTimeMs();
  const customer = await newCustomer({ unpaidBills: [unpaidBill(failedAtMs)] });
  await sleepUntil(failedAtMs + 6 * DAY_MS);
  const state = await decide(customer, EXTEND_GRACE_UPDATE, { days: 10, by: 'ops' });
  const extended = state.graceEndsAtMs ?? 0;
  expect(extended).toBeGreaterThanOrEqual(failedAtMs + 16 * DAY_MS);
  await sleepUntil(extended - 60_000);
  expect(await stateOf(customer)).toMatchObject({ status: 'past_due' });
  await sleepUntil(extended + 60_000);
  expect(await stateOf(customer)).toMatchObject({ status: 'suspended', waitingFor: 'payment' });
  // Given again after the end, it brings access back.
  expect(await decide(customer, EXTEND_GRACE_UPDATE, { days: 1, by: 'ops' })).toMatchObject({
    status: 'past_due',
  });
});

test('a suspension by an operator outlasts everything but an operator', async () => {
  const customer = await newCustomer({});
  expect(await decide(customer, SUSPEND_UPDATE, { reason: 'fraud', by: 'ops' })).toMatchObject({
    status: 'suspended',
    waitingFor: 'operator',
    reason: 'Suspended by ops: fraud',
  });
  await deliver(customer);
  await environment.sleep(30 * DAY_MS);
  expect(await stateOf(customer)).toMatchObject({ status: 'suspended', waitingFor: 'operator' });
  expect(await decide(customer, REACTIVATE_UPDATE, { by: 'ops' })).toMatchObject({ status: 'active' });
});

test.each<[string, string, object, RegExp]>([
  ['more time for who owes nothing', EXTEND_GRACE_UPDATE, { days: 7, by: 'ops' }, /owes nothing/],
  ['more time without a number', EXTEND_GRACE_UPDATE, { by: 'ops' }, /how many days/],
  ['a suspension without a reason', SUSPEND_UPDATE, { by: 'ops' }, /"reason" must be a text/],
  ['a reactivation of who has access', REACTIVATE_UPDATE, { by: 'ops' }, /is active and has access/],
])('%s is refused with a sentence, and changes nothing', async (_, update, request, sentence) => {
  const customer = await newCustomer({});
  const before = await stateOf(customer);
  await expect(decide(customer, update, request)).rejects.toMatchObject({
    cause: { message: expect.stringMatching(sentence) as string },
  });
  expect(await stateOf(customer)).toEqual(before);
  expect(customer.decisions).toEqual([]);
});

test('a close waits for the end of the month and its collection window', async () => {
  const now = await environment.currentTimeMs();
  const period: BillingPeriod = nextPeriod(billingPeriodOf(new Date(now)));
  const freezesAtMs = periodEnd(period).getTime() + COLLECTION_WINDOW_MS;
  closeSteps.length = 0;
  const handle = await startClose(client, { mode: 'test', period });
  await sleepUntil(freezesAtMs - 60_000);
  expect(await handle.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY)).toMatchObject({
    phase: 'collecting',
  });
  expect(closeSteps).toEqual(['rules']);
  expect(await handle.result()).toMatchObject({ phase: 'done', period });
  expect(closeSteps).toEqual(['rules', 'freeze', 'list']);
  expect(await environment.currentTimeMs()).toBeGreaterThanOrEqual(freezesAtMs);
});

test('a close of a month that is long over waits for nothing', async () => {
  const before = await environment.currentTimeMs();
  const period = billingPeriodOf(new Date(before - 90 * DAY_MS));
  const handle = await startClose(client, { mode: 'test', period });
  expect(await handle.result()).toMatchObject({ phase: 'done', period });
  const { events } = await handle.fetchHistory();
  expect(events?.some((event) => event.timerStartedEventAttributes)).toBe(false);
});

const billingActivities = {
  lookAtCustomer: async ({ stripeCustomerId, nowMs }: LookAtCustomerInput) => {
    const customer = fakeCustomer(stripeCustomerId);
    customer.looksAtMs.push(nowMs);
    return await Promise.resolve({ userId: 'user', tellsHost: false, facts: customer.facts });
  },
  assignCluster: async ({ stripeCustomerId }: { readonly stripeCustomerId: string }) => {
    const customer = fakeCustomer(stripeCustomerId);
    customer.clusterRequests += 1;
    return await Promise.resolve({ clusterId: customer.facts.clusterId, toBeTold: [] });
  },
  collectInvoices: async (input: { readonly stripeCustomerId: string; readonly nowMs: number }) => {
    const customer = fakeCustomer(input.stripeCustomerId);
    customer.collectedAtMs.push(input.nowMs);
    const unpaidBills = customer.facts.unpaidBills.map((bill) => ({
      ...bill,
      collectionAttempts: bill.collectionAttempts + 1,
      lastCollectionAtMs: input.nowMs,
    }));
    customer.facts = { ...customer.facts, unpaidBills: customer.cardPays ? [] : unpaidBills };
    return await Promise.resolve(customer.facts.unpaidBills);
  },
  saveOperatorDecision: async (input: {
    readonly stripeCustomerId: string;
    readonly decision: OperatorDecision;
  }) => {
    const customer = fakeCustomer(input.stripeCustomerId);
    customer.decisions.push(input.decision);
    customer.facts = { ...customer.facts, ...factsOf(input.decision) };
    await Promise.resolve();
  },
  /** As the real one: what was granted is a fact from then on. */
  saveStanding: async (input: { readonly stripeCustomerId: string; readonly standing: CustomerStanding }) => {
    const customer = fakeCustomer(input.stripeCustomerId);
    customer.standings.push(input.standing);
    customer.facts = { ...customer.facts, graceEndsAtMs: input.standing.graceEndsAtMs };
    return await Promise.resolve(0);
  },
};

const batchActivities = {
  billingRules: async () => {
    closeSteps.push('rules');
    return await Promise.resolve({ collectionWindowMs: COLLECTION_WINDOW_MS, approval: 'auto' });
  },
  freezeBillsPage: async () => {
    closeSteps.push('freeze');
    return await Promise.resolve({ frozenBills: 0, lastUserId: null });
  },
  listBillsPage: async () => {
    closeSteps.push('list');
    return await Promise.resolve({ billIds: [], lastUserId: null });
  },
};

/** A subscribed customer with these facts besides, after the first look. */
async function newCustomer(facts: Partial<CustomerFacts>): Promise<FakeCustomer> {
  const customer = fake(facts);
  await deliver(customer);
  return customer;
}

function fake(facts: Partial<CustomerFacts>): FakeCustomer {
  const stripeCustomerId = `cus_${randomUUID()}`;
  const card = { id: 'pm_1', created: 1 };
  const customer: FakeCustomer = {
    stripeCustomerId,
    handle: client.workflow.getHandle(customerBillingWorkflowId('test', stripeCustomerId)),
    facts: {
      customerDeleted: false,
      defaultPaymentMethodId: card.id,
      paymentMethods: [card],
      newPaymentMethodIds: [],
      subscriptions: [{ id: 'sub_1', status: 'active', created: 1, endedAt: null, isOurs: true }],
      completedSetups: [],
      unpaidBills: [],
      parkedBills: [],
      disputes: [],
      creditShortfallCents: 0,
      savedSubscriptionId: 'sub_1',
      clusterId: 'cluster',
      operatorSuspension: null,
      graceEndsAtMs: null,
      graceExtendedUntilMs: null,
      graceMs: GRACE_MS,
      ...facts,
    },
    looksAtMs: [],
    standings: [],
    clusterRequests: 0,
    collectedAtMs: [],
    cardPays: false,
    decisions: [],
  };
  customers.set(stripeCustomerId, customer);
  return customer;
}

/** Delivers an event, and waits until it is applied. Time stands still meanwhile. */
async function deliver(customer: FakeCustomer): Promise<void> {
  const { stripeCustomerId, standings } = customer;
  const applied = standings.length;
  const event = { eventId: `evt_${randomUUID()}`, type: 'invoice.paid', objectId: 'in_1', created: 0 };
  await signalStripeEvent(client, { mode: 'test', stripeCustomerId }, event);
  await eventually(
    'the event to be applied',
    () => stateOf(customer),
    ({ queuedEvents }) => customer.standings.length > applied && queuedEvents === 0,
  );
}

async function stateOf({ handle }: FakeCustomer): Promise<CustomerBillingState> {
  return await handle.query<CustomerBillingState>(BILLING_STATE_QUERY);
}

async function sleepUntil(instantMs: number): Promise<void> {
  await environment.sleep(instantMs - (await environment.currentTimeMs()));
}

function fakeCustomer(stripeCustomerId: string): FakeCustomer {
  const customer = customers.get(stripeCustomerId);
  if (customer === undefined) throw new Error(`there is no customer ${stripeCustomerId}`);
  return customer;
}

/** A bill that Stripe itself will try again. */
function unpaidBill(failedAtMs: number): UnpaidBillFact {
  return {
    billId: 'bill_1',
    stripeInvoiceId: 'in_1',
    failedAtMs,
    stripeRetriesAtMs: failedAtMs + 365 * DAY_MS,
    needsCustomerAction: false,
    isCollectible: true,
    collectionAttempts: 0,
    lastCollectionAtMs: null,
  };
}

/** What an operator's decision makes true. */
function factsOf(decision: OperatorDecision): Partial<CustomerFacts> {
  switch (decision.type) {
    case 'extendGrace':
      return { graceExtendedUntilMs: decision.untilMs };
    case 'suspend':
      return { operatorSuspension: decision };
    case 'reactivate':
      return { operatorSuspension: null };
  }
}

async function decide(
  { handle }: FakeCustomer,
  update: string,
  request: object,
): Promise<CustomerBillingState> {
  return await handle.executeUpdate<CustomerBillingState, [object]>(update, { args: [request] });
}
