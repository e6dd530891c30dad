/** A price as Stripe has it, against a line of the price list. */
import { Big } from 'big.js';
import type { Stripe } from 'stripe';
import type { Mode } from '../domain/mode.ts';
import { CURRENCY, type DecimalString, formatUnitPrice } from '../domain/money.ts';

/** What the price list wants of a price in Stripe. `unitPriceCents` may have decimals: an API call is 0.001 cent. */
export interface ExpectedPrice {
  readonly mode: Mode;
  readonly unitPriceCents: DecimalString;
  readonly isMetered: boolean;
  /** `null`: any, for a price that was made in the Dashboard and named in the environment. */
  readonly meterEventName: string | null;
  /** The environment variable that names the price; `null`: none does. */
  readonly namedIn: string | null;
}

type Price = Pick<
  Stripe.Price,
  'active' | 'currency' | 'billing_scheme' | 'transform_quantity' | 'unit_amount_decimal' | 'recurring'
>;

/** A price with what it hangs on, as `setup-stripe` and `doctor` found it; what of Stripe's objects they do not compare is left out. */
export interface PriceInStripe {
  readonly price: Price;
  /** `setup-stripe` made it, and may put another one in its place. */
  readonly isOurs: boolean;
  readonly isProductActive: boolean;
  /** `null`: there is none. */
  readonly meter: Pick<Stripe.Billing.Meter, 'event_name' | 'status' | 'default_aggregation'> | null;
}

/** One thing that keeps a price from serving, and how a person mends it. Both are parts of sentences. */
export interface Mismatch {
  /** The end of "the price …". */
  readonly what: string;
  readonly mend: string;
}

/** All that differs; none: the price can serve. */
export function priceMismatches(
  expected: ExpectedPrice,
  { price, isOurs, isProductActive, meter }: PriceInStripe,
): Mismatch[] {
  const setUp = `"npm run billing -- setup-stripe --mode ${expected.mode} --apply"`;
  const inCatalog = "in Stripe's Dashboard (Product catalog)";
  // What a price costs can't be changed once it is made.
  const another = isOurs
    ? `Run ${setUp}, which makes one that fits.`
    : expected.namedIn === null
      ? `Take its lookup key away and archive it ${inCatalog}, then run ${setUp}, which makes one that fits.`
      : `Make one that fits ${inCatalog}, and name that in ${expected.namedIn}.`;
  const found: [differs: boolean, what: string, mend: string][] = [
    [!price.active, 'is archived', `Unarchive it ${inCatalog}.`],
    [!isProductActive, 'is of a product that is archived', `Unarchive the product ${inCatalog}.`],
    [price.currency !== CURRENCY, `is in ${price.currency}, not in ${CURRENCY}`, another],
    [
      !costs(price, expected.unitPriceCents),
      `is ${amountOf(price)}, not ${formatUnitPrice(expected.unitPriceCents)} for one unit`,
      another,
    ],
    [
      !isRecurrenceRight(price, expected),
      `is ${recurrenceOf(price)}, not ${expected.isMetered ? 'metered and monthly' : 'one-time'}`,
      another,
    ],
    ...meterMismatches(expected, meter, setUp),
  ];
  return found.flatMap(([differs, what, mend]) => (differs ? [{ what, mend }] : []));
}

function meterMismatches(
  { isMetered, meterEventName }: ExpectedPrice,
  meter: PriceInStripe['meter'],
  setUp: string,
): [differs: boolean, what: string, mend: string][] {
  if (!isMetered) return [];
  const inMeters = "in Stripe's Dashboard (Billing → Meters)";
  if (meter === null)
    return [[true, 'has no meter', `Archive it and take its lookup key away, then run ${setUp}.`]];
  const { status, default_aggregation: aggregation, event_name: eventName } = meter;
  return [
    [status !== 'active', 'has a meter that is deactivated', `Reactivate the meter ${inMeters}.`],
    [
      aggregation.formula !== 'sum',
      `has a meter that takes the ${aggregation.formula}, not the sum`,
      `A meter can not be changed: archive the price and take its lookup key away, then run ${setUp}.`,
    ],
    [
      meterEventName !== null && eventName !== meterEventName,
      `has a meter of "${eventName}" events, not of "${meterEventName}"`,
      `Archive the price and take its lookup key away, then run ${setUp}: nobody else's usage may count on it.`,
    ],
  ];
}

function costs(price: Price, unitPriceCents: DecimalString): boolean {
  const { unit_amount_decimal: amount } = price;
  if (price.billing_scheme !== 'per_unit' || price.transform_quantity !== null || amount === null)
    return false;
  return new Big(amount.toString()).eq(unitPriceCents);
}

function amountOf({
  billing_scheme: scheme,
  transform_quantity: transform,
  unit_amount_decimal: amount,
}: Price): string {
  if (scheme !== 'per_unit' || amount === null) return 'tiered';
  const unit = formatUnitPrice(amount.toString());
  return transform === null ? unit : `${unit} for each ${transform.divide_by}`;
}

function isRecurrenceRight({ recurring }: Price, { isMetered }: ExpectedPrice): boolean {
  if (!isMetered) return recurring === null;
  return (
    recurring?.usage_type === 'metered' && recurring.interval === 'month' && recurring.interval_count === 1
  );
}

function recurrenceOf({ recurring }: Price): string {
  if (recurring === null) return 'one-time';
  const { usage_type: usageType, interval, interval_count: count } = recurring;
  return `${usageType} and every ${count === 1 ? interval : `${count} ${interval}s`}`;
}
