import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../chaos/world/eventually.ts';
import { standingOf } from '../../domain/customer-standing.ts';
import {
  CUSTOMER_BILLING_WORKFLOW,
  EXTEND_GRACE_UPDATE,
  LOOK_AGAIN_SIGNAL,
  REACTIVATE_UPDATE,
  SUSPEND_UPDATE,
} from '../../domain/customer-workflow.ts';
import { BILLING_TASK_QUEUE } from '../../domain/task-queues.ts';
import type { CarriedState } from '../../workflows/customer-billing-state.ts';
import { NOBODY_YET } from '../../workflows/host-messages.ts';
import { startTimeSkippingWorker, type TimeSkippingWorker } from '../support/time-skipping.ts';
import {
  DAY_MS,
  decide,
  deliver,
  fakeBillingActivities,
  fakeCustomer,
  fakeStateOf,
  GRACE_MS,
  newFakeCustomer,
  unpaidBill,
} from './fake-customers.ts';

let time: TimeSkippingWorker;
let client: Client;
beforeAll(async () => {
  time = await startTimeSkippingWorker({ [BILLING_TASK_QUEUE]: fakeBillingActivities });
  client = time.client;
});
afterAll(() => time.stop());

test('a customer who owes is suspended when the grace period ends, and not a moment before', async () => {
  const failedAtMs = await time.nowMs();
  const customer = await newFakeCustomer(client, { unpaidBills: [unpaidBill(failedAtMs)] });
  const graceEndsAtMs = failedAtMs + GRACE_MS;
  expect(await fakeStateOf(customer)).toMatchObject({
    status: 'past_due',
    waitingFor: 'payment',
    graceEndsAtMs,
  });

  await time.sleepUntil(graceEndsAtMs - 60_000);
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'past_due' });
  expect(customer.looksAtMs).toHaveLength(1);

  await time.sleepUntil(graceEndsAtMs + 60_000);
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'suspended', waitingFor: 'payment' });
  expect(customer.looksAtMs).toHaveLength(2);
  expect(customer.looksAtMs[1]).toBeGreaterThanOrEqual(graceEndsAtMs);
  expect(customer.looksAtMs[1]).toBeLessThan(graceEndsAtMs + 5_000);

  // Suspended is not for ever, and nothing wakes it but an event.
  await time.sleep(30 * DAY_MS);
  expect(customer.looksAtMs).toHaveLength(2);
  customer.facts = { ...customer.facts, unpaidBills: [], graceEndsAtMs: null };
  await deliver(client, customer);
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'active', graceEndsAtMs: null });
});

test('a payment within the grace period cancels its timer', async () => {
  const customer = await newFakeCustomer(client, {
    unpaidBills: [unpaidBill(await time.nowMs())],
  });
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'past_due' });
  await time.sleep(3 * DAY_MS);
  customer.facts = { ...customer.facts, unpaidBills: [], graceEndsAtMs: null };
  await deliver(client, customer);
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'active', graceEndsAtMs: null });
  const { events } = await customer.handle.fetchHistory();
  expect(events?.filter((event) => event.timerCanceledEventAttributes)).toHaveLength(1);
  await time.sleep(GRACE_MS);
  expect(customer.standings.map((standing) => standing.status)).toEqual(['past_due', 'active']);
});

test('an event within the grace period does not prolong it', async () => {
  const failedAtMs = await time.nowMs();
  const customer = await newFakeCustomer(client, { unpaidBills: [unpaidBill(failedAtMs)] });
  await time.sleep(5 * DAY_MS);
  await deliver(client, customer);
  expect(await fakeStateOf(customer)).toMatchObject({
    status: 'past_due',
    graceEndsAtMs: failedAtMs + GRACE_MS,
  });
  await time.sleepUntil(failedAtMs + GRACE_MS + 60_000);
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'suspended' });
});

test('a grace period that began before continue-as-new ends on time in the run after it', async () => {
  const graceEndsAtMs = (await time.nowMs()) + 2 * DAY_MS;
  const customer = fakeCustomer(client, {
    unpaidBills: [unpaidBill(graceEndsAtMs - GRACE_MS)],
    graceEndsAtMs,
  });
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
  await time.sleepUntil(graceEndsAtMs - 60_000);
  expect(await fakeStateOf(customer)).toMatchObject({
    status: 'past_due',
    graceEndsAtMs,
    sinceMs: carried.sinceMs,
    appliedEvents: 7,
    duplicateEvents: 3,
  });
  expect(customer.looksAtMs).toEqual([]);
  await time.sleepUntil(graceEndsAtMs + 60_000);
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'suspended' });
});

