import { Big } from 'big.js';
import { type BillingPeriod, billingPeriodOf, nextPeriod } from './billing-period.ts';
import type { MeteredProduct } from './price-list.ts';
import { type Drift, proposed } from './reconciliation-findings.ts';

/** What was posted to a meter of ours for a customer, by the day. */
export interface ComparedMeter {
  readonly meterId: string;
  readonly product: MeteredProduct;
  readonly userId: string;
  readonly stripeCustomerId: string;
  readonly days: readonly {
    /** Unix seconds. */
    readonly start: number;
    readonly quantity: number;
  }[];
}

/** Nothing must ever be posted to our meters: what is, Stripe bills beside our own bills. One finding for each month. */
export function compareMeter({ meterId, product, userId, stripeCustomerId, days }: ComparedMeter): Drift[] {
  const months = new Map<BillingPeriod, Big>();
  for (const { start, quantity } of days) {
    const month = billingPeriodOf(new Date(start * 1_000));
    months.set(month, (months.get(month) ?? new Big(0)).plus(quantity));
  }
  return [...months].flatMap(([month, quantity]) => {
    if (quantity.eq(0)) return [];
    const objectId = `${meterId}:${stripeCustomerId}:${month}`;
    const what = `Somebody posted ${quantity.toFixed()} of ${product} to the meter ${meterId} for ${stripeCustomerId} in ${month}.`;
    const proposal = `Find who posts meter events for ${stripeCustomerId}, and stop it. Stripe bills them on the subscription's invoice at the beginning of ${nextPeriod(month)}: credit its line of ${product}.`;
    return [proposed({ code: 'meter_event_posted', userId, objectId, what }, proposal)];
  });
}
