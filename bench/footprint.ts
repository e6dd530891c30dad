import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { closeMonth } from '../cli/close.ts';
import { note } from '../cli/console.ts';
import { Service, waitFor } from '../cli/demo/service.ts';
import { atATime } from '../domain/at-a-time.ts';
import {
  type BillingPeriod,
  billingPeriodOf,
  periodClosedAt,
  periodEnd,
  periodStart,
} from '../domain/billing-period.ts';
import { DAY_MS } from '../domain/days.ts';
import { monthlyBillingWorkflowId } from '../domain/monthly-close.ts';
import type { MeteredProduct } from '../domain/price-list.ts';
import { MAX_BATCH_SIZE } from '../domain/usage-event.ts';
import { type Machine, thisMachine } from './machine.ts';
import { type BenchParts } from './stack.ts';
import { Subscriber } from './subscriber.ts';
import { historyTotals } from './workflow-histories.ts';

/** Whose month is measured. The more customers, the less the sizes of pages and of empty tables weigh. */
export interface FootprintOptions {
  readonly customers: number;
  /** Usage events of each in the month. */
  readonly eventsPerCustomer: number;
}

/** What a customer leaves behind, and takes. */
export interface FootprintFigures {
  readonly machine: Machine;
  readonly options: FootprintOptions;
  /** Of a customer, once: registration, Checkout, subscription. */
  readonly signUp: Footprint;
  /** Of a customer and month: usage, bill, invoice, payment, the cycle of the subscription. */
  readonly month: Footprint;
  /** Of the close itself, by customer; a part of the month. */
  readonly close: { readonly billableActions: number; readonly historyEvents: number };
  readonly bytesPerUsageEvent: number;
  readonly tables: readonly TableGrowth[];
}

/** Of one customer; without raw usage, which has a figure of its own. */
export interface Footprint {
  readonly databaseBytes: number;
  /** Of Temporal Cloud; bench/billable-actions.ts. */
  readonly billableActions: number;
  readonly historyEvents: number;
  readonly historyBytes: number;
  readonly webhooks: number;
  readonly stripeRequests: number;
}

/** With its indexes, and all of its partitions. */
export interface TableGrowth {
  readonly name: string;
  readonly bytesPerSignUp: number;
  readonly bytesPerCustomerAndMonth: number;
}

const MODE = 'live';
const ASKED_AT_A_TIME = 8;
/** Of raw usage: they grow by event, not by customer. */
const USAGE: ReadonlySet<string> = new Set(['usage_events', 'usage_event_ids']);

/**
 * Has all customers sign up, live a month and pay for it, and compares what is there before and after. It looks only when all
 * workflows are at rest, and moves the simulator's clock for the month to end.
 *
 * @throws Error when usage is rejected, or not all bills are paid within a minute.
 */
export async function measureFootprint(
  parts: BenchParts,
  options: FootprintOptions,
): Promise<FootprintFigures> {
  const machine = thisMachine();
  const database = new Client({ connectionString: parts.stack.databaseUrl });
  await database.connect();
  // PostgreSQL goes when the stack does, and whoever started that says why.
  database.on('error', () => undefined);
  try {
    const look = (subscribers: readonly Subscriber[]) => lookAt(parts, database, subscribers);
    const before = await look([]);
    note(`${options.customers} customers sign up`);
    const subscribers = await Subscriber.signUpAll(parts, options.customers);
    const signedUp = await look(subscribers);

    const now = new Date();
    const period = periodClosedAt(now);
    note(`${options.eventsPerCustomer} usage events of each in ${period}`);
    await use(parts, subscribers, { ...options, period });
    note('the month is closed, and paid');
    await closeMonth(parts.temporal, { mode: MODE, period });
    await untilPaid(database, options.customers);
    note('the month of the subscriptions ends');
    const monthLater = new Date(periodEnd(billingPeriodOf(now)).getTime() + 2 * DAY_MS);
    await parts.simulator.setClock(monthLater.getTime());
    await atATime(ASKED_AT_A_TIME, subscribers, (subscriber) => subscriber.atRest());
    const after = await look(subscribers);
    const close = await historyTotals(parts.temporal, monthlyBillingWorkflowId(MODE, period));
    return figuresOf({ machine, options, before, signedUp, after, close });
  } finally {
    await database.end();
  }
}

/** What all have left behind and taken so far. */
export interface Sight {
  readonly tables: ReadonlyMap<string, number>;
  readonly billableActions: number;
  readonly historyEvents: number;
  readonly historyBytes: number;
  readonly webhooks: number;
  readonly stripeRequests: number;
}

async function lookAt(
  { temporal, simulator }: BenchParts,
  database: Client,
  subscribers: readonly Subscriber[],
): Promise<Sight> {
  const totals = { billableActions: 0, historyEvents: 0, historyBytes: 0 };
  for (const subscriber of subscribers) {
    const { events, billableActions } = await historyTotals(temporal, subscriber.workflowId);
    totals.historyEvents += events;
    totals.billableActions += billableActions;
    totals.historyBytes +=
      (await temporal.workflow.getHandle(subscriber.workflowId).describe()).historySize ?? 0;
  }
  return {
    ...totals,
    tables: await tableSizes(database),
    webhooks: await countOf(database, 'SELECT count(*) FROM webhook_receipts'),
    stripeRequests: await simulator.lastSequence(),
  };
}