test('without a grace period a failed payment suspends at once', async () => {
  const customer = await newFakeCustomer(client, {
    graceMs: 0,
    unpaidBills: [unpaidBill(await time.nowMs())],
  });
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'suspended', waitingFor: 'payment' });
});

test('a customer who waits for a cluster has it when told, and asks again now and then', async () => {
  const customer = await newFakeCustomer(client, { clusterId: null });
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'active', waitingFor: 'cluster' });
  expect(customer.clusterRequests).toBe(1);
  await time.sleep(3.5 * 60 * 60_000);
  expect(customer.clusterRequests).toBe(4);
  customer.facts = { ...customer.facts, clusterId: 'cluster' };
  await customer.handle.signal(LOOK_AGAIN_SIGNAL);
  await eventually(
    'the place to be seen',
    () => fakeStateOf(customer),
    ({ waitingFor }) => waitingFor === null,
  );
  await time.sleep(10 * 60 * 60_000);
  expect(customer.clusterRequests).toBe(4);
});

test('a bill that Stripe has given up on is tried again after 1, 3 and 5 days, and then no more', async () => {
  const failedAtMs = await time.nowMs();
  const customer = await newFakeCustomer(client, {
    unpaidBills: [{ ...unpaidBill(failedAtMs), stripeRetriesAtMs: null }],
  });
  await time.sleepUntil(failedAtMs + 20 * DAY_MS);
  const days = customer.collectedAtMs.map((at) => Math.round((at - failedAtMs) / DAY_MS));
  expect(days).toEqual([1, 3, 5]);
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'suspended', waitingFor: 'payment' });
});

test('a retry that is paid ends the grace period', async () => {
  const failedAtMs = await time.nowMs();
  const customer = await newFakeCustomer(client, {
    unpaidBills: [{ ...unpaidBill(failedAtMs), stripeRetriesAtMs: null }],
  });
  await time.sleepUntil(failedAtMs + 2 * DAY_MS);
  customer.cardPays = true;
  await time.sleepUntil(failedAtMs + 4 * DAY_MS);
  expect(customer.collectedAtMs).toHaveLength(2);
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'active', graceEndsAtMs: null });
});

test('an extension moves the end of the grace period, and is over when nothing is owed', async () => {
  const failedAtMs = await time.nowMs();
  const customer = await newFakeCustomer(client, { unpaidBills: [unpaidBill(failedAtMs)] });
  await time.sleepUntil(failedAtMs + 6 * DAY_MS);
  const state = await decide(customer, EXTEND_GRACE_UPDATE, { days: 10, by: 'ops' });
  const extended = state.graceEndsAtMs ?? 0;
  expect(extended).toBeGreaterThanOrEqual(failedAtMs + 16 * DAY_MS);
  await time.sleepUntil(extended - 60_000);
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'past_due' });
  await time.sleepUntil(extended + 60_000);
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'suspended', waitingFor: 'payment' });
  // Given again after the end, it brings access back.
  expect(await decide(customer, EXTEND_GRACE_UPDATE, { days: 1, by: 'ops' })).toMatchObject({
    status: 'past_due',
  });
});

test('a suspension by an operator outlasts everything but an operator', async () => {
  const customer = await newFakeCustomer(client, {});
  expect(await decide(customer, SUSPEND_UPDATE, { reason: 'fraud', by: 'ops' })).toMatchObject({
    status: 'suspended',
    waitingFor: 'operator',
    reason: 'Suspended by ops: fraud',
  });
  await deliver(client, customer);
  await time.sleep(30 * DAY_MS);
  expect(await fakeStateOf(customer)).toMatchObject({ status: 'suspended', waitingFor: 'operator' });
  expect(await decide(customer, REACTIVATE_UPDATE, { by: 'ops' })).toMatchObject({ status: 'active' });
});

test.each<[string, string, object, RegExp]>([
  ['more time for who owes nothing', EXTEND_GRACE_UPDATE, { days: 7, by: 'ops' }, /owes nothing/],
  ['more time without a number', EXTEND_GRACE_UPDATE, { by: 'ops' }, /how many days/],
  ['a suspension without a reason', SUSPEND_UPDATE, { by: 'ops' }, /"reason" must be a text/],
  ['a reactivation of who has access', REACTIVATE_UPDATE, { by: 'ops' }, /is active and has access/],
])('%s is refused with a sentence, and changes nothing', async (_, update, request, sentence) => {
  const customer = await newFakeCustomer(client, {});
  const before = await fakeStateOf(customer);
  await expect(decide(customer, update, request)).rejects.toMatchObject({
    cause: { message: expect.stringMatching(sentence) as string },
  });
  expect(await fakeStateOf(customer)).toEqual(before);
  expect(customer.decisions).toEqual([]);
});
