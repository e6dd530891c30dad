import { Gauge } from 'prom-client';
import { countStandings, type StandingCounts } from '../db/standing-counts.ts';
import { oldestUnappliedEvent } from '../db/webhook-receipts.ts';
import { OPEN_BILL_STATUSES } from '../domain/bill.ts';
import { BILLING_STATUSES, WAITING_FOR } from '../domain/customer-standing.ts';
import { DAY_MS } from '../domain/days.ts';
import type { Mode } from '../domain/mode.ts';
import { describeError } from '../telemetry/describe-error.ts';
import { cachedReading } from './cached-reading.ts';
import type { ApiDependencies } from './dependencies.ts';
import { configuredModes } from './mode-configuration.ts';

/** Stripe sends an event again for three days; what has had no effect by then, reconciliation reports. */
const EVENTS_LOOKED_AT_MS = 3 * DAY_MS;

/** What is shown, as it was read. */
interface Reading extends StandingCounts {
  /** Of each mode that is used here. */
  readonly oldestEvents: readonly { readonly mode: Mode; readonly receivedAt: Date | null }[];
}

/**
 * Shows how customers and bills stand, and since when an event waits for its effect. Every api process shows the same. Read at most
 * once a minute; what can't be read is absent, and the log says why. In a mode that is used here a count of none is 0.
 */
export function addStandingMetrics({
  db,
  log,
  metrics,
  webhookSecrets,
  now = () => new Date(),
}: Pick<ApiDependencies, 'db' | 'log' | 'metrics' | 'webhookSecrets' | 'now'>): void {
  const modes = configuredModes(webhookSecrets);
  const reading = cachedReading({
    read: async (): Promise<Reading> => {
      const since = new Date(now().getTime() - EVENTS_LOOKED_AT_MS);
      const oldestEvents: Reading['oldestEvents'][number][] = [];
      for (const mode of modes)
        oldestEvents.push({ mode, receivedAt: await oldestUnappliedEvent(db, mode, since) });
      return { ...(await countStandings(db)), oldestEvents };
    },
    onFailure: (error) =>
      log.warn({ cause: describeError(error) }, 'how customers and bills stand can not be read'),
  });

  /** A gauge of what `read` finds in the last reading, with zeros for the `values` of its second label that it does not find. */
  function show(
    name: string,
    help: string,
    label: string,
    values: readonly string[],
    read: (
      reading: Reading,
    ) => readonly { readonly mode: Mode; readonly value: string; readonly count: number }[],
  ): void {
    const gauge = new Gauge({
      name,
      help,
      labelNames: ['mode', label],
      registers: [],
      async collect() {
        const last = await reading();
        gauge.reset();
        if (last === undefined) return;
        for (const mode of modes) for (const value of values) gauge.labels(mode, value).set(0);
        for (const { mode, value, count } of read(last)) gauge.labels(mode, value).set(count);
      },
    });
    metrics.registerMetric(gauge);
  }

  show('billing_customers', 'Users by their status', 'status', BILLING_STATUSES, ({ customers }) =>
    customers.map(({ mode, status, count }) => ({ mode, value: status, count })),
  );
  show(
    'billing_customers_waiting',
    'Users whose billing stands still, by what it waits for',
    'waiting_for',
    WAITING_FOR,
    ({ waiting }) => waiting.map(({ mode, waitingFor, count }) => ({ mode, value: waitingFor, count })),
  );
  show(
    'billing_open_bills',
    'Bills that are neither paid nor void',
    'status',
    OPEN_BILL_STATUSES,
    ({ bills }) => bills.map(({ mode, status, count }) => ({ mode, value: status, count })),
  );
  show(
    'billing_open_bills_cents',
    'What Stripe is to collect for bills that are neither paid nor void',
    'status',
    OPEN_BILL_STATUSES,
    ({ bills }) => bills.map(({ mode, status, cents }) => ({ mode, value: status, count: cents })),
  );

  metrics.registerMetric(
    new Gauge({
      name: 'billing_oldest_unapplied_event_age_seconds',
      help: 'How long ago the oldest event of the last three days came in that Temporal has stored and that has had no effect yet; 0: all have',
      labelNames: ['mode'],
      registers: [],
      async collect() {
        const last = await reading();
        this.reset();
        for (const { mode, receivedAt } of last?.oldestEvents ?? []) {
          const ageMs = receivedAt === null ? 0 : now().getTime() - receivedAt.getTime();
          this.set({ mode }, Math.max(0, Math.round(ageMs / 1_000)));
        }
      },
    }),
  );
}
