import type { BillingPeriod } from './billing-period.ts';
import type { DecimalString } from './money.ts';

/** What is sold by use. The names are part of the public interface (`POST /api/usage-events`). */
export const METERED_PRODUCTS = ['cpu_hour', 'gpu_hour', 'storage_gb_month', 'api_calls'] as const;
/** What a usage event may be of. */
export type MeteredProduct = (typeof METERED_PRODUCTS)[number];

/** The one product whose events are levels: what is stored and computed of levels (domain/storage.ts, db/storage-levels.ts) knows one. */
export const LEVEL_PRODUCT = 'storage_gb_month' satisfies MeteredProduct;

/** Everything on the price list: what is metered, and credits, which are bought once. */
export const PRODUCTS = [...METERED_PRODUCTS, 'credits'] as const;
/** What a line of a bill may be of. */
export type Product = (typeof PRODUCTS)[number];

/**
 * How a month's quantity comes from its events: `sum` adds them up; `level` takes each as "from now on it is this much"
 * and averages over the month's real length.
 */
export type Aggregation = 'sum' | 'level';

/**
 * How a product is named, counted and priced where nothing else was set. What a unit costs now, the database says
 * (db/price-list.ts).
 */
export interface PriceListItem {
  readonly product: Product;
  /** Name in the Stripe Dashboard, on invoices and on the account page. */
  readonly displayName: string;
  /** Cents for one unit; a decimal, since one API call costs 0.001 cent. */
  readonly unitPriceCents: DecimalString;
  readonly unitLabel: string;
  /** `null` for what is not metered. */
  readonly aggregation: Aggregation | null;
}

/** Prices as stated in the seed, "Create Products". API calls cost $0.01 per 1,000, not rounded up to a block. */
export const PRICE_LIST: Readonly<Record<Product, PriceListItem>> = {
  cpu_hour: {
    product: 'cpu_hour',
    displayName: 'CPU Hour',
    unitPriceCents: '10',
    unitLabel: 'CPU hour',
    aggregation: 'sum',
  },
  gpu_hour: {
    product: 'gpu_hour',
    displayName: 'GPU Hour',
    unitPriceCents: '200',
    unitLabel: 'GPU hour',
    aggregation: 'sum',
  },
  storage_gb_month: {
    product: 'storage_gb_month',
    displayName: 'Storage GB-Month',
    unitPriceCents: '15',
    unitLabel: 'GB-month',
    aggregation: 'level',
  },
  api_calls: {
    product: 'api_calls',
    displayName: 'API Calls',
    unitPriceCents: '0.001',
    unitLabel: 'API call',
    aggregation: 'sum',
  },
  credits: {
    product: 'credits',
    displayName: 'Credits',
    unitPriceCents: '100',
    unitLabel: 'credit',
    aggregation: null,
  },
};

/** Whether a name from outside is on the price list, credits included. */
export function isProduct(text: string): text is Product {
  return (PRODUCTS as readonly string[]).includes(text);
}

/** Whether usage of it can be reported; credits are bought, not used. */
export function isMeteredProduct(text: string): text is MeteredProduct {
  return (METERED_PRODUCTS as readonly string[]).includes(text);
}

/** From a month on, a product costs something else. */
export interface PriceChange {
  readonly product: MeteredProduct;
  readonly fromPeriod: BillingPeriod;
  readonly unitPriceCents: DecimalString;
}

/** Cents for one unit used in `period`: by the latest change that had begun, or else what the list began with. */
export function unitPriceIn(
  period: BillingPeriod,
  product: MeteredProduct,
  first: DecimalString,
  changes: readonly PriceChange[],
): DecimalString {
  const latest = changes
    .filter((change) => change.product === product && change.fromPeriod <= period)
    .toSorted((a, b) => (a.fromPeriod < b.fromPeriod ? -1 : 1))
    .at(-1);
  return latest?.unitPriceCents ?? first;
}
