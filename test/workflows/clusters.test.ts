import { expect, onTestFinished, test } from 'vitest';
import {
  type Customer,
  completeCheckout,
  newCustomer,
  stateIs,
  stateOf,
  subscriptionsOf,
  userOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { saveCluster } from '../../db/clusters.ts';
import { isHandledEventType } from '../../domain/stripe-event.ts';
import { signalLookAgain } from '../../temporal/signals.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from './service.ts';

const USERS = 100;
/** How many people are at Checkout at the same time. */
const AT_ONCE = 12;
/** Places of each cluster. */
const CAPACITY = { 'cluster-extra': 4, 'cluster-test': 6 } as const;
const PLACES = 10;

test('100 users, 10 places: exactly 10 assigned, 90 waiting visibly, each gets one when a place frees up', async () => {
  const billing = await startTestBilling({ places: { test: CAPACITY['cluster-test'] } });
  onTestFinished(() => billing.stop());
  await billing.startWorker();
  await enlarge(billing, 'cluster-extra', CAPACITY['cluster-extra']);

  const customers = await subscribeAll(billing);
  const customer = (userId: string | undefined): Customer => customers.get(userId ?? '')!;
  const line = await queue(billing);
  const placed = await usersWithPlace(billing);
  expect(await loads(billing)).toEqual(CAPACITY);
  expect(line).toHaveLength(USERS - PLACES);
  await operatorsSeeWaiting(billing, USERS - PLACES);
  // What each workflow has heard of Stripe so far: of a place, Stripe tells nothing.
  const appliedEvents = new Map<string, number>();
  for (const userId of line) {
    const state = await stateOf(billing, customer(userId));
    expect(state).toMatchObject({ status: 'active', waitingFor: 'cluster', clusterId: null });
    appliedEvents.set(userId, state.appliedEvents);
  }
  const hears = async (userId: string): Promise<void> => {
    const told = `${userId} to hear of a place`;
    const state = await stateIs(billing, customer(userId), told, ({ waitingFor }) => waitingFor === null);
    const { cluster_id: clusterId } = await userOf(billing, customer(userId));
    expect(state).toMatchObject({ status: 'active', clusterId, appliedEvents: appliedEvents.get(userId) });
  };

  // One after the other. Two of those who leave were given their place by one who left before.
  const leavers = [placed[0], line[0], placed[1], line[2], placed[2]];
  for (const [turn, leaver] of leavers.entries()) {
    await endSubscription(billing, customer(leaver));
    await hears(line[turn]!);
    expect(await loads(billing)).toEqual(CAPACITY);
    expect(await queue(billing)).toEqual(line.slice(turn + 1));
  }

  // All who have a place now, at once.
  const heirs = line.slice(leavers.length, leavers.length + PLACES);
  const stillWaiting = line.slice(leavers.length + PLACES);
  const leaving = await usersWithPlace(billing);
  await Promise.all(leaving.map((leaver) => endSubscription(billing, customer(leaver))));
  for (const heir of heirs) await hears(heir);
  expect(await loads(billing)).toEqual(CAPACITY);
  expect(await usersWithPlace(billing)).toEqual(heirs.toSorted());
  expect(await queue(billing)).toEqual(stillWaiting);
  await operatorsSeeWaiting(billing, stillWaiting.length);

  // Room for everybody.
  const told = await enlarge(billing, 'cluster-extra', CAPACITY['cluster-extra'] + stillWaiting.length);
  expect(told).toEqual(stillWaiting.map((userId) => customer(userId).stripeCustomerId));
  for (const stripeCustomerId of told)
    await signalLookAgain(billing.temporal, { mode: 'test', stripeCustomerId });
  for (const userId of stillWaiting) await hears(userId);
  await operatorsSeeWaiting(billing, 0);
}, 900_000);

/** Has all users add a card; they are all subscribed, and every event of theirs is applied, when this returns. */
async function subscribeAll(billing: BillingService): Promise<ReadonlyMap<string, Customer>> {
  const customers = new Map<string, Customer>();
  let left = USERS;
  const takeTurns = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const customer = await newCustomer(billing);
      await completeCheckout(billing, customer.checkout.id);
      customers.set(customer.userId, customer);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, takeTurns));
  await eventually(
    'every event to be applied',
    () => unappliedEvents(billing),
    (events) => events === 0,
  );
  return customers;
}

/** How many of Stripe's events have not had their effect yet. */
async function unappliedEvents({ db, stripe }: BillingService): Promise<number> {
  const applied = await db.selectFrom('applied_stripe_events').select('event_id').execute();
  const unapplied = new Set<string>();
  for await (const { id, type } of stripe.test.events.list({ limit: 100 })) {
    if (isHandledEventType(type)) unapplied.add(id);
  }
  for (const row of applied) unapplied.delete(row.event_id);
  return unapplied.size;
}

/** Those who may use a cluster and have none, longest waiting first. */
async function queue({ db }: BillingService): Promise<string[]> {
  const rows = await db
    .selectFrom('users')
    .select('user_id')
    .where('status', '=', 'active')
    .where('waiting_for', '=', 'cluster')
    .where('cluster_id', 'is', null)
    .orderBy('cluster_wanted_at')
    .orderBy('user_id')
    .execute();
  return rows.map((row) => row.user_id);
}

async function usersWithPlace({ db }: BillingService): Promise<string[]> {
  const rows = await db.selectFrom('users').select('user_id').where('cluster_id', 'is not', null).execute();
  return rows.map((row) => row.user_id).toSorted();
}

/** How many users each cluster has. */
async function loads({ db }: BillingService): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('users')
    .select(({ fn }) => ['cluster_id', fn.countAll<string>().as('users')])
    .where('cluster_id', 'is not', null)
    .groupBy('cluster_id')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.cluster_id ?? '', Number(row.users)] as const));
}

/** What the Temporal Web UI lists as waiting for a cluster. */
async function operatorsSeeWaiting({ temporal }: BillingService, users: number): Promise<void> {
  await eventually(
    `${users} to be seen waiting for a cluster`,
    () => temporal.workflow.count('BillingWaitingFor="cluster"'),
    ({ count }) => count === users,
  );
}

async function enlarge({ db }: BillingService, clusterId: string, capacity: number) {
  return await saveCluster(db, { mode: 'test', clusterId, capacity });
}

/** In Stripe, and waits until the place has gone on. */
async function endSubscription(billing: BillingService, customer: Customer): Promise<void> {
  const [subscription] = await subscriptionsOf(billing, customer);
  await billing.stripe.test.subscriptions.cancel(subscription?.id ?? '');
  await stateIs(billing, customer, 'the end of the subscription', ({ status }) => status === 'suspended');
}
