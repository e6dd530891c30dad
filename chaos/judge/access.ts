import type { Account } from './account.ts';
import type { SeenCustomer, SeenInStripe } from './seen.ts';

interface Standing {
  readonly status: string;
  readonly waitingFor: string | null;
}

/** Has the customer the access that the rules give them, and say database, workflow and api the same? */
export function accessProblems(account: Account, seen: SeenCustomer, graceIsOver: boolean): string[] {
  const { row, answer, workflow } = seen;
  const wanted = wantedStanding(seen, graceIsOver);
  const problems = [
    ...differs('the database', wanted, row),
    ...differs('the api', wanted, answer),
    ...(workflow === null ? [] : differs('the workflow', wanted, workflow)),
    ...subscriptionProblems(account, seen),
  ];
  const clusters = new Set([
    row.clusterId,
    answer.clusterId,
    ...(workflow === null ? [] : [workflow.clusterId]),
  ]);
  if (clusters.size > 1)
    problems.push(`not all say the same cluster: ${[...clusters].map(String).join(', ')}`);
  if (seen.stripe !== null && workflow === null) problems.push('there is no workflow');
  if (workflow !== null && workflow.queuedEvents > 0)
    problems.push(`${workflow.queuedEvents} events wait in the workflow`);
  if (workflow !== null && workflow.parked !== null && seen.stripe?.deleted !== true)
    problems.push(`a step is parked: ${workflow.parked}`);
  const owed = owedCents(seen);
  if (answer.owedCents !== owed)
    problems.push(`the api says ${answer.owedCents} cents are owed, not ${owed}`);
  return problems;
}

/** The table of docs/billing.md ("Access"), read from the top. */
function wantedStanding({ row, stripe }: SeenCustomer, graceIsOver: boolean): Standing {
  if (stripe === null) return { status: 'none', waitingFor: null };
  if (stripe.deleted) return { status: 'suspended', waitingFor: 'subscription' };
  const [live] = liveOf(stripe);
  if (live === undefined)
    return stripe.subscriptions.length > 0
      ? { status: 'suspended', waitingFor: 'subscription' }
      : { status: 'none', waitingFor: 'checkout' };
  if (live.status === 'unpaid' || live.status === 'paused')
    return { status: 'suspended', waitingFor: 'payment' };
  if (stripe.paymentMethods === 0) return { status: 'suspended', waitingFor: 'payment_method' };
  const owes = stripe.invoices.some(isUnpaidBill) || live.status === 'past_due';
  if (owes) return { status: graceIsOver ? 'suspended' : 'past_due', waitingFor: 'payment' };
  return { status: 'active', waitingFor: row.clusterId === null ? 'cluster' : null };
}

function isUnpaidBill({ billId, status, attempted }: SeenInStripe['invoices'][number]): boolean {
  return billId !== null && (status === 'uncollectible' || (status === 'open' && attempted));
}

function owedCents({ stripe }: SeenCustomer): number {
  const owed = (stripe?.invoices ?? []).filter(
    ({ billId, status }) => billId !== null && (status === 'open' || status === 'uncollectible'),
  );
  return owed.reduce((sum, { totalCents }) => sum + totalCents, 0);
}

function differs(who: string, wanted: Standing, said: Standing): string[] {
  if (said.status === wanted.status && said.waitingFor === wanted.waitingFor) return [];
  return [`${who} says ${inWords(said)}; by the rules it is ${inWords(wanted)}`];
}

const inWords = ({ status, waitingFor }: Standing) =>
  waitingFor === null ? status : `${status}, waiting for ${waitingFor}`;

const ENDED: ReadonlySet<string> = new Set(['canceled', 'incomplete_expired']);

const liveOf = ({ subscriptions }: SeenInStripe) => subscriptions.filter(({ status }) => !ENDED.has(status));

/** One lives where somebody subscribed, none elsewhere, and there never were two at a time. */
function subscriptionProblems({ subscription }: Account, seen: SeenCustomer): string[] {
  if (seen.stripe === null)
    return subscription === 'never' ? [] : ['they subscribed, and Stripe does not know them'];
  const { subscriptions } = seen.stripe;
  const live = liveOf(seen.stripe);
  const wanted = subscription === 'subscribes' ? 1 : 0;
  const problems: string[] = [];
  if (live.length !== wanted)
    problems.push(
      `${live.length} subscriptions live, not ${wanted}: ${live.map(({ id }) => id).join(', ') || 'none'}`,
    );
  const overlap = subscriptions.find((one) =>
    subscriptions.some(
      (other) =>
        other.id !== one.id && other.created >= one.created && other.created < (one.endedAt ?? Infinity),
    ),
  );
  if (overlap !== undefined)
    problems.push(`there were two subscriptions at a time: ${subscriptions.map(({ id }) => id).join(', ')}`);
  const saved = live[0]?.id;
  for (const [who, said] of [
    ['the database', seen.row.stripeSubscriptionId],
    ['the api', seen.answer.stripeSubscriptionId],
  ]) {
    if (saved !== undefined && said !== saved)
      problems.push(`${who} has the subscription ${said}, not ${saved}`);
  }
  return problems;
}
