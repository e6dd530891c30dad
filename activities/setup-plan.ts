/** What is to be made in Stripe, so that it has all that the price list and the webhooks need. */
import type { StripeProductIds } from '../db/price-list.ts';
import type { Mode } from '../domain/mode.ts';
import type { DecimalString } from '../domain/money.ts';
import { PRICE_LIST, type Product } from '../domain/price-list.ts';
import {
  type EndpointStep,
  type ForPerson,
  type FoundEndpoint,
  planEndpoint,
  type WantedEndpoint,
} from '../domain/webhook-endpoint-plan.ts';
import { type Mismatch, type PriceInStripe, priceMismatches } from './price-mismatches.ts';

/** What a meter of ours counts; nobody posts such events, since usage would be billed twice. */
export const meterEventName = (product: Product) => `durable_billing_${product}`;

/** A product that is sold, as `stripe_products` has it. */
export interface WantedProduct {
  readonly product: Product;
  readonly unitPriceCents: DecimalString;
  /** What is known of it in Stripe so far. */
  readonly ids: StripeProductIds;
  /** The price that the environment names for it, and the variable that does. */
  readonly named: { readonly priceId: string; readonly variable: string } | null;
}

/** A price with the ids that `stripe_products` is to have of it. */
export interface FoundPrice extends PriceInStripe {
  readonly ids: StripeProductIds & { readonly stripePriceId: string };
}

/** What Stripe has that belongs to a product of the price list. */
export interface FoundProduct {
  /** The one that the environment names, or else the one with our lookup key. */
  readonly price: FoundPrice | null;
  /** A product with our metadata that is not archived. */
  readonly stripeProductId: string | null;
  /** The active meter of our events. */
  readonly meter: { readonly id: string; readonly formula: string } | null;
}

/** What Stripe is to have, of one mode. */
export interface Wanted {
  readonly mode: Mode;
  readonly products: readonly WantedProduct[];
  /** `null`: endpoints are left alone. */
  readonly endpoint: WantedEndpoint | null;
}

/** What Stripe has of it. A product that was not looked at is taken for one that has nothing. */
export interface Found {
  readonly products: ReadonlyMap<Product, FoundProduct>;
  readonly endpoints: readonly FoundEndpoint[];
}

/** One thing to make or to take over, which setup-steps.ts carries out once. A price waits until what it builds on has an id. */
export type SetupStep =
  | { readonly type: 'create_product'; readonly product: Product }
  | { readonly type: 'create_meter'; readonly product: Product }
  | {
      readonly type: 'create_price';
      readonly product: Product;
      readonly unitPriceCents: DecimalString;
      /** `null`: an earlier step makes it. */
      readonly stripeProductId: string | null;
      /** `null`: an earlier step makes it, or it needs none. */
      readonly meterId: string | null;
      /** A price of ours that can't serve; its lookup key goes to the new one. */
      readonly replaces: string | null;
    }
  /** Takes its ids into `stripe_products`, and changes nothing in Stripe. */
  | {
      readonly type: 'adopt_price';
      readonly product: Product;
      readonly ids: StripeProductIds & { readonly stripePriceId: string };
    }
  | EndpointStep;

/** Both empty: nothing is missing. What is for a person is not done by `--apply` either. */
export interface SetupPlan {
  readonly steps: readonly SetupStep[];
  readonly forPerson: readonly ForPerson[];
}

/** All that is missing. Nothing is to be changed that we did not make; what of that can't serve is for a person. */
export function planSetup(wanted: Wanted, found: Found): SetupPlan {
  const plans: SetupPlan[] = wanted.products.map((each) =>
    planProduct(wanted.mode, each, found.products.get(each.product) ?? NOTHING),
  );
  if (wanted.endpoint !== null) plans.push(planEndpoint(found.endpoints, wanted.endpoint));
  return {
    steps: plans.flatMap(({ steps }) => steps),
    forPerson: plans.flatMap(({ forPerson }) => forPerson),
  };
}

/** Whether all that it builds on is there. */
export function isReady(step: SetupStep): boolean {
  if (step.type !== 'create_price') return true;
  const needsMeter = PRICE_LIST[step.product].aggregation !== null;
  return step.stripeProductId !== null && (!needsMeter || step.meterId !== null);
}

const NOTHING: FoundProduct = { price: null, stripeProductId: null, meter: null };

function planProduct(mode: Mode, wanted: WantedProduct, found: FoundProduct): SetupPlan {
  const { product, named } = wanted;
  const { price } = found;
  if (price === null && named !== null) {
    const what = `Stripe has no price ${named.priceId}, which ${named.variable} names.`;
    return onlyForPerson({ what, mend: `Name one that it has, or none.` });
  }
  if (price === null) return planPrice(wanted, found, null);
  const mismatches = mismatchesOf(mode, wanted, price);
  if (mismatches.length === 0)
    return {
      steps: isKnown(price.ids, wanted.ids) ? [] : [{ type: 'adopt_price', product, ids: price.ids }],
      forPerson: [],
    };
  if (named === null && price.isOurs) return planPrice(wanted, found, price.ids.stripePriceId);
  return onlyForPerson({
    what: `The price ${price.ids.stripePriceId} (${PRICE_LIST[product].displayName}) ${mismatches.map(({ what }) => what).join(', and ')}.`,
    mend: [...new Set(mismatches.map(({ mend }) => mend))].join(' '),
  });
}

function mismatchesOf(
  mode: Mode,
  { product, unitPriceCents, named }: WantedProduct,
  price: FoundPrice,
): Mismatch[] {
  const isMetered = PRICE_LIST[product].aggregation !== null;
  return priceMismatches(
    {
      mode,
      unitPriceCents,
      isMetered,
      meterEventName: isMetered && named === null ? meterEventName(product) : null,
      namedIn: named?.variable ?? null,
    },
    price,
  );
}

/** A price, and whatever it needs. What a price costs and counts can't be changed, so one that can't serve is replaced. */
function planPrice(
  { product, unitPriceCents }: WantedProduct,
  { stripeProductId, meter }: FoundProduct,
  replaces: string | null,
): SetupPlan {
  const isMetered = PRICE_LIST[product].aggregation !== null;
  if (isMetered && meter !== null && meter.formula !== 'sum') {
    const what = `The meter ${meter.id} of "${meterEventName(product)}" events takes the ${meter.formula}, not the sum.`;
    return onlyForPerson({
      what,
      mend: "Deactivate it in Stripe's Dashboard (Billing → Meters), and run this again.",
    });
  }
  const steps: SetupStep[] = [];
  if (stripeProductId === null) steps.push({ type: 'create_product', product });
  if (isMetered && meter === null) steps.push({ type: 'create_meter', product });
  const meterId = isMetered ? (meter?.id ?? null) : null;
  steps.push({ type: 'create_price', product, unitPriceCents, stripeProductId, meterId, replaces });
  return { steps, forPerson: [] };
}

function isKnown(ids: StripeProductIds, known: StripeProductIds): boolean {
  return (
    ids.stripePriceId === known.stripePriceId &&
    ids.stripeProductId === known.stripeProductId &&
    ids.stripeMeterId === known.stripeMeterId
  );
}

function onlyForPerson(...forPerson: ForPerson[]): SetupPlan {
  return { steps: [], forPerson };
}
