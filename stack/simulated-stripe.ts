import { listWebhookEndpoints } from '../activities/setup-look.ts';
import { createStripeClient, STRIPE_API_VERSION, type StripeClient } from '../activities/stripe-client.ts';
import { applyStripeSetup, UnusablePriceError } from '../activities/stripe-setup.ts';
import type { StackFile } from '../config/stack-file.ts';
import type { Database } from '../db/database.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import { WEBHOOK_PATHS } from '../domain/stripe-event.ts';

/** Keys that the simulator takes and that can't be real ones. */
const SIMULATOR_KEYS: Readonly<Record<Mode, string>> = {
  live: 'sk_live_simulator_embedded',
  test: 'sk_test_simulator_embedded',
};

/**
 * Does with the simulator what `setup-stripe` does with a Stripe account: products, prices, and a webhook endpoint, in each mode.
 *
 * @throws UnusablePriceError when somebody has made a price in the simulator that can't serve.
 */
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
    const knownSecret = previous?.stripe[mode]?.webhookSecret;
    await deleteEndpoints(stripe, knownSecret === undefined ? null : `${apiUrl}${WEBHOOK_PATHS[mode]}`);
    const { made, forPerson } = await applyStripeSetup(db, stripe, mode, { publicUrl: apiUrl });
    const [first] = forPerson;
    if (first !== undefined) throw new UnusablePriceError(`${first.what} ${first.mend}`);
    // One may have been made twice: the last one is there.
    const newSecret = made.findLast(({ webhookSecret }) => webhookSecret !== null)?.webhookSecret;
    modes[mode] = { secretKey, webhookSecret: newSecret ?? knownSecret ?? '' };
  }
  return modes;
}

/**
 * Deletes what would send to where nobody listens, or with a secret that nobody knows: Stripe tells it only when an endpoint is made.
 *
 * @param url of the endpoint that is kept, if we made it and for this version; `null`: its secret is not known.
 */
async function deleteEndpoints(stripe: StripeClient, url: string | null): Promise<void> {
  for (const endpoint of await listWebhookEndpoints(stripe)) {
    const serves = endpoint.isOurs && endpoint.url === url && endpoint.apiVersion === STRIPE_API_VERSION;
    if (!serves) await stripe.webhookEndpoints.del(endpoint.id);
  }
}
