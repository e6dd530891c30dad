import { Big } from 'big.js';
import { newId } from '../ids.ts';
import type { Plan, Price, Product } from '../wire.ts';
import type { Made } from './made.ts';

/** An active product with Stripe's defaults. */
export function newProduct(made: Made, fields: Partial<Product> & { name: string }): Product {
  return {
    id: newId('prod', 14),
    object: 'product',
    active: true,
    created: made.now,
    default_price: null,
    description: null,
    images: [],
    livemode: made.livemode,
    marketing_features: [],
    metadata: {},
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: made.now,
    url: null,
    ...fields,
  };
}

/** `unitAmount` is in cents, as a decimal string: `unit_amount` is null when it isn't a whole number of them. */
export function newPrice(
  made: Made,
  fields: Partial<Price> & { product: string; currency: string },
  unitAmount: string,
): Price {
  const cents = new Big(unitAmount);
  return {
    id: newId('price'),
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    created: made.now,
    custom_unit_amount: null,
    livemode: made.livemode,
    lookup_key: null,
    metadata: {},
    nickname: null,
    recurring: null,
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: fields.recurring == null ? 'one_time' : 'recurring',
    unit_amount: cents.eq(cents.round(0, Big.roundDown)) ? cents.toNumber() : null,
    unit_amount_decimal: cents.toFixed(),
    ...fields,
  };
}

/** The legacy view of a recurring price, which subscription items still carry. */
export function planOf(price: Price): Plan {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: price.livemode,
    metadata: price.metadata,
    meter: price.recurring?.meter ?? null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: price.tiers_mode,
    transform_usage: price.transform_quantity,
    trial_period_days: null,
    usage_type: price.recurring?.usage_type ?? 'licensed',
  };
}

/**
 * What `quantity` (a decimal string) of the price costs, in whole cents: rounded half up, once. With `transform_quantity`
 * it is packages that cost, and their number is rounded before, as the price says.
 */
export function amountOf(
  price: Pick<Price, 'transform_quantity' | 'unit_amount_decimal'>,
  quantity: string,
): number {
  let units = new Big(quantity);
  if (price.transform_quantity !== null) {
    const rounding = price.transform_quantity.round === 'up' ? Big.roundUp : Big.roundDown;
    units = units.div(price.transform_quantity.divide_by).round(0, rounding);
  }
  return units
    .times(price.unit_amount_decimal ?? '0')
    .round(0, Big.roundHalfUp)
    .toNumber();
}
