import type { Stripe } from 'stripe';
import { listBills } from '../../db/bills.ts';
import { type Customer, callApi, stateOf, userOf, workflowOf } from '../world/customers.ts';
import { type Outcome, outcomeOf } from '../world/outcomes.ts';
import type { Stage } from './stage.ts';

/** How a customer must stand in the end. What is not named here is only held against the rules that hold for everybody. */
export type Ends = Partial<Outcome>;

interface Audited extends Customer {
  /** Checkout sessions that the host product asked for. */
  readonly checkouts: readonly unknown[];
}

/**
 * What is wrong with a customer, in sentences, as things stand now: in Stripe, in the database, in the workflow, in what the api
 * answers and in what the host product was told.
 */
export async function whatIsWrongWith(stage: Stage, customer: Audited, ends: Ends): Promise<string[]> {
  // One after the other: while anything is under way, what comes after it would only be wrong for that.
  for (const check of CHECKS) {
    const wrong = await check(stage, customer, ends);
    if (wrong.length > 0) return wrong.map((sentence) => `${customer.userId}: ${sentence}`);
  }
  return [];
}

type Check = (stage: Stage, customer: Audited, ends: Ends) => Promise<string[]>;

const CHECKS: readonly Check[] = [
  unsettled,
  otherwise,
  doubledInStripe,
  invoicesAmiss,
  workflowAmiss,
  toldAmiss,
];

/** Every event that Stripe has of the customer takes effect once: so say the database and the workflow. */
async function unsettled(stage: Stage, customer: Audited): Promise<string[]> {
  const { mode, stripeCustomerId } = customer;
  const inStripe = (await stage.events.of(customer)).map(({ id }) => id);
  const rows = await stage.db
    .selectFrom('applied_stripe_events')
    .select('event_id')
    .where('mode', '=', mode)
    .where('stripe_customer_id', '=', stripeCustomerId)
    .execute();
  const applied = new Set(rows.map((row) => row.event_id));
  const { queuedEvents, appliedEvents, parked } = await stateOf(stage, customer);
  return [
    ...(await withoutEffect(
      stage,
      inStripe.filter((id) => !applied.has(id)),
    )),
    ...(appliedEvents === inStripe.length
      ? []
      : [`the workflow has applied ${appliedEvents} events of ${inStripe.length}`]),
    ...(queuedEvents === 0 ? [] : [`${queuedEvents} events wait`]),
    ...(parked === null ? [] : [`a step is parked: ${parked.message}`]),
  ];
}

/** With what its webhooks were answered, and why: whether it was lost, or is still to be sent again. */
async function withoutEffect({ simulator, db }: Stage, eventIds: readonly string[]): Promise<string[]> {
  if (eventIds.length === 0) return [];
  const deliveries = await simulator.deliveries();
  const receipts = await db
    .selectFrom('webhook_receipts')
    .select(['event_id', 'outcome', 'reason'])
    .where('event_id', 'in', eventIds)
    .execute();
  return eventIds.map((id) => {
    const answers = deliveries
      .filter(({ eventId }) => eventId === id)
      .flatMap(({ attempts }) => attempts.map(({ status, error }) => status ?? error ?? 'no answer'));
    const reasons = receipts
      .filter(({ event_id }) => event_id === id)
      .map((each) => each.reason ?? each.outcome);
    return `${id} has had no effect; its webhook was answered: ${answers.join(', ') || 'not sent yet'} (${reasons.join(', ')})`;
  });
}

async function otherwise(stage: Stage, customer: Audited, ends: Ends): Promise<string[]> {
  const outcome = await outcomeOf(stage, customer);
  const names = Object.keys(ends).filter((name): name is keyof Outcome => name in outcome);
  return names.flatMap((name) => {
    const [is, shouldBe] = [JSON.stringify(outcome[name]), JSON.stringify(ends[name])];
    return is === shouldBe ? [] : [`${name} is ${is} and not ${shouldBe}`];
  });
}

