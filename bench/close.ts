import { createStripeClient, type StripeClient } from '../activities/stripe-client.ts';
import { note } from '../cli/console.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { type BillingPeriod, closedPeriods } from '../domain/billing-period.ts';
import { ClosePopulation } from './close-population.ts';
import { type Machine, thisMachine } from './machine.ts';
import { type MeasuredClose, measuredClose } from './measured-close.ts';
import { type BenchParts, onBenchStack } from './stack.ts';
import { type StripeTraffic, stripeTrafficDuring } from './stripe-traffic.ts';

/** How large the closes are, and how many. Each is of a month of its own; the customers of a smaller one are among those of a larger. */
export interface CloseOptions {
  /** Of each close without limits; smaller ones come first. */
  readonly customers: readonly number[];
  /** Of the close under Stripe's limits. */
  readonly limitedCustomers: number;
  /** How often each is measured. */
  readonly runs: number;
}

/** Each close by itself, no medians: bench/close-report.ts makes these. */
export interface CloseFigures {
  readonly machine: Machine;
  readonly options: CloseOptions;
  readonly limited: readonly LimitedClose[];
  /** In the order in which they were measured. */
  readonly unlimited: readonly MeasuredClose[];
}

/** A close under Stripe's limits, with our own as it is by default. */
export interface LimitedClose extends MeasuredClose {
  readonly traffic: StripeTraffic;
}

/** Stripe's: requests a second in live mode, and to any one endpoint. https://docs.stripe.com/rate-limits */
export const STRIPE_LIMITS = { live: 100, perEndpoint: 25 } as const;
/** So high that it never binds. */
const NO_BATCH_LIMIT = { STRIPE_BATCH_REQUESTS_PER_SECOND: '100000' };
/**
 * Stripe charges an hour after finalization, the simulator at once; that would be its work, on our processors. So here it is
 * later than any close, or any jump of its clock, reaches: ten years.
 */
const COLLECTED_LATER = ['--collection-delay-ms', String(10 * 365 * 86_400_000)];
/** At most: no more than the smallest close has, for the population only grows. */
const WARM_UP_CUSTOMERS = 500;
/** After 30 days the simulator forgets events, after a day idempotency keys. */
const FORGOTTEN_AFTER_MS = 31 * 86_400_000;

/** On two stacks, one after the other: with Stripe's limits and our own, and without either. */
export async function measureClose(options: CloseOptions): Promise<CloseFigures> {
  const machine = thisMachine();
  const limited = await onBenchStack((parts) => withBench(parts, (bench) => closeLimited(bench, options)), {
    stripeSimulatorArgs: COLLECTED_LATER,
  });
  const unlimited = await onBenchStack(
    (parts) => withBench(parts, (bench) => closeUnlimited(bench, options)),
    { stripeSimulatorArgs: COLLECTED_LATER, variables: NO_BATCH_LIMIT },
  );
  return { machine, options, limited, unlimited };
}

async function closeLimited(
  bench: CloseBench,
  { limitedCustomers, runs }: CloseOptions,
): Promise<LimitedClose[]> {
  const [warmUp, ...periods] = closedPeriods(new Date(), runs + 1);
  await bench.warmUp(warmUp, limitedCustomers);
  const closes: LimitedClose[] = [];
  for (const period of periods) closes.push(await bench.closeWithinLimits(period, limitedCustomers));
  return closes;
}

async function closeUnlimited(
  bench: CloseBench,
  { customers, runs }: CloseOptions,
): Promise<MeasuredClose[]> {
  const sizes = customers
    .toSorted((a, b) => a - b)
    .flatMap((size) => Array.from({ length: runs }, () => size));
  const [warmUp, ...periods] = closedPeriods(new Date(), sizes.length + 1);
  await bench.warmUp(warmUp, sizes[0] ?? 0);
  const closes: MeasuredClose[] = [];
  for (const [index, period] of periods.entries()) closes.push(await bench.close(period, sizes[index] ?? 0));
  return closes;
}

async function withBench<Figures>(
  parts: BenchParts,
  measure: (bench: CloseBench) => Promise<Figures>,
): Promise<Figures> {
  const db = openDatabase(parts.stack.databaseUrl, { maxConnections: 5 });
  const secretKey = parts.stack.stripe.live?.secretKey ?? '';
  const stripe = createStripeClient({ mode: 'live', secretKey, apiBase: parts.simulatorUrl });
  try {
    await deleteWebhookEndpoints(stripe);
    return await measure(new CloseBench(parts, db, stripe));
  } finally {
    await db.destroy();
  }
}

/**
 * What a finalized invoice tells its customer's workflow comes while the close still runs, and would be measured with it. The
 * close is what is on trial here; customers' workflows have a bench of their own.
 */
async function deleteWebhookEndpoints(stripe: StripeClient<'live'>): Promise<void> {
  for await (const { id } of stripe.webhookEndpoints.list({ limit: 100 }))
    await stripe.webhookEndpoints.del(id);
}

class CloseBench {
  readonly #parts: BenchParts;
  readonly #db: Database;
  readonly #population: ClosePopulation;

  constructor(parts: BenchParts, db: Database, stripe: StripeClient<'live'>) {
    this.#parts = parts;
    this.#db = db;
    this.#population = new ClosePopulation(db, stripe);
  }

  async warmUp(period: BillingPeriod | undefined, smallest: number): Promise<void> {
    if (period !== undefined) await this.close(period, Math.min(WARM_UP_CUSTOMERS, smallest));
  }

  async close(period: BillingPeriod, customers: number): Promise<MeasuredClose> {
    const totalCents = await this.#populate(period, customers);
    const measured = await measuredClose(this.#parts, this.#db, { period, customers, totalCents });
    await this.#checkInvoices(period, customers);
    return measured;
  }

  async closeWithinLimits(period: BillingPeriod, customers: number): Promise<LimitedClose> {
    const { simulator } = this.#parts;
    const totalCents = await this.#populate(period, customers);
    await simulator.limitRates({ enabled: true, ...STRIPE_LIMITS });
    const close = measuredClose.bind(null, this.#parts, this.#db, { period, customers, totalCents });
    const { result, traffic } = await stripeTrafficDuring(simulator, close);
    await simulator.limitRates({ enabled: false });
    await this.#checkInvoices(period, customers);
    return { ...result, traffic };
  }

  async #populate(period: BillingPeriod, customers: number): Promise<number> {
    note(`${period}: usage of ${customers} customers`);
    const totalCents = await this.#population.use(period, customers);
    // So that each close finds a simulator that holds no more than customers and invoices.
    const { simulator } = this.#parts;
    await simulator.setClock((await simulator.nowMs()) + FORGOTTEN_AFTER_MS);
    note(`${period}: closing`);
    return totalCents;
  }

  /** @throws Error unless the month's invoices are as they must be, and wait to be collected. */
  async #checkInvoices(period: BillingPeriod, customers: number): Promise<void> {
    const statuses = [...(await this.#population.checkInvoices(period, customers))];
    if (statuses.join() !== 'open')
      throw new Error(`Invoices of ${period} are ${statuses.join(', ')} in Stripe`);
  }
}
