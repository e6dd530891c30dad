import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../db/database.ts';
import { loadMonthBalance } from '../db/month-balance.ts';
import { periodClosedAt, previousPeriod } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { type MonthTotals, monthTotals, SMALLEST_PARTS, type SmallestPart } from '../domain/month-balance.ts';
import type { Month } from '../domain/monthly-close.ts';
import { describeError } from '../telemetry/describe-error.ts';
import { cachedReading } from './cached-reading.ts';
import type { ApiDependencies } from './dependencies.ts';

/** The values of the label `state`. Together they are all that was used. */
const STATES: Readonly<Record<SmallestPart, string>> = {
  paidCents: 'paid',
  collectingCents: 'collecting',
  waitingCents: 'waiting',
  heldCents: 'held',
  parkedCents: 'parked',
  unbillableCents: 'unbillable',
  writtenOffCents: 'written_off',
  unbilledCents: 'unbilled',
};

/** A month that is over, and where its usage has gone. */
export type MonthReading = Month & MonthTotals;

/** Gives what was read last; `undefined` while there is nothing. Cheap to ask. */
export type ReadLastMonths = () => Promise<MonthReading[] | undefined>;

/**
 * Reads where the usage of the last two months that are over has gone, in each mode that has users: also in one whose Stripe key
 * is not configured (any more), since there usage would stay unbilled. Reading it takes some seconds where there are very many
 * bills, so nobody waits for it or fails with it: see {@link cachedReading}. One for each process. What can't be read is missing, and the log
 * says why.
 */
export function readLastMonths({
  db,
  log,
  now = () => new Date(),
}: Pick<ApiDependencies, 'db' | 'log' | 'now'>): ReadLastMonths {
  const complain = (error: unknown, mode?: Mode) =>
    log.warn({ mode, cause: describeError(error) }, 'the balance of the last months can not be read');
  return cachedReading({
    read: async () => {
      const period = periodClosedAt(now());
      const months: MonthReading[] = [];
      for (const mode of await modesWithUsers(db)) {
        try {
          months.push(await balanceOfMonth(db, { mode, period }));
          months.push(await balanceOfMonth(db, { mode, period: previousPeriod(period) }));
        } catch (error) {
          complain(error, mode);
        }
      }
      return months;
    },
    onFailure: complain,
  });
}

/** Shows what {@link readLastMonths} reads. What can't be read is absent. */
export function addMonthMetrics(metrics: Registry, lastMonths: ReadLastMonths): void {
  metrics.registerMetric(
    new Gauge({
      name: 'billing_month_cents',
      help: 'Usage of the last two months that are over, by what became of it: the states add up to all that was used',
      labelNames: ['mode', 'period', 'state'],
      registers: [],
      async collect() {
        const months = (await lastMonths()) ?? [];
        this.reset();
        for (const { mode, period, ...totals } of months)
          for (const amount of SMALLEST_PARTS)
            this.set({ mode, period, state: STATES[amount] }, totals[amount]);
      },
    }),
  );
  metrics.registerMetric(
    new Gauge({
      name: 'billing_month_contradictions',
      help: 'Users whose totals say that other than the lines of their bills was billed: must be 0',
      labelNames: ['mode', 'period'],
      registers: [],
      async collect() {
        const months = (await lastMonths()) ?? [];
        this.reset();
        for (const { mode, period, contradictions } of months) this.set({ mode, period }, contradictions);
      },
    }),
  );
}

async function modesWithUsers(db: Database): Promise<Mode[]> {
  const rows = await db.selectFrom('users').select('mode').distinct().execute();
  return rows.map(({ mode }) => mode);
}

async function balanceOfMonth(db: Database, month: Month): Promise<MonthReading> {
  return { ...month, ...monthTotals(await loadMonthBalance(db, month)) };
}
