import { setTimeout as sleep } from 'node:timers/promises';
import type { ScheduleSpec } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliveries } from '../../chaos/deliveries.ts';
import {
  type Customer,
  callApi,
  cardsOf,
  stateOf,
  subscribedCustomer,
  subscriptionsOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { Settling } from '../../chaos/world/settling.ts';
import { letStripeTimePass } from '../../chaos/world/stripe-clock.ts';
import { useGpu } from '../../chaos/world/usage.ts';
import { listBills } from '../../db/bills.ts';
import { billingPeriodOf, previousPeriod } from '../../domain/billing-period.ts';
import { MONTHLY_BILLING_SCHEDULE } from '../../domain/schedules.ts';
import { type Drill, startDrill } from './drill.ts';

/** The receiver's two seconds, and what a machine with much else to do adds. */
const AT_ONCE_MS = 4_000;
/** Temporal's shortest catch-up window is ten seconds. */
const LONGER_THAN_LATE_MS = 12_000;
const HOUR_MS = 60 * 60_000;

let drill: Drill;
let settling: Settling;
beforeAll(async () => {
  drill = await startDrill();
  settling = new Settling(drill);
});
afterAll(() => drill.stop());

test('Temporal is killed while webhooks come: what it took is kept, all else is refused at once and comes again', async () => {
  const customers = await Promise.all(Array.from({ length: 6 }, () => subscribedCustomer(drill)));
  const [leaving, cancelling, ...staying] = customers;
  if (leaving === undefined || cancelling === undefined) throw new Error('there are six');

  const changes = changeSubscriptions(customers, 15);
  await eventually('some to be taken', takenSoFar, (taken) => taken > customers.length * 5);
  await drill.parts.temporal.kill();
  await changes;
  for (const { id } of await cardsOf(drill, leaving)) await drill.stripe.test.paymentMethods.detach(id);
  for (const { id } of await subscriptionsOf(drill, cancelling))
    await drill.stripe.test.subscriptions.cancel(id);
  await allAreTried();
  await expectWithoutTemporal(staying[0]);

  await drill.parts.temporal.restart();
  await expectAllToCome(customers);
  expect(await statusesOf(customers)).toEqual(['suspended', 'suspended', ...staying.map(() => 'active')]);
});

test('Temporal hangs: webhooks do not hang with it, and come again', async () => {
  const customers = await Promise.all(Array.from({ length: 4 }, () => subscribedCustomer(drill)));
  await drill.parts.temporal.hang();
  await changeSubscriptions(customers, 8);
  await allAreTried();
  await expectWithoutTemporal(customers[0]);
  await drill.parts.temporal.goOn();
  await expectAllToCome(customers);
  expect(await statusesOf(customers)).toEqual(customers.map(() => 'active'));
});

test('a close that was due while Temporal was down is caught up with by its Schedule', async () => {
  const period = previousPeriod(billingPeriodOf(new Date()));
  const customer = await subscribedCustomer(drill);
  await useGpu(drill, customer, period, '3');
  const dueAt = new Date(Date.now() + 10_000);
  const schedule = drill.temporal.schedule.getHandle(MONTHLY_BILLING_SCHEDULE.scheduleId('test'));
  await schedule.update((previous) => ({ ...previous, spec: onceAt(dueAt) }));
  // What is due before Temporal has taken the change is nothing to the Schedule.
  await eventually(
    'the Schedule to know',
    async () => (await schedule.describe()).info.nextActionTimes,
    (times) => times.length === 1,
  );
  await drill.parts.temporal.kill();
  await sleep(dueAt.getTime() + LONGER_THAN_LATE_MS - Date.now());
  expect(await listBills(drill.db, 'test', customer.userId)).toEqual([]);
  await drill.parts.temporal.restart();
  await eventually(
    'the bill to go out',
    () => listBills(drill.db, 'test', customer.userId),
    ([bill]) => bill?.stripeInvoiceId !== null && bill?.period === period,
  );
  expect((await schedule.describe()).info.numActionsTaken).toBe(1);
});

/** One instant, for a Schedule: seconds first, the year last. */
function onceAt(instant: Date): ScheduleSpec {
  const time = [instant.getUTCSeconds(), instant.getUTCMinutes(), instant.getUTCHours()];
  const day = [instant.getUTCDate(), instant.getUTCMonth() + 1, '*', instant.getUTCFullYear()];
  return { cronExpressions: [[...time, ...day].join(' ')], timezone: 'UTC' };
}

/** Changes each one's subscription so many times, a few at a time. */
async function changeSubscriptions(customers: readonly Customer[], times: number): Promise<void> {
  await Promise.all(
    customers.map(async (customer) => {
      const [subscription] = await subscriptionsOf(drill, customer);
      for (let change = 1; change <= times; change += 1) {
        await drill.stripe.test.subscriptions.update(subscription?.id ?? '', {
          metadata: { change: `${Date.now()}-${change}` },
        });
        await sleep(50);
      }
    }),
  );
}

const takenSoFar = async () =>
  (await deliveries(drill)).filter(({ status }) => status === 'succeeded').length;

const allAreTried = async () =>
  await eventually(
    'each webhook to have an answer',
    () => deliveries(drill),
    (all) => all.every(({ attempts }) => attempts.length > 0),
  );

const statusesOf = async (customers: readonly Customer[]) =>
  await Promise.all(customers.map(async (customer) => (await stateOf(drill, customer)).status));

/** It says so, and takes what needs no Temporal. */
async function expectWithoutTemporal(customer: Customer | undefined): Promise<void> {
  const ready = await fetch(`${drill.apiUrl}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toEqual({ status: 'unavailable', missing: ['temporal'] });
  const event = {
    id: `while-away-${customer?.userId}`,
    userId: customer?.userId,
    product: 'gpu_hour',
    quantity: '1',
    occurredAt: new Date().toISOString(),
  };
  const answer = await callApi(drill, 'test', 'POST', '/api/usage-events', { body: { events: [event] } });
  expect(answer).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
}

/** Every event is acknowledged once, when Temporal has it, and has its effect once. The api goes on where it was. */
async function expectAllToCome(customers: readonly Customer[]): Promise<void> {
  await eventually(
    'the api to be ready',
    () => fetch(`${drill.apiUrl}/readyz`),
    ({ ok }) => ok,
  );
  await letStripeTimePass(drill, 7 * HOUR_MS);
  await settling.isOver();
  // What Temporal had taken, and could not say, is sent again all the same.
  await eventually(
    'everything to be delivered',
    () => deliveries(drill),
    (all) => all.every(({ status }) => status === 'succeeded'),
  );

  const all = await deliveries(drill);
  const answers = all.map(({ attempts }) => attempts.map(({ status }) => status));
  expect(answers.filter((statuses) => statuses.at(-1) !== 200)).toEqual([]);
  expect(answers.filter((statuses) => statuses.slice(0, -1).some((status) => status !== 503))).toEqual([]);
  expect(answers.filter((statuses) => statuses.length > 1).length).toBeGreaterThan(10);
  const refused = all.flatMap(({ attempts }) => attempts.filter(({ status }) => status === 503));
  const slowest = Math.max(...refused.map(({ durationMs }) => durationMs));
  expect(slowest).toBeLessThan(AT_ONCE_MS);

  const events = await settling.countEvents('test');
  for (const customer of customers) {
    const { appliedEvents, queuedEvents } = await stateOf(drill, customer);
    expect({ appliedEvents, queuedEvents }).toEqual({
      appliedEvents: events.get(customer.stripeCustomerId),
      queuedEvents: 0,
    });
    expect(await subscriptionsOf(drill, customer)).toHaveLength(1);
  }
  expect(drill.endedByThemselves).toEqual([]);
}
