import type { SetupPlan, SetupStep } from '../activities/setup-plan.ts';
import type { Made } from '../activities/setup-steps.ts';
import { StripeError } from '../activities/stripe-client.ts';
import { applyStripeSetup, planStripeSetup, type SetupOptions } from '../activities/stripe-setup.ts';
import { STRIPE_VARIABLES } from '../config/mode-variables.ts';
import { listStripeProducts, type StripeProduct } from '../db/price-list.ts';
import type { Mode } from '../domain/mode.ts';
import { formatUnitPrice } from '../domain/money.ts';
import { PRICE_LIST, type Product } from '../domain/price-list.ts';
import type { ForPerson } from '../domain/webhook-endpoint-plan.ts';
import { right, say, table } from './console.ts';
import { type CliContext, UsageError } from './context.ts';

/**
 * Prints what Stripe lacks, and makes it with `apply`. What is left for a person ends with exit status 1.
 *
 * @throws UsageError in Stripe's words when a request failed; running it again is safe.
 */
export async function runSetupStripe(context: CliContext, options: SetupStripeOptions): Promise<void> {
  try {
    await planAndApply(context, options);
  } catch (error) {
    // Stripe's own words say more than where in this code it was.
    if (error instanceof StripeError) throw new UsageError(`Stripe: ${error.message} Run this again.`);
    throw error;
  }
}

/** Of `npm run billing -- setup-stripe`. Without `apply` it only says what it would do. */
export interface SetupStripeOptions {
  readonly mode: Mode;
  /** Where Stripe reaches the api; `null` leaves webhook endpoints out. */
  readonly publicUrl: string | null;
  readonly apply: boolean;
}

async function planAndApply(
  context: CliContext,
  { mode, publicUrl, apply }: SetupStripeOptions,
): Promise<void> {
  const stripe = await context.stripe(mode);
  const settings = context.config.stripe.modes[mode];
  const isSecretSet = (settings?.webhookSecrets.length ?? 0) > 0;
  const options: SetupOptions = { publicUrl, priceIds: settings?.priceIds };
  await context.withDatabase(async (db) => {
    const plan = await planStripeSetup(db, stripe, mode, options);
    printPlan(mode, plan);
    const onMade = (made: Made): void => {
      say(`Done: ${inWords(made.step)} → ${made.id}`);
      // At once: whatever fails after it, Stripe does not show it again.
      if (made.webhookSecret !== null) printSecret(mode, made.webhookSecret, isSecretSet);
    };
    const { forPerson } =
      apply && plan.steps.length > 0
        ? await applyStripeSetup(db, stripe, mode, { ...options, onMade })
        : plan;
    say();
    printProducts(await listStripeProducts(db, mode));
    printForPerson(forPerson);
    say();
    if (publicUrl === null)
      say(`The webhook endpoint is left out: --url https://… says where Stripe reaches the api.`);
    else if (!isSecretSet && plan.steps.every(({ type }) => type !== 'create_endpoint'))
      say(
        `${STRIPE_VARIABLES[mode].webhookSecret} is not set. Stripe's Dashboard (Developers → Webhooks) reveals it.`,
      );
    if (!apply && plan.steps.length > 0) say('Nothing was changed. The same with --apply does it.');
    if (forPerson.length > 0) process.exitCode = 1;
  });
}

function printPlan(mode: Mode, { steps, forPerson }: SetupPlan): void {
  if (steps.length === 0) {
    say(
      forPerson.length === 0
        ? `Stripe (${mode}) has all that billing needs.`
        : `Stripe (${mode}) has all that can be made for billing; the rest is for a person.`,
    );
    return;
  }
  say(`What Stripe (${mode}) lacks:`);
  for (const step of steps) say(`  ${inWords(step)}`);
}

function inWords(step: SetupStep): string {
  switch (step.type) {
    case 'create_product':
      return `make the product "${nameOf(step.product)}"`;
    case 'create_meter':
      return `make a meter for "${nameOf(step.product)}", which is never sent events`;
    case 'create_price': {
      const price = `make a price of ${formatUnitPrice(step.unitPriceCents)} for "${nameOf(step.product)}"`;
      return step.replaces === null ? price : `${price}, in place of ${step.replaces}`;
    }
    case 'adopt_price':
      return `take ${step.ids.stripePriceId} of "${nameOf(step.product)}" into stripe_products`;
    case 'create_endpoint':
      return `make a webhook endpoint at ${step.url}`;
    case 'update_endpoint': {
      const changes = [
        ...(step.enables ? ['enable it'] : []),
        ...(step.adds.length > 0 ? [`add ${step.adds.join(', ')}`] : []),
        ...(step.drops.length > 0 ? [`drop ${step.drops.join(', ')}`] : []),
      ];
      return `change the webhook endpoint ${step.id}: ${changes.join('; ')}`;
    }
  }
}

const nameOf = (product: Product) => PRICE_LIST[product].displayName;

function printProducts(products: readonly StripeProduct[]): void {
  if (products.length === 0) return;
  const rows = products.map((row) => [
    nameOf(row.product),
    formatUnitPrice(row.unit_price_cents),
    row.stripe_price_id ?? '',
    row.stripe_meter_id ?? '',
  ]);
  say(table([{ name: 'Product' }, right('Unit price'), { name: 'Price' }, { name: 'Meter' }], rows));
}

function printForPerson(forPerson: readonly ForPerson[]): void {
  if (forPerson.length === 0) return;
  say('\nFor a person to do:');
  for (const { what, mend } of forPerson) say(`  ${what}\n  → ${mend}`);
}

/** The ids of prices are in `stripe_products`, where api and worker read them: no variable has to name them. */
function printSecret(mode: Mode, webhookSecret: string, isOneSet: boolean): void {
  say(
    isOneSet
      ? 'For the environment, after the one that is set and a comma, until the older endpoint is deleted; shown this once:'
      : 'For the environment; shown this once:',
  );
  say(`${STRIPE_VARIABLES[mode].webhookSecret}=${webhookSecret}`);
}
