/** What tests leave behind on Stripe, and how to remove it. */
import Stripe from 'stripe';
import { z } from 'zod';

const objectSchema = z.looseObject({ object: z.string(), id: z.string() });

/** Deleting a customer also ends its subscriptions and removes its drafts; prices and products can only be archived. */
const REMOVERS: Record<string, (stripe: Stripe, id: string) => Promise<unknown>> = {
  customer: (stripe, id) => stripe.customers.del(id),
  price: (stripe, id) => stripe.prices.update(id, { active: false }),
  product: (stripe, id) => stripe.products.update(id, { active: false }),
  'billing.meter': (stripe, id) => stripe.billing.meters.deactivate(id),
  webhook_endpoint: (stripe, id) => stripe.webhookEndpoints.del(id),
};

/** What a run has made on Stripe so far. */
export interface Litter {
  /** The SDK's own HTTP client, which notes what is made through it. */
  readonly httpClient: Stripe.HttpClient;
  /** Removes what is still there, latest first. */
  remove(stripe: Stripe): Promise<void>;
}

/** From now on, notes what is made through its client. */
export function startLitter(): Litter {
  const made = new Map<string, string>();
  const httpClient = Stripe.createNodeHttpClient();
  const makeRequest = httpClient.makeRequest.bind(httpClient);
  httpClient.makeRequest = async (...request) => {
    const response = await makeRequest(...request);
    const toJSON = response.toJSON.bind(response);
    const [, , , method] = request;
    response.toJSON = async () => {
      const json: unknown = await toJSON();
      const { success, data } = objectSchema.safeParse(json);
      if (success && method === 'POST' && data.object in REMOVERS) made.set(data.id, data.object);
      // A price may have been made together with its product.
      if (success && data.object === 'price') made.set(String(data['product']), 'product');
      return json;
    };
    return response;
  };
  return {
    httpClient,
    async remove(stripe) {
      for (const [id, object] of [...made].toReversed()) {
        // What a test has removed itself is no longer there; anything else is said, and is no reason to stop.
        await REMOVERS[object]?.(stripe, id).catch((error: unknown) => {
          if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 404)) {
            process.stderr.write(`${id} could not be removed: ${String(error)}\n`);
          }
        });
      }
    },
  };
}
