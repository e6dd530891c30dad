import type { Stripe } from 'stripe';
import { createStripeClient, STRIPE_API_VERSION, type StripeClient } from '../activities/stripe-client.ts';
import { setUpStripe } from '../activities/stripe-setup.ts';
import type { StackFile } from '../config/stack-file.ts';
import type { Database } from '../db/database.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import { WEBHOOK_PATHS, wantedEventTypes } from '../domain/stripe-event.ts';

/** Keys that the simulator takes and that can't be real ones. */
const SIMULATOR_KEYS: Readonly<Record<Mode, string>> = {
  live: 'sk_live_simulator_embedded',
  test: 'sk_test_simulator_embedded',
};

/** Does with the simulator what a person does with a new Stripe account: products, prices, and a webhook endpoint, in each mode. */
export async function setUpSimulatedStripe(
  db: Database,
  apiBase: string,
  apiUrl: string,
  previous: StackFile | undefined,
): Promise<Pick<StackFile['stripe'], 'live' | 'test'>> {
  const modes = {
    live: { secretKey: SIMULATOR_KEYS.live, webhookSecret: '' },
    test: { secretKey: SIMULATOR_KEYS.test, webhookSecret: '' },
  };
  for (const mode of MODES) {
    const { secretKey } = modes[mode];
    const stripe = createStripeClient({ mode, secretKey, apiBase });
    await setUpStripe(db, stripe, mode);
    const webhookSecret = await registerWebhookEndpoint(
      stripe,
      mode,
      apiUrl,
      previous?.stripe[mode]?.webhookSecret,
    );
    modes[mode] = { secretKey, webhookSecret };
  }
  return modes;
}

/**
 * Adds our webhook endpoint, as a person does in the Dashboard. Stripe tells an endpoint's secret only when it is made; so
 * one from an earlier run serves on only if its secret is known still.
 *
 * @returns the endpoint's signing secret, `whsec_…`
 */
async function registerWebhookEndpoint(
  stripe: StripeClient,
  mode: Mode,
  apiUrl: string,
  knownSecret: string | undefined,
): Promise<string> {
  const url = `${apiUrl}${WEBHOOK_PATHS[mode]}`;
  const enabled_events = wantedEventTypes(mode) satisfies Stripe.WebhookEndpointCreateParams.EnabledEvent[];
  for await (const endpoint of stripe.webhookEndpoints.list({ limit: 100 })) {
    const isOurs = endpoint.url === url && endpoint.api_version === STRIPE_API_VERSION;
    if (isOurs && knownSecret !== undefined) {
      await stripe.webhookEndpoints.update(endpoint.id, { enabled_events });
      return knownSecret;
    }
    await stripe.webhookEndpoints.del(endpoint.id);
  }
  const created = await stripe.webhookEndpoints.create({
    url,
    enabled_events,
    api_version: STRIPE_API_VERSION,
  });
  if (created.secret === undefined)
    throw new Error('The Stripe simulator made a webhook endpoint without a secret');
  return created.secret;
}
