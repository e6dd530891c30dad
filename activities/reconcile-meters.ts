import { usersWithCustomerAfter } from '../db/compared.ts';
import { listStripeProducts } from '../db/price-list.ts';
import { billingPeriodOf, periodStart, previousPeriod } from '../domain/billing-period.ts';
import { compareMeter } from '../domain/compare-meters.ts';
import type { Mode } from '../domain/mode.ts';
import { isMeteredProduct, type MeteredProduct } from '../domain/price-list.ts';
import type { Drift } from '../domain/reconciliation-findings.ts';
import { REQUESTS_PER_TASK } from '../domain/stripe-rate.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import {
  PAGE_SIZE,
  type ReconciledPage,
  type ReconciliationPage,
  settleDrifts,
} from './reconciliation-page.ts';
import { StripeError } from './stripe-client.ts';
import { unixSeconds } from './stripe-values.ts';

const DAY_SECONDS = 24 * 60 * 60;

interface Meter {
  readonly meterId: string;
  readonly product: MeteredProduct;
}

/**
 * Holds Stripe to billing nothing by its meters: usage that is posted there would be billed twice. Throws `StripeError`, see
 * stripe-errors.ts for which are retried.
 */
export function createMeterReconciliation(dependencies: ActivityDependencies) {
  const { db } = dependencies;
  return {
    /**
     * Looks whether anything was posted to a meter for some customers, in this month or the last. Stripe has no list for it: it is
     * a request for each meter and customer, and so one meter after the other, a few customers at a time.
     */
    async compareMeters(page: ReconciliationPage): Promise<ReconciledPage> {
      const { mode, plan, cursor } = page;
      const meters = await metersOf(mode);
      const meter = meters[cursor.part];
      if (meter === undefined) return { read: 0, next: null };
      const limit = REQUESTS_PER_TASK;
      const users = await usersWithCustomerAfter(db, mode, { afterUserId: cursor.after ?? '', limit });
      const drifts: Drift[] = [];
      for (const user of users) {
        const days = await postedDays(mode, meter, user.stripeCustomerId, plan.stripeNow);
        drifts.push(...compareMeter({ ...meter, ...user, days }));
      }
      await settleDrifts(dependencies, page, drifts);
      const last = users.at(-1);
      if (last !== undefined && users.length === limit)
        return { read: users.length, next: { part: cursor.part, after: last.userId } };
      const hasMore = cursor.part + 1 < meters.length;
      return { read: users.length, next: hasMore ? { part: cursor.part + 1, after: null } : null };
    },
  };

  async function metersOf(mode: Mode): Promise<Meter[]> {
    const products = await listStripeProducts(db, mode);
    return products.flatMap(({ product, stripe_meter_id: meterId }) =>
      meterId === null || !isMeteredProduct(product) ? [] : [{ meterId, product }],
    );
  }

  /** Days on which something was posted, of the last two months. */
  async function postedDays(mode: Mode, { meterId }: Meter, customer: string, stripeNow: number) {
    const thisMonth = billingPeriodOf(new Date(stripeNow * 1_000));
    try {
      const { data } = await stripeOf(dependencies, mode).billing.meters.listEventSummaries(meterId, {
        customer,
        start_time: unixSeconds(periodStart(previousPeriod(thisMonth))),
        end_time: (Math.floor(stripeNow / DAY_SECONDS) + 1) * DAY_SECONDS,
        value_grouping_window: 'day',
        limit: PAGE_SIZE,
      });
      return data.map(({ start_time: start, aggregated_value: quantity }) => ({ start, quantity }));
    } catch (error) {
      // A customer or a meter that was deleted is billed nothing.
      if (error instanceof StripeError && error.code === 'resource_missing') return [];
      throw error;
    }
  }
}
