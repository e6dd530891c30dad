import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { LookAtCustomerInput } from '../../activities/customer-facts.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import type { CustomerFacts, UnpaidBillFact } from '../../domain/customer-facts.ts';
import type { CustomerStanding } from '../../domain/customer-standing.ts';
import {
  BILLING_STATE_QUERY,
  type CustomerBillingState,
  customerBillingWorkflowId,
} from '../../domain/customer-workflow.ts';
import type { OperatorDecision } from '../../domain/operator-decisions.ts';
import { signalStripeEvent } from '../../temporal/signals.ts';

// Customers who are what a test says they are, for tests in which the clock is the point: activities are stand-ins.

/** A day in milliseconds. */
export const DAY_MS = 24 * 60 * 60_000;
/** How long a fake customer who owes keeps access, unless a test says otherwise. */
export const GRACE_MS = 7 * DAY_MS;

/** A customer as the activities see it. */
export interface FakeCustomer {
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

/** In place of the activities of the task queue `billing`. */
export const fakeBillingActivities = {
  lookAtCustomer: async ({ stripeCustomerId, nowMs }: LookAtCustomerInput) => {
    const customer = known(stripeCustomerId);
    customer.looksAtMs.push(nowMs);
    return await Promise.resolve({ userId: 'user', tellsHost: false, facts: customer.facts });
  },
  assignCluster: async ({ stripeCustomerId }: { readonly stripeCustomerId: string }) => {
    const customer = known(stripeCustomerId);
    customer.clusterRequests += 1;
    return await Promise.resolve({ clusterId: customer.facts.clusterId, toBeTold: [] });
  },
  collectInvoices: async (input: { readonly stripeCustomerId: string; readonly nowMs: number }) => {
    const customer = known(input.stripeCustomerId);
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
    const customer = known(input.stripeCustomerId);
    customer.decisions.push(input.decision);
    customer.facts = { ...customer.facts, ...factsOf(input.decision) };
    await Promise.resolve();
  },
  /** As the real one: what was granted is a fact from then on. */
  saveStanding: async (input: { readonly stripeCustomerId: string; readonly standing: CustomerStanding }) => {
    const customer = known(input.stripeCustomerId);
    customer.standings.push(input.standing);
    customer.facts = { ...customer.facts, graceEndsAtMs: input.standing.graceEndsAtMs };
    return await Promise.resolve(0);
  },
};

/** A subscribed customer with these facts besides, after the first look. */
export async function newFakeCustomer(
  temporal: Client,
  facts: Partial<CustomerFacts>,
): Promise<FakeCustomer> {
  const customer = fakeCustomer(temporal, facts);
  await deliver(temporal, customer);
  return customer;
}

/** One whose workflow does not run yet. */
export function fakeCustomer(temporal: Client, facts: Partial<CustomerFacts>): FakeCustomer {
  const stripeCustomerId = `cus_${randomUUID()}`;
  const card = { id: 'pm_1', created: 1 };
  const customer: FakeCustomer = {
    stripeCustomerId,
    handle: temporal.workflow.getHandle(customerBillingWorkflowId('test', stripeCustomerId)),
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
export async function deliver(temporal: Client, customer: FakeCustomer): Promise<void> {
  const { stripeCustomerId, standings } = customer;
  const applied = standings.length;
  const event = { eventId: `evt_${randomUUID()}`, type: 'invoice.paid', objectId: 'in_1', created: 0 };
  await signalStripeEvent(temporal, { mode: 'test', stripeCustomerId }, event);
  await eventually(
    'the event to be applied',
    () => fakeStateOf(customer),
    ({ queuedEvents }) => customer.standings.length > applied && queuedEvents === 0,
  );
}

/** What the workflow says of itself. */
export async function fakeStateOf({ handle }: FakeCustomer): Promise<CustomerBillingState> {
  return await handle.query<CustomerBillingState>(BILLING_STATE_QUERY);
}

function known(stripeCustomerId: string): FakeCustomer {
  const customer = customers.get(stripeCustomerId);
  if (customer === undefined) throw new Error(`there is no customer ${stripeCustomerId}`);
  return customer;
}

/** A bill that Stripe itself will try again. */
export function unpaidBill(failedAtMs: number): UnpaidBillFact {
  return {
    billId: 'bill_1',
    stripeInvoiceId: 'in_1',
    failedAtMs,
    stripeRetriesAtMs: failedAtMs + 365 * DAY_MS,
    failedPaymentMethodId: null,
    stripeHasRetried: false,
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

/** An operator's update. */
export async function decide(
  { handle }: FakeCustomer,
  update: string,
  request: object,
): Promise<CustomerBillingState> {
  return await handle.executeUpdate<CustomerBillingState, [object]>(update, { args: [request] });
}
