import { type StripeClient, StripeError } from '../../activities/stripe-client.ts';
import { type Check, type CheckOptions, check, ok, problem } from '../../api/health/check.ts';
import { STRIPE_DEADLINE_MS } from './parts.ts';

/** An id that nobody has: who may read such objects hears of a missing one. */
const NOBODY = 'pm_doctor';

/**
 * The permissions that billing needs, as the Dashboard calls them, each with a cheap request that wants it. Only reading can be
 * tried; that a key may write is seen when it does.
 */
const READS: readonly (readonly [permission: string, read: (stripe: StripeClient) => Promise<unknown>])[] = [
  ['Customers', (stripe) => stripe.customers.list({ limit: 1 })],
  ['Payment Methods', (stripe) => stripe.paymentMethods.retrieve(NOBODY)],
  ['Setup Intents', (stripe) => stripe.setupIntents.list({ limit: 1 })],
  ['Payment Intents', (stripe) => stripe.paymentIntents.list({ limit: 1 })],
  ['Charges and Refunds', (stripe) => stripe.charges.list({ limit: 1 })],
  ['Disputes', (stripe) => stripe.disputes.list({ limit: 1 })],
  ['Checkout Sessions', (stripe) => stripe.checkout.sessions.list({ limit: 1 })],
  ['Subscriptions', (stripe) => stripe.subscriptions.list({ limit: 1 })],
  ['Invoices', (stripe) => stripe.invoices.list({ limit: 1 })],
  ['Products', (stripe) => stripe.products.list({ limit: 1 })],
  ['Prices', (stripe) => stripe.prices.list({ limit: 1 })],
  ['Billing Meters', (stripe) => stripe.billing.meters.list({ limit: 1 })],
  ['Events', (stripe) => stripe.events.list({ limit: 1 })],
  ['Webhook Endpoints', (stripe) => stripe.webhookEndpoints.list({ limit: 1 })],
];

/** May the key read what billing reads? A secret key may do everything, a restricted one is asked. */
export async function checkPermissions(
  stripe: StripeClient,
  secretKey: string,
  options: Pick<CheckOptions, 'mode' | 'mend'>,
): Promise<Check> {
  return await check({ ...options, id: 'key_permissions', deadlineMs: STRIPE_DEADLINE_MS }, async () => {
    if (!secretKey.startsWith('rk_')) return ok('It is no restricted key: it may do everything.');
    const refused: string[] = [];
    // One after the other: a sandbox bears 25 a second.
    for (const [permission, read] of READS) if (await isForbidden(read(stripe))) refused.push(permission);
    if (refused.length === 0) return ok(`It may read what billing reads (${READS.length} permissions).`);
    return problem(
      `The restricted key may not read: ${refused.join(', ')}.`,
      'Give it these permissions in the Dashboard (Developers → API keys), with Write where docs/operations.md says so.',
    );
  });
}

async function isForbidden(reading: Promise<unknown>): Promise<boolean> {
  try {
    await reading;
    return false;
  } catch (error) {
    if (!(error instanceof StripeError)) throw error;
    if (error.statusCode === 403) return true;
    if (error.statusCode === 404) return false;
    throw error;
  }
}
