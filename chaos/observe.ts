/** Looks at all that there is in the end. */
import type { Stripe } from 'stripe';
import { findUser } from '../db/users.ts';
import type { UserKey } from '../domain/customer-key.ts';
import { MODES } from '../domain/mode.ts';
import { acknowledgedEvents } from './deliveries.ts';
import type { Account } from './judge/account.ts';
import type {
  SeenBill,
  SeenCustomer,
  SeenEvent,
  SeenInStripe,
  SeenMade,
  SeenWorkflow,
  SeenWorld,
} from './judge/seen.ts';
import { type Customer, callApi, stateOf } from './world/customers.ts';
import type { RunningBilling } from './world/running-billing.ts';

/**
 * Everything that `judge` looks at, from database, api, Temporal and Stripe.
 *
 * @throws Error when one of them is not there.
 */
export async function observe(service: RunningBilling, accounts: readonly Account[]): Promise<SeenWorld> {
  const customers: SeenCustomer[] = [];
  // One after the other: it is not in a hurry, and the machine is busy.
  for (const account of accounts) {
    const customer = await observeCustomer(service, account);
    if (customer !== null) customers.push(customer);
  }
  const clusters = await service.db
    .selectFrom('clusters')
    .select(['mode', 'cluster_id as clusterId', 'capacity'])
    .execute();
  return {
    customers,
    made: await observeMade(service),
    events: await observeEvents(service),
    workflows: await observeWorkflows(service),
    clusters,
  };
}

async function observeCustomer(service: RunningBilling, whose: UserKey): Promise<SeenCustomer | null> {
  const { mode, userId } = whose;
  const user = await findUser(service.db, mode, userId);
  if (user === undefined) return null;
  const answer = await callApi<SeenCustomer['answer'] & { readonly waitingFor?: string }>(
    service,
    mode,
    'GET',
    `/api/users/${userId}/billing`,
  );
  const customer =
    user.stripe_customer_id === null ? null : { ...whose, stripeCustomerId: user.stripe_customer_id };
  return {
    mode,
    userId,
    row: {
      stripeCustomerId: user.stripe_customer_id,
      stripeSubscriptionId: user.stripe_subscription_id,
      status: user.status,
      waitingFor: user.waiting_for,
      clusterId: user.cluster_id,
      creditShortfallCents: user.credit_shortfall_cents,
    },
    answer: { ...answer, waitingFor: answer.waitingFor ?? null },
    workflow: customer === null ? null : await observeWorkflow(service, customer),
    bills: await observeBills(service, whose),
    creditGrants: await observeGrants(service, whose),
    stripe: customer === null ? null : await observeInStripe(service, customer),
  };
}

async function observeWorkflow(
  service: RunningBilling,
  customer: Customer,
): Promise<SeenCustomer['workflow']> {
  try {
    const { status, waitingFor, clusterId, parked, queuedEvents } = await stateOf(service, customer);
    const what = parked === null ? null : `${parked.step}: ${parked.message}`;
    return { status, waitingFor, clusterId, parked: what, queuedEvents };
  } catch (error) {
    // That is worth a finding of its own.
    return { status: String(error), waitingFor: null, clusterId: null, parked: null, queuedEvents: 0 };
  }
}

