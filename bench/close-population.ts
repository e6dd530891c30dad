import type { StripeClient } from '../activities/stripe-client.ts';
import type { Database } from '../db/database.ts';
import { ingestUsageEvents } from '../db/usage-events.ts';
import { atATime } from '../domain/at-a-time.ts';
import { type BillingPeriod, periodStart } from '../domain/billing-period.ts';
import { DAY_MS } from '../domain/days.ts';
import type { MeteredProduct } from '../domain/price-list.ts';
import { MAX_BATCH_SIZE, type UsageEvent } from '../domain/usage-event.ts';
import { tidyDatabase } from './tidy-database.ts';

const MODE = 'live';
/** One event of each product, so four lines on each bill. */
const EVENTS_PER_USER = 4;
const USERS_PER_BATCH = MAX_BATCH_SIZE / EVENTS_PER_USER;
const STRIPE_REQUESTS_AT_A_TIME = 16;
const BATCHES_AT_A_TIME = 4;

/**
 * Users with a customer in Stripe, and their usage. A freeze looks at everybody who has ever used anything, so a close of few
 * after one of many would be slowed down by the many: the population only grows, and smaller closes come first.
 */
export class ClosePopulation {
  readonly #db: Database;
  readonly #stripe: StripeClient<'live'>;
  #size = 0;

  constructor(db: Database, stripe: StripeClient<'live'>) {
    this.#db = db;
    this.#stripe = stripe;
  }

  /**
   * Gives `users` of them usage in a month, and makes those that are missing.
   *
   * @returns the cents that their bills are to come to.
   */
  async use(period: BillingPeriod, users: number): Promise<number> {
    if (users < this.#size)
      throw new RangeError(`there are ${this.#size} users already, and ${users} are wanted`);
    await this.#growTo(users);
    const firstOfBatch = numbers(0, users).filter((number) => number % USERS_PER_BATCH === 0);
    await atATime(BATCHES_AT_A_TIME, firstOfBatch, async (from) => {
      const events = numbers(from, Math.min(from + USERS_PER_BATCH, users)).flatMap((user) =>
        usageOf(user, period),
      );
      const { accepted } = await ingestUsageEvents(this.#db, MODE, events);
      if (accepted !== events.length) throw new Error(`${accepted} of ${events.length} events were taken`);
    });
    await tidyDatabase(this.#db);
    return totalCentsOfAll(users);
  }

  /**
   * Holds what Stripe has of a close against the usage that was given to `users` of them.
   *
   * @returns the statuses that the invoices have in Stripe.
   * @throws Error unless Stripe has one invoice of the month for each customer, over the right sum in all.
   */
  async checkInvoices(period: BillingPeriod, users: number): Promise<ReadonlySet<string | null>> {
    const customers = new Set<unknown>();
    const statuses = new Set<string | null>();
    let [invoices, cents] = [0, 0];
    for await (const { customer, metadata, status, total } of this.#stripe.invoices.list({ limit: 100 })) {
      const invoicedPeriod = metadata?.['period'];
      // Of a subscription.
      if (invoicedPeriod === undefined) continue;
      // Newest first, so the month's come before those of earlier closes.
      if (invoicedPeriod !== period) break;
      customers.add(customer);
      statuses.add(status);
      invoices += 1;
      cents += total;
    }
    const totalCents = totalCentsOfAll(users);
    if (customers.size === users && invoices === users && cents === totalCents) return statuses;
    throw new Error(
      `Stripe has ${invoices} invoices of ${period} for ${customers.size} customers over ${cents} cents; ${users} over ${totalCents} were expected`,
    );
  }

  async #growTo(users: number): Promise<void> {
    const missing = numbers(this.#size, users);
    const rows: {
      mode: typeof MODE;
      user_id: string;
      email: string;
      name: string;
      stripe_customer_id: string;
    }[] = [];
    await atATime(STRIPE_REQUESTS_AT_A_TIME, missing, async (number) => {
      const user = { user_id: `user-${number}`, email: `user-${number}@example.com`, name: 'Somebody' };
      const { id } = await this.#stripe.customers.create({ email: user.email, name: user.name });
      rows.push({ mode: MODE, ...user, stripe_customer_id: id });
    });
    while (rows.length > 0)
      await this.#db.insertInto('users').values(rows.splice(0, MAX_BATCH_SIZE)).execute();
    this.#size = users;
  }
}

/** Differs from user to user, so that bills can't be mixed up unnoticed; each product comes to whole cents. */
function usageOf(user: number, period: BillingPeriod): UsageEvent[] {
  const monthBegins = periodStart(period);
  const event = (product: MeteredProduct, quantity: string): UsageEvent => ({
    id: `${period}-${user}-${product}`,
    userId: `user-${user}`,
    product,
    quantity,
    occurredAt: new Date(monthBegins.getTime() + DAY_MS),
    resourceId: null,
  });
  return [
    event('cpu_hour', String(cpuHoursOf(user))),
    event('gpu_hour', '1'),
    event('api_calls', '100000'),
    // Held for the whole month, so as many GB-months; the same each month, so nothing of it is carried on from earlier ones.
    { ...event('storage_gb_month', '10'), occurredAt: monthBegins, resourceId: `disk-${user}` },
  ];
}

function cpuHoursOf(user: number): number {
  return 1 + (user % 97);
}

/** By the price list: 10 cents for a CPU hour, 200 for a GPU hour, 0.001 for an API call, 15 for a GB-month. */
function totalCentsOf(user: number): number {
  return cpuHoursOf(user) * 10 + 200 + 100 + 150;
}

function totalCentsOfAll(users: number): number {
  return numbers(0, users).reduce((sum, user) => sum + totalCentsOf(user), 0);
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
