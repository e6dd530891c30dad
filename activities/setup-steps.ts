/** The steps of a plan, each done once in Stripe, however often it is tried. */
import { createHash } from 'node:crypto';
import type { Stripe } from 'stripe';
import type { Database } from '../db/database.ts';
import { saveStripeProductIds } from '../db/price-list.ts';
import type { Mode } from '../domain/mode.ts';
import { CURRENCY } from '../domain/money.ts';
import { PRICE_LIST } from '../domain/price-list.ts';
import { wantedEventTypes } from '../domain/stripe-event.ts';
import {
  ENDPOINT_METADATA_KEY,
  listWebhookEndpoints,
  PRODUCT_METADATA_KEY,
  permitted,
  priceLookupKey,
} from './setup-look.ts';
import { meterEventName, type SetupStep } from './setup-plan.ts';
import { STRIPE_API_VERSION, type StripeClient, StripeError, stripeDecimal } from './stripe-client.ts';
import { type StripeWriteOnce, writeToStripeOnce } from './stripe-write.ts';

/** A step that is done. */
export interface Made {
  readonly step: SetupStep;
  /** Of what was made, changed or adopted, in Stripe. */
  readonly id: string;
  /** Of a webhook endpoint that was just made: Stripe shows it this once. */
  readonly webhookSecret: string | null;
}

type StepOf<Type extends SetupStep['type']> = Extract<SetupStep, { readonly type: Type }>;

/**
 * Makes, changes or adopts what the step says. What is made gets into `stripe_products` by a later step that adopts it.
 *
 * @throws MissingPermissionError when a restricted key may not write what the step makes. StripeError as its request failed;
 *   running the whole again is safe.
 */
export async function carryOut(
  db: Database,
  stripe: StripeClient,
  mode: Mode,
  step: SetupStep,
): Promise<Made> {
  const made = ({ id }: { readonly id: string }): Made => ({ step, id, webhookSecret: null });
  switch (step.type) {
    case 'create_product':
      return made(await permitted('Write', 'Products', () => createProduct(db, stripe, mode, step)));
    case 'create_meter':
      return made(await permitted('Write', 'Billing Meters', () => createMeter(db, stripe, mode, step)));
    case 'create_price':
      return made(await permitted('Write', 'Prices', () => createPrice(db, stripe, mode, step)));
    case 'adopt_price':
      await saveStripeProductIds(db, mode, step.product, step.ids);
      return made({ id: step.ids.stripePriceId });
    case 'create_endpoint': {
      const create = () => createEndpoint(db, stripe, mode, step);
      const { id, secret } = await permitted('Write', 'Webhook Endpoints', create);
      return { step, id, webhookSecret: secret ?? null };
    }
    case 'update_endpoint':
      return made(
        await permitted('Write', 'Webhook Endpoints', () =>
          stripe.webhookEndpoints.update(step.id, {
            enabled_events: wantedEventTypes(mode),
            ...(step.enables ? { disabled: false } : {}),
          }),
        ),
      );
  }
}

async function createProduct(
  db: Database,
  stripe: StripeClient,
  mode: Mode,
  { product }: StepOf<'create_product'>,
): Promise<Stripe.Product> {
  const metadata = { [PRODUCT_METADATA_KEY]: product };
  return await once(db, {
    mode,
    writeKey: `setup:product:${product}`,
    find: async () => {
      for await (const each of stripe.products.list({ active: true, limit: 100 }))
        if (each.metadata[PRODUCT_METADATA_KEY] === product) return each;
      return null;
    },
    create: (idempotencyKey) =>
      stripe.products.create({ name: PRICE_LIST[product].displayName, metadata }, { idempotencyKey }),
  });
}

async function createMeter(
  db: Database,
  stripe: StripeClient,
  mode: Mode,
  { product }: StepOf<'create_meter'>,
): Promise<Stripe.Billing.Meter> {
  const eventName = meterEventName(product);
  return await once(db, {
    mode,
    writeKey: `setup:meter:${product}`,
    find: async () => {
      for await (const each of stripe.billing.meters.list({ status: 'active', limit: 100 }))
        if (each.event_name === eventName) return each;
      return null;
    },
    create: (idempotencyKey) =>
      stripe.billing.meters.create(
        {
          display_name: PRICE_LIST[product].displayName,
          event_name: eventName,
          default_aggregation: { formula: 'sum' },
        },
        { idempotencyKey },
      ),
  });
}

/** What is still subscribed by the price that it replaces stays so: nothing is ever charged by a metered price (docs/billing.md). */
async function createPrice(
  db: Database,
  stripe: StripeClient,
  mode: Mode,
  step: StepOf<'create_price'>,
): Promise<Stripe.Price> {
  const { product, unitPriceCents, stripeProductId, meterId, replaces } = step;
  const lookupKey = priceLookupKey(product);
  return await once(db, {
    mode,
    writeKey: `setup:price:${product}`,
    find: async () => {
      const { data } = await stripe.prices.list({ lookup_keys: [lookupKey], limit: 1 });
      return data.find(({ id }) => id !== replaces) ?? null;
    },
    create: (idempotencyKey) =>
      stripe.prices.create(
        {
          product: stripeProductId ?? '',
          currency: CURRENCY,
          unit_amount_decimal: stripeDecimal(unitPriceCents),
          lookup_key: lookupKey,
          ...(replaces === null ? {} : { transfer_lookup_key: true }),
          metadata: { [PRODUCT_METADATA_KEY]: product },
          ...(meterId === null
            ? {}
            : { recurring: { interval: 'month', usage_type: 'metered', meter: meterId } }),
        },
        { idempotencyKey },
      ),
  });
}

async function createEndpoint(
  db: Database,
  stripe: StripeClient,
  mode: Mode,
  { url }: StepOf<'create_endpoint'>,
): Promise<Pick<Stripe.WebhookEndpoint, 'id' | 'secret'>> {
  return await once<Pick<Stripe.WebhookEndpoint, 'id' | 'secret'>>(db, {
    mode,
    // An address may be longer than a key.
    writeKey: `setup:endpoint:${createHash('sha256').update(`${url} ${STRIPE_API_VERSION}`).digest('hex')}`,
    find: async () => {
      const endpoints = await listWebhookEndpoints(stripe);
      return (
        endpoints.find((each) => each.isOurs && each.url === url && each.apiVersion === STRIPE_API_VERSION) ??
        null
      );
    },
    create: (idempotencyKey) =>
      stripe.webhookEndpoints.create(
        {
          url,
          enabled_events: wantedEventTypes(mode),
          api_version: STRIPE_API_VERSION,
          description: `Durable Billing, ${mode} mode`,
          metadata: { [ENDPOINT_METADATA_KEY]: mode },
        },
        { idempotencyKey },
      ),
  });
}

/** Tries again where Stripe's answer was an earlier one that it had kept: its key has given way to another one by then. */
async function once<T extends { readonly id: string }>(db: Database, write: StripeWriteOnce<T>): Promise<T> {
  try {
    return await writeToStripeOnce(db, write);
  } catch (error) {
    const isEcho = error instanceof StripeError && error.headers?.['idempotent-replayed'] === 'true';
    if (!isEcho) throw error;
    return await writeToStripeOnce(db, write);
  }
}