/** One customer, one session for each Checkout that was asked for, at most one live subscription. */
async function doubledInStripe(stage: Stage, customer: Audited): Promise<string[]> {
  const { mode, userId, stripeCustomerId, checkouts } = customer;
  const stripe = stage.stripe[mode];
  const customers = await stripe.customers.list({ email: `${userId}@example.com`, limit: 100 });
  const sessions = await stripe.checkout.sessions.list({ customer: stripeCustomerId, limit: 100 });
  const keys = new Set(sessions.data.map(({ metadata }) => metadata?.['idempotency_key']));
  const subscriptions = await stripe.subscriptions.list({ customer: stripeCustomerId, limit: 100 });
  return [
    ...(customers.data.length > 1 ? [`there are ${customers.data.length} customers in Stripe`] : []),
    // One that was over before anybody had heard of it is nobody's, and another one took its place.
    ...(sessions.data.length === keys.size && keys.size >= checkouts.length
      ? []
      : [`there are ${sessions.data.length} Checkout sessions for ${checkouts.length}`]),
    ...(subscriptions.data.length > 1 ? [`${subscriptions.data.length} subscriptions are live`] : []),
  ];
}

/** One invoice for each bill, to the cent; no draft is left over, and no invoice asks for money that is not a bill's. */
async function invoicesAmiss(stage: Stage, customer: Audited): Promise<string[]> {
  const { mode, userId, stripeCustomerId } = customer;
  const bills = await listBills(stage.db, mode, userId);
  const { data } = await stage.stripe[mode].invoices.list({ customer: stripeCustomerId, limit: 100 });
  const invoicesOf = (billId: string): Stripe.Invoice[] =>
    data.filter(({ metadata, status }) => metadata?.['bill_id'] === billId && status !== 'void');
  const periods = bills.map(({ period, part }) => `${period}/${part}`);
  return [
    ...(new Set(periods).size === periods.length ? [] : ['a month has two bills']),
    ...bills.flatMap((bill) => {
      const invoices = invoicesOf(bill.billId);
      const due = bill.totalCents === 0 || bill.status === 'held' || bill.status === 'parked' ? 0 : 1;
      if (invoices.length !== due) return [`${bill.billId} (${bill.status}) has ${invoices.length} invoices`];
      return invoices.flatMap(({ id, total }) =>
        total === bill.totalCents ? [] : [`${id} comes to ${total}, its bill to ${bill.totalCents}`],
      );
    }),
    ...data.filter(({ status }) => status === 'draft').map(({ id }) => `${id} is left a draft`),
    ...data
      .filter(
        ({ metadata, total }) => total > 0 && !bills.some((bill) => bill.billId === metadata?.['bill_id']),
      )
      .map(({ id }) => `${id} is of no bill`),
  ];
}

/** It runs, nothing of it is being tried in vain, and it says what the database and the api say. */
async function workflowAmiss(stage: Stage, customer: Audited): Promise<string[]> {
  const { mode, userId } = customer;
  const [state, user, described, answer] = await Promise.all([
    stateOf(stage, customer),
    userOf(stage, customer),
    workflowOf(stage, customer).describe(),
    callApi<{ readonly status: string; readonly clusterId: string | null }>(
      stage,
      mode,
      'GET',
      `/api/users/${userId}/billing`,
    ),
  ]);
  const inDatabase = `${user.status}, ${user.waiting_for}, ${user.cluster_id}`;
  const inWorkflow = `${state.status}, ${state.waitingFor}, ${state.clusterId}`;
  const { pendingActivities, pendingWorkflowTask } = described.raw;
  return [
    ...(described.status.name === 'RUNNING' ? [] : [`the workflow is ${described.status.name}`]),
    ...(pendingActivities ?? []).map(({ activityType }) => `${activityType?.name} is under way`),
    ...((pendingWorkflowTask?.attempt ?? 0) > 1 ? ['the workflow fails'] : []),
    ...(inDatabase === inWorkflow ? [] : [`${inDatabase} in the database, ${inWorkflow} in the workflow`]),
    ...(answer.status === user.status && answer.clusterId === user.cluster_id
      ? []
      : [`the api answers ${answer.status}, ${answer.clusterId}`]),
  ];
}

/** Who has anything but nothing: the host product was told so last. */
async function toldAmiss(stage: Stage, customer: Audited): Promise<string[]> {
  const { status, waiting_for: waitingFor, cluster_id: clusterId } = await userOf(stage, customer);
  const told = stage.host.told(customer.mode, customer.userId);
  if (told === undefined)
    return status === 'none' ? [] : [`the host product was not told that it is ${status}`];
  const isSame = told.status === status && told.waitingFor === waitingFor && told.clusterId === clusterId;
  return isSame ? [] : [`the host product was told ${told.status}, ${told.waitingFor}, ${told.clusterId}`];
}
