import type { Mode } from './mode.ts';
import { type Drift, proposed } from './reconciliation-findings.ts';
import { WEBHOOK_PATHS } from './stripe-event.ts';
import { type WebhookAddress, type WebhookEndpoint, webhookAddresses } from './webhook-endpoints.ts';

/** Stripe's webhook endpoints of a mode against what is to reach us. */
export function compareWebhookEndpoints(endpoints: readonly WebhookEndpoint[], mode: Mode): Drift[] {
  const path = WEBHOOK_PATHS[mode];
  const addresses = webhookAddresses(endpoints, mode);
  if (addresses.length === 0) {
    const what = `No webhook endpoint of ${mode} mode leads to ${path}.`;
    const proposal = `Make one with "npm run billing -- setup-stripe --mode ${mode} --url …", the address being where Stripe reaches the api. (The Stripe CLI's "listen" needs none.)`;
    return [proposed({ code: 'webhook_endpoint_missing', userId: null, objectId: path, what }, proposal)];
  }
  return addresses.flatMap(compareAddress);
}

/** An address where one of several endpoints is enabled, and asked for all, is in order. */
function compareAddress({ url, serving, disabled, lacks }: WebhookAddress): Drift[] {
  const [first] = serving;
  if (first === undefined) {
    return disabled.map(({ id: objectId }) => {
      const what = `The webhook endpoint ${objectId} (${url}) is disabled.`;
      const proposal = `See in Stripe's Dashboard what it failed of, mend that, and enable it; or delete it, if nothing is to take webhooks there any more.`;
      return proposed({ code: 'webhook_endpoint_disabled', userId: null, objectId, what }, proposal);
    });
  }
  if (lacks.length === 0) return [];
  const { id: objectId } = first;
  const what = `The webhook endpoint ${objectId} (${url}) does not ask for ${lacks.join(', ')}.`;
  const proposal = `Add to ${objectId} in Stripe's Dashboard: ${lacks.join(', ')}.`;
  return [proposed({ code: 'webhook_endpoint_types', userId: null, objectId, what }, proposal)];
}