/** In bytes. What was deleted by now, and is only waiting for VACUUM, counts. */
async function tableSizes(database: Client): Promise<Map<string, number>> {
  const { rows } = await database.query<{ name: string; bytes: string }>(`
    SELECT coalesce(parent.relname, part.relname) AS name, sum(pg_total_relation_size(part.oid)) AS bytes
    FROM pg_class part
    LEFT JOIN pg_inherits ON inhrelid = part.oid
    LEFT JOIN pg_class parent ON parent.oid = inhparent
    WHERE part.relkind = 'r' AND part.relnamespace = 'public'::regnamespace
    GROUP BY 1`);
  return new Map(rows.map(({ name, bytes }) => [name, Number(bytes)]));
}

async function countOf(database: Client, query: string): Promise<number> {
  const { rows } = await database.query<{ count: string }>(query);
  return Number(rows[0]?.count);
}

/** As a host product reports it, over HTTP: sums, and one in twenty the level of a disk. */
async function use(
  { stack }: BenchParts,
  subscribers: readonly Subscriber[],
  { eventsPerCustomer, period }: FootprintOptions & { readonly period: BillingPeriod },
): Promise<void> {
  const service = new Service(stack);
  const from = periodStart(period).getTime();
  const stepMs = (periodEnd(period).getTime() - from) / eventsPerCustomer;
  const events = subscribers.flatMap(({ userId }) =>
    Array.from({ length: eventsPerCustomer }, (_, index) => ({
      id: randomUUID(),
      userId,
      ...usedBy(index),
      occurredAt: new Date(from + index * stepMs).toISOString(),
    })),
  );
  for (let first = 0; first < events.length; first += MAX_BATCH_SIZE) {
    const { rejected } = await service.sendUsage(events.slice(first, first + MAX_BATCH_SIZE));
    if (rejected.length > 0) throw new Error(`Usage was rejected: ${JSON.stringify(rejected[0])}`);
  }
}

const SUMMED = ['cpu_hour', 'gpu_hour', 'api_calls'] as const satisfies readonly MeteredProduct[];

function usedBy(index: number): { product: MeteredProduct; quantity: string; resourceId?: string } {
  if (index % 20 === 19)
    return { product: 'storage_gb_month', quantity: String(10 + index), resourceId: `disk-${index % 5}` };
  return { product: SUMMED[index % SUMMED.length] ?? 'cpu_hour', quantity: `${1 + (index % 7)}.5` };
}

async function untilPaid(database: Client, customers: number): Promise<void> {
  await waitFor(
    'all bills to be paid',
    () => countOf(database, `SELECT count(*) FROM bills WHERE status = 'paid'`),
    (paid) => paid === customers,
  );
}

interface Seen {
  readonly machine: Machine;
  readonly options: FootprintOptions;
  readonly before: Sight;
  readonly signedUp: Sight;
  readonly after: Sight;
  readonly close: { readonly events: number; readonly billableActions: number };
}

/** Of all customers together to those of one. */
export function figuresOf({ machine, options, before, signedUp, after, close }: Seen): FootprintFigures {
  const { customers, eventsPerCustomer } = options;
  const ofClose = {
    billableActions: close.billableActions / customers,
    historyEvents: close.events / customers,
  };
  const month = footprint(signedUp, after, customers);
  const tables = [...after.tables].map(([name, bytes]) => {
    const atFirst = before.tables.get(name) ?? 0;
    const then = signedUp.tables.get(name) ?? 0;
    return {
      name,
      bytesPerSignUp: (then - atFirst) / customers,
      bytesPerCustomerAndMonth: (bytes - then) / customers,
    };
  });
  const usage = tables.filter(({ name }) => USAGE.has(name));
  return {
    machine,
    options,
    signUp: footprint(before, signedUp, customers),
    month: {
      ...month,
      billableActions: month.billableActions + ofClose.billableActions,
      historyEvents: month.historyEvents + ofClose.historyEvents,
    },
    close: ofClose,
    bytesPerUsageEvent:
      usage.reduce((sum, each) => sum + each.bytesPerCustomerAndMonth, 0) / eventsPerCustomer,
    tables: tables.toSorted((a, b) => b.bytesPerCustomerAndMonth - a.bytesPerCustomerAndMonth),
  };
}

/** Of one customer. Raw usage has a figure of its own. */
function footprint(from: Sight, to: Sight, customers: number): Footprint {
  const sizeOf = ({ tables }: Sight) =>
    [...tables].reduce((sum, [name, bytes]) => (USAGE.has(name) ? sum : sum + bytes), 0);
  return {
    databaseBytes: (sizeOf(to) - sizeOf(from)) / customers,
    billableActions: (to.billableActions - from.billableActions) / customers,
    historyEvents: (to.historyEvents - from.historyEvents) / customers,
    historyBytes: (to.historyBytes - from.historyBytes) / customers,
    webhooks: (to.webhooks - from.webhooks) / customers,
    stripeRequests: (to.stripeRequests - from.stripeRequests) / customers,
  };
}
