/**
 * Where Stripe's description, which is one API version behind, and the SDK of this repository differ: there the SDK's
 * types decide. `openapi.test.ts` fails when an entry is no longer needed; the README repeats the list.
 */
import { Stripe } from 'stripe';
import type { Description } from './description.ts';
import type { JsonSchema } from './json-schema.ts';

/** A field that the SDK declares and the description doesn't have. */
export interface Deviation {
  readonly schema: string;
  readonly field: string;
  readonly as: JsonSchema;
  readonly reason: string;
}

const NEWER = 'newer than the description';
const LEGACY = 'typed by the SDK; the public description leaves out what is legacy';

function field(schema: string, name: string, as: JsonSchema, reason: string = NEWER): Deviation {
  return { schema, field: name, as, reason };
}

const nullable = (as: JsonSchema): JsonSchema => ({ ...as, nullable: true });
const string: JsonSchema = { type: 'string' };
const integer: JsonSchema = { type: 'integer' };
const anyObject: JsonSchema = { type: 'object', additionalProperties: true };

/** `satisfies` has the compiler check that the SDK's type has the field. */
export const DEVIATIONS: readonly Deviation[] = [
  field('charge', 'source' satisfies keyof Stripe.Charge, nullable(anyObject), LEGACY),
  field(
    'payment_method_details_card',
    'electronic_commerce_indicator' satisfies keyof Stripe.Charge.PaymentMethodDetails.Card,
    nullable(string),
  ),
  field(
    'checkout.session',
    'allowed_payment_method_types' satisfies keyof Stripe.Checkout.Session,
    nullable({ type: 'array', items: string }),
  ),
  field('dispute', 'intended_submission_method' satisfies keyof Stripe.Dispute, nullable(string)),
  field(
    'dispute_evidence_details',
    'submission_method' satisfies keyof Stripe.Dispute.EvidenceDetails,
    string,
  ),
  field('payment_intent', 'payment_record' satisfies keyof Stripe.PaymentIntent, nullable(string)),
  field('payment_intent', 'source' satisfies keyof Stripe.PaymentIntent, nullable(string), LEGACY),
  field('recurring', 'trial_period_days' satisfies keyof Stripe.Price.Recurring, nullable(integer), LEGACY),
  field('product', 'tax_details' satisfies keyof Stripe.Product, nullable(anyObject)),
  field(
    'product',
    'type' satisfies keyof Stripe.Product,
    { type: 'string', enum: ['good', 'service'] },
    LEGACY,
  ),
  field(
    'subscriptions_resource_trial_settings_end_behavior',
    'billing_cycle_anchor' satisfies keyof Stripe.Subscription.TrialSettings.EndBehavior,
    nullable(string),
  ),
  field('subscription_item', 'current_trial' satisfies keyof Stripe.SubscriptionItem, nullable(anyObject)),
  field('subscription_item', 'plan' satisfies keyof Stripe.SubscriptionItem, anyObject, LEGACY),
];

/** Routes that Stripe has but doesn't describe. */
export interface UndescribedRoute {
  readonly route: RegExp;
  readonly reason: string;
}

/** What succeeds there is not validated; errors are, as everywhere. */
export const UNDESCRIBED_ROUTES: readonly UndescribedRoute[] = [
  {
    route: /^(GET|POST) \/v1\/payment_pages\//,
    reason: 'what the hosted page asks of Stripe; the CLI completes Checkout sessions with it',
  },
];

/** The one route that is given a version, of which the description lists those that it knows. */
export const ROUTE_OF_VERSIONS = '/v1/webhook_endpoints';

/** The description with the SDK's fields and its version added. */
export function applyDeviations(description: Description): Description {
  const schemas = { ...description.components.schemas };
  for (const { schema: name, field: added, as } of DEVIATIONS) {
    const schema = schemas[name];
    if (schema?.properties === undefined) throw new Error(`the description has no schema ${name}`);
    schemas[name] = { ...schema, properties: { ...schema.properties, [added]: as } };
  }
  return { ...description, paths: withVersion(description.paths), components: { schemas } };
}

function withVersion(paths: Description['paths']): Description['paths'] {
  const copy = structuredClone(paths);
  const body = copy[ROUTE_OF_VERSIONS]?.['post']?.requestBody?.content['application/x-www-form-urlencoded'];
  const versions = body?.schema.properties?.['api_version']?.enum;
  if (versions === undefined) throw new Error(`the description of ${ROUTE_OF_VERSIONS} has no versions`);
  versions.push(Stripe.API_VERSION);
  return copy;
}
