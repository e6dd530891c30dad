import type { Mode } from './mode.ts';
import { type Drift, proposed } from './reconciliation-findings.ts';
import { WEBHOOK_PATHS, wantedEventTypes } from './stripe-event.ts';

export interface ComparedWebhookEndpoint {
  readonly id: string;
  readonly url: string;
  readonly isEnabled: boolean;
  /** `*` stands for all. */
  readonly eventTypes: readonly string[];
}

/** Stripe's webhook endpoints of a mode against what is to reach us. Ours are known by their path. */
export function compareWebhookEndpoints(endpoints: readonly ComparedWebhookEndpoint[], mode: Mode): Drift[] {
  const path = WEBHOOK_PATHS[mode];
  const wanted = wantedEventTypes(mode);
  const ours = endpoints.filter(({ url }) => url.endsWith(path));
  const enabled = ours.filter(({ isEnabled }) => isEnabled);
  if (ours.length === 0) {
    const what = `No webhook endpoint of ${mode} mode leads to ${path}.`;
    const proposal = `Add one in Stripe's Dashboard, at this service's public address with the path ${path}, for: ${wanted.join(', ')}. (The Stripe CLI's "listen" needs none.)`;
    return [proposed({ code: 'webhook_endpoint_missing', userId: null, objectId: path, what }, proposal)];
  }
  if (enabled.length === 0) {
    return ours.map(({ id: objectId, url }) => {
      const what = `The webhook endpoint ${objectId} (${url}) is disabled.`;
      const proposal = `See in Stripe's Dashboard what it failed of, mend that, and enable it.`;
      return proposed({ code: 'webhook_endpoint_disabled', userId: null, objectId, what }, proposal);
    });
  }
  const asked = new Set(enabled.flatMap(({ eventTypes }) => eventTypes));
  const missing = wanted.filter((type) => !asked.has(type));
  const [first] = enabled;
  if (first === undefined || asked.has('*') || missing.length === 0) return [];
  const what = `The webhook endpoint ${first.id} does not ask for ${missing.join(', ')}.`;
  const proposal = `Add to ${first.id} in Stripe's Dashboard: ${missing.join(', ')}.`;
  return [proposed({ code: 'webhook_endpoint_types', userId: null, objectId: first.id, what }, proposal)];
}
