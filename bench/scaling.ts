/** From what was measured of one customer to what many take: the tables of docs/scaling.md, which a test compares with these. */
import { closeSeconds, inHours } from './close-time.ts';

/** Of one machine with 2 cores; each with the command that measured it. */
export const MEASURED = {
  /** `footprint`: of a customer and month, without raw usage. */
  month: {
    databaseBytes: 50_872,
    /** Of the customer's own workflow. */
    billableActions: 10.64,
    historyEvents: 45.29,
    historyBytes: 11_840,
    webhooks: 5,
    stripeRequests: 13.49,
  },
  /** `footprint`. */
  bytesPerUsageEvent: 326.5,
  /** `close`, of 50,000 customers: of a customer. */
  close: { billableActions: 1.016, historyEvents: 3.94 },
  /** `close`: customers per second, the second under Stripe's limits. */
  closeRates: { freezing: 265.8, charging: 24.4 },
  /** `ingest`, with four requests at a time. */
  usageEventsPerSecond: 26_600,
} as const;

/** What depends on who is billed. */
const ASSUMED = {
  /** A hundred a day. */
  usageEventsPerCustomer: 3_000,
} as const;

const SIZES = [10_000, 100_000, 1_000_000] as const;

const MONTH_SECONDS = 30 * 24 * 60 * 60;
const METERS = 4;
/** docs/operations.md: a page is one request or some, of which one is read at a time. */
const COMPARED_PAGES_PER_CUSTOMER = 0.07;
const SECONDS_PER_PAGE = 0.5;
/** workflows/reconciliation-state.ts: what a run asks of meters at most, once a day. */
const METER_REQUESTS_PER_DAY = 7_500;
/** Where `continueAsNewSuggested` is. */
const EVENTS_OF_A_RUN = 4_096;

/** What so many customers take in a month. */
export interface Load {
  readonly customers: number;
  readonly usageEvents: number;
  readonly usageEventsPerSecond: number;
  /** Of the rate at which one machine takes them. */
  readonly usageShare: number;
  readonly rawUsageBytes: number;
  readonly databaseBytes: number;
  readonly billableActions: number;
  readonly actionsPerSecond: number;
  /** Of all customers' workflows, growing each month until each begins a new run. */
  readonly historyBytes: number;
  readonly webhooks: number;
  readonly stripeRequests: number;
  readonly closeSeconds: number;
  /** While bills go out, by the rate at which they do. */
  readonly webhooksPerSecondOfClose: number;
  /** To compare all objects, once a day. */
  readonly comparingSeconds: number;
  /** Until each meter of each customer has been looked at once. */
  readonly daysForMeters: number;
}

/** In proportion to {@link MEASURED}, which was measured of fewer: what does not grow with customers counts for nothing here. */
export function loadOf(customers: number): Load {
  const { month, close, closeRates } = MEASURED;
  const usageEvents = customers * ASSUMED.usageEventsPerCustomer;
  const usageEventsPerSecond = usageEvents / MONTH_SECONDS;
  const billableActions = customers * (month.billableActions + close.billableActions);
  return {
    customers,
    usageEvents,
    usageEventsPerSecond,
    usageShare: usageEventsPerSecond / MEASURED.usageEventsPerSecond,
    rawUsageBytes: usageEvents * MEASURED.bytesPerUsageEvent,
    databaseBytes: customers * month.databaseBytes,
    billableActions,
    actionsPerSecond: billableActions / MONTH_SECONDS,
    historyBytes: customers * month.historyBytes,
    webhooks: customers * month.webhooks,
    stripeRequests: customers * month.stripeRequests,
    closeSeconds: closeSeconds(customers, closeRates),
    webhooksPerSecondOfClose: closeRates.charging * WEBHOOKS_OF_A_BILL,
    comparingSeconds: customers * COMPARED_PAGES_PER_CUSTOMER * SECONDS_PER_PAGE,
    daysForMeters: (customers * METERS) / METER_REQUESTS_PER_DAY,
  };
}

/** `invoice.paid` and `invoice.payment_succeeded`. */
const WEBHOOKS_OF_A_BILL = 2;

/** How long a customer's workflow runs until it begins a new run. */
export function monthsOfARun(): number {
  return EVENTS_OF_A_RUN / MEASURED.month.historyEvents;
}

/** In Markdown. */
export function tableOfSizes(): string {
  const loads = SIZES.map(loadOf);
  const row = (name: string, figure: (load: Load) => string) =>
    `| ${[name, ...loads.map(figure)].join(' | ')} |`;
  return [
    row('a month', ({ customers }) => `${whole(customers)} customers`),
    `| ${['---', ...loads.map(() => '---')].join(' | ')} |`,
    row('usage events', ({ usageEvents }) => millions(usageEvents)),
    row(
      'of them per second, of what one machine takes',
      ({ usageEventsPerSecond, usageShare }) =>
        `${whole(usageEventsPerSecond)}, ${(usageShare * 100).toFixed(1)} %`,
    ),
    row('raw usage in PostgreSQL', ({ rawUsageBytes }) => gigabytes(rawUsageBytes)),
    row('all else in PostgreSQL', ({ databaseBytes }) => gigabytes(databaseBytes)),
    row(
      "Temporal's actions, per second",
      ({ billableActions, actionsPerSecond }) =>
        `${millions(billableActions)}, ${actionsPerSecond.toFixed(1)}`,
    ),
    row("histories of customers' workflows", ({ historyBytes }) => gigabytes(historyBytes)),
    row('webhooks', ({ webhooks }) => millions(webhooks)),
    row('requests to Stripe', ({ stripeRequests }) => millions(stripeRequests)),
    row("the close, under Stripe's limits", ({ closeSeconds: seconds }) => inHours(seconds)),
    row('webhooks per second meanwhile', ({ webhooksPerSecondOfClose: rate }) => rate.toFixed(0)),
    row('comparing all objects with Stripe, once a day', ({ comparingSeconds }) => inHours(comparingSeconds)),
    row('days until all meters were looked at', ({ daysForMeters }) => daysForMeters.toFixed(1)),
  ].join('\n');
}

/** In Markdown. */
export function tableOfOne(): string {
  const { month, close, bytesPerUsageEvent } = MEASURED;
  const rows: [string, string][] = [
    ["Temporal's actions, of the customer's workflow", month.billableActions.toFixed(1)],
    ["and of the close's", close.billableActions.toFixed(1)],
    ["events in its workflow's history", month.historyEvents.toFixed(0)],
    ["bytes of its workflow's history", whole(month.historyBytes)],
    ['webhooks', month.webhooks.toFixed(1)],
    ['requests to Stripe', month.stripeRequests.toFixed(1)],
    ['bytes in PostgreSQL, without raw usage', whole(month.databaseBytes)],
    ['bytes in PostgreSQL for each usage event, with its id', whole(bytesPerUsageEvent)],
  ];
  return ['| of a customer and month | |', '| --- | --- |', ...rows.map(([a, b]) => `| ${a} | ${b} |`)].join(
    '\n',
  );
}

function whole(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

function millions(number: number): string {
  return number < 1e6
    ? whole(number)
    : `${(number / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1 })} million`;
}

function gigabytes(bytes: number): string {
  const gb = bytes / 1e9;
  return `${gb < 10 ? gb.toFixed(1) : whole(gb)} GB`;
}
