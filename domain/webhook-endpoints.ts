/** Webhook endpoints as Stripe has them, by the address they send to: which of them are of a mode, and what reaches us through them. */
import type { Mode } from './mode.ts';
import { WEBHOOK_PATHS, wantedEventTypes } from './stripe-event.ts';

/** A webhook endpoint of the account, ours or another's. https://docs.stripe.com/api/webhook_endpoints */
export interface WebhookEndpoint {
  readonly id: string;
  readonly url: string;
  readonly isEnabled: boolean;
  /** `*` stands for all. */
  readonly eventTypes: readonly string[];
}

/**
 * All endpoints to one address. Stripe's account may be shared with another installation, whose endpoints have the same path on another
 * host: what one address is not sent, another one does not make up for.
 */
export interface WebhookAddress<Endpoint extends WebhookEndpoint = WebhookEndpoint> {
  readonly url: string;
  /** The endpoints that are enabled. */
  readonly serving: readonly Endpoint[];
  readonly disabled: readonly Endpoint[];
  /** What takes effect in the mode, and what none of those that are enabled asks for. */
  readonly lacks: readonly string[];
}

/** The addresses that end with the mode's path, on whatever host, in the order in which Stripe lists them. */
export function webhookAddresses<Endpoint extends WebhookEndpoint>(
  endpoints: readonly Endpoint[],
  mode: Mode,
): WebhookAddress<Endpoint>[] {
  const ofMode = endpoints.filter(({ url }) => leadsTo(url, mode));
  return [...new Set(ofMode.map(({ url }) => url))].map((url) => {
    const all = ofMode.filter((endpoint) => endpoint.url === url);
    const serving = all.filter(({ isEnabled }) => isEnabled);
    const asked = new Set(serving.flatMap(({ eventTypes }) => eventTypes));
    return {
      url,
      serving,
      disabled: all.filter(({ isEnabled }) => !isEnabled),
      lacks: asked.has('*') ? [] : wantedEventTypes(mode).filter((type) => !asked.has(type)),
    };
  });
}

/** A query behind the path, by which a proxy may know its sender, is no part of it. */
function leadsTo(url: string, mode: Mode): boolean {
  return URL.canParse(url) && new URL(url).pathname.endsWith(WEBHOOK_PATHS[mode]);
}