async function observeBills({ db }: RunningBilling, { mode, userId }: UserKey): Promise<SeenBill[]> {
  const bills = await db
    .selectFrom('bills')
    .select(['bill_id', 'period', 'part', 'status', 'total_cents', 'stripe_invoice_id'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .execute();
  const lines = await db
    .selectFrom('bill_lines')
    .innerJoin('bills', (join) =>
      join.onRef('bills.mode', '=', 'bill_lines.mode').onRef('bills.bill_id', '=', 'bill_lines.bill_id'),
    )
    .select(['bill_lines.bill_id', 'product', 'usage_period', 'exact_quantity', 'amount_cents'])
    .where('bills.mode', '=', mode)
    .where('bills.user_id', '=', userId)
    .execute();
  return bills.map((bill) => ({
    billId: bill.bill_id,
    period: bill.period,
    part: bill.part,
    status: bill.status,
    totalCents: bill.total_cents,
    stripeInvoiceId: bill.stripe_invoice_id,
    lines: lines
      .filter(({ bill_id }) => bill_id === bill.bill_id)
      .map((line) => ({
        product: line.product,
        usagePeriod: line.usage_period,
        exactQuantity: line.exact_quantity,
        amountCents: line.amount_cents,
      })),
  }));
}

const PURCHASE = 'checkout_session:';

async function observeGrants(
  { db }: RunningBilling,
  { mode, userId }: UserKey,
): Promise<SeenCustomer['creditGrants']> {
  const rows = await db
    .selectFrom('credit_entries')
    .select(['cause', 'amount_cents'])
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('cause', 'like', `${PURCHASE}%`)
    .execute();
  return rows.map((row) => ({ sessionId: row.cause.slice(PURCHASE.length), amountCents: row.amount_cents }));
}

async function observeInStripe(
  { stripe: clients }: RunningBilling,
  { mode, stripeCustomerId }: Customer,
): Promise<SeenInStripe> {
  const stripe = clients[mode];
  const whose = { customer: stripeCustomerId, limit: 100 };
  const inStripe = await stripe.customers.retrieve(stripeCustomerId);
  const subscriptions = await stripe.subscriptions.list({ ...whose, status: 'all' });
  const invoices = await stripe.invoices.list(whose);
  const sessions = await stripe.checkout.sessions.list(whose);
  const charges = (await stripe.charges.list(whose)).data.filter(({ paid }) => paid);
  const deleted = inStripe.deleted === true;
  return {
    deleted,
    subscriptions: subscriptions.data.map(({ id, status, created, ended_at: endedAt }) => ({
      id,
      status,
      created,
      endedAt,
    })),
    paymentMethods: deleted ? 0 : (await stripe.paymentMethods.list(whose)).data.length,
    invoices: invoices.data.map((invoice) => ({
      id: invoice.id,
      status: invoice.status ?? 'draft',
      attempted: invoice.attempted,
      totalCents: invoice.total,
      paidCents: invoice.amount_paid,
      billId: invoice.metadata?.['bill_id'] ?? null,
    })),
    purchases: sessions.data
      .filter((session) => session.mode === 'payment' && session.payment_status === 'paid')
      .map((session) => purchaseOf(session, charges)),
    chargedCents: charges.reduce((sum, { amount }) => sum + amount, 0),
  };
}

function purchaseOf(
  session: Stripe.Checkout.Session,
  charges: readonly Stripe.Charge[],
): SeenInStripe['purchases'][number] {
  const charge = charges.find((each) => each.payment_intent === session.payment_intent);
  return {
    sessionId: session.id,
    amountCents: session.amount_total ?? 0,
    refundedCents: charge?.amount_refunded ?? 0,
  };
}

/** All customers that there are, and all Checkout sessions. */
async function observeMade({ stripe }: RunningBilling): Promise<SeenMade[]> {
  const made: SeenMade[] = [];
  for (const mode of MODES) {
    for await (const { id, metadata } of stripe[mode].customers.list({ limit: 100 }))
      made.push({ mode, id, what: `customer of ${metadata['user_id']}` });
    for await (const { id, metadata } of stripe[mode].checkout.sessions.list({ limit: 100 }))
      made.push({ mode, id, what: `session of Checkout ${metadata?.['idempotency_key']}` });
  }
  return made;
}

/** All events that take effect. */
async function observeEvents(service: RunningBilling): Promise<SeenEvent[]> {
  const applied = await appliedEvents(service);
  const acknowledged = new Set(await acknowledgedEvents(service));
  const seen: SeenEvent[] = [];
  for (const mode of MODES) {
    for (const { event, stripeCustomerId } of await service.events.all(mode)) {
      seen.push({
        mode,
        eventId: event.id,
        type: event.type,
        stripeCustomerId,
        acknowledged: acknowledged.has(event.id),
        applied: applied.has(event.id),
      });
    }
  }
  return seen;
}

/** The ids of events that have had their effect. */
export async function appliedEvents({ db }: RunningBilling): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom('applied_stripe_events').select('event_id').execute();
  return new Set(rows.map((row) => row.event_id));
}

async function observeWorkflows({ temporal }: RunningBilling): Promise<SeenWorkflow[]> {
  const seen: SeenWorkflow[] = [];
  for await (const { workflowId, runId, type, status } of temporal.workflow.list()) {
    const found = { workflowId, type, status: status.name, workflowTaskAttempt: 1, pendingActivities: [] };
    if (status.name !== 'RUNNING') {
      seen.push(found);
      continue;
    }
    const { raw } = await temporal.workflow.getHandle(workflowId, runId).describe();
    seen.push({
      ...found,
      workflowTaskAttempt: raw.pendingWorkflowTask?.attempt ?? 1,
      pendingActivities: (raw.pendingActivities ?? []).map(({ activityType, attempt, lastFailure }) => ({
        name: activityType?.name ?? '',
        attempt: attempt ?? 1,
        problem: lastFailure?.message ?? 'it runs',
      })),
    });
  }
  return seen;
}
