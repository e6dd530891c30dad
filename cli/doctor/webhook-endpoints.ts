/** Webhook endpoints as Stripe has them, against what billing needs of them. */
import { type Finding, ok, problem, warning } from '../../api/health/check.ts';
import { STRIPE_VARIABLES } from '../../config/mode-variables.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { WEBHOOK_PATHS, wantedEventTypes } from '../../domain/stripe-event.ts';
import {
  type WebhookAddress,
  type WebhookEndpoint,
  webhookAddresses,
} from '../../domain/webhook-endpoints.ts';

/** An endpoint with the version of its events. https://docs.stripe.com/webhooks/versioning */
export interface Endpoint extends WebhookEndpoint {
  /** `null`: the account's default. */
  readonly apiVersion: string | null;
}

const WHERE = "in Stripe's Dashboard (Developers → Webhooks)";

/** Addresses of the mode to which an endpoint that is enabled sends. */
export function servedAddresses(mode: Mode, endpoints: readonly Endpoint[]): WebhookAddress<Endpoint>[] {
  return webhookAddresses(endpoints, mode).filter(({ serving }) => serving.length > 0);
}

/** Is there one that is enabled, once for each address, and none that sends to the other mode's path? */
export function endpointFinding(mode: Mode, endpoints: readonly Endpoint[]): Finding {
  const path = WEBHOOK_PATHS[mode];
  const strays = MODES.filter((other) => other !== mode)
    .flatMap((other) => servedAddresses(other, endpoints))
    .flatMap(({ serving }) => serving);
  if (strays.length > 0)
    return problem(
      `${idsOf(strays)} of ${mode} mode sends to the other mode's path, which refuses it.`,
      `Give it an address that ends with ${path}, or delete it, ${WHERE}.`,
    );
  const served = servedAddresses(mode, endpoints);
  const unserved = webhookAddresses(endpoints, mode).filter(({ serving }) => serving.length === 0);
  const disabled = unserved.flatMap((address) => address.disabled);
  if (served.length === 0)
    return disabled.length > 0
      ? problem(
          `The webhook endpoint ${idsOf(disabled)} is disabled: Stripe tells us nothing.`,
          `Enable it ${WHERE}, then see what was missed: "npm run billing -- reconcile --mode ${mode}".`,
        )
      : problem(
          `Stripe has no webhook endpoint of ${mode} mode that ends with ${path}.`,
          `Run "npm run billing -- setup-stripe --mode ${mode} --url https://your-domain --apply", and put the secret that it shows into ${STRIPE_VARIABLES[mode].webhookSecret}.`,
        );
  const sendsTo = `Stripe sends to ${served.map(({ url }) => url).join(', ')}`;
  if (disabled.length > 0)
    return warning(
      `${sendsTo}, but no more to ${unserved.map(({ url }) => url).join(', ')}: ${idsOf(disabled)} is disabled.`,
      `If that is where this service is, enable it ${WHERE}, then see what was missed: "npm run billing -- reconcile --mode ${mode}". If nothing is there any more, delete it.`,
    );
  const twice = served.find(({ serving }) => serving.length > 1);
  if (twice !== undefined)
    return warning(
      `Stripe sends each event to ${twice.url} more than once, each signed with another secret.`,
      `Delete all endpoints to it but one ${WHERE}: they are ${idsOf(twice.serving)}.`,
    );
  return ok(`${sendsTo}.`);
}

/** Is all sent that takes effect? What is sent beyond that is ignored, and only mentioned. */
export function eventsFinding(mode: Mode, served: readonly WebhookAddress<Endpoint>[]): Finding {
  const wanted: readonly string[] = wantedEventTypes(mode);
  const lacking = served.filter(({ lacks }) => lacks.length > 0);
  if (lacking.length > 0)
    return problem(
      `The webhook endpoint ${lacking.map(({ serving, lacks }) => `${idsOf(serving)} lacks ${lacks.join(', ')}`).join('; ')}.`,
      `Add these events to it ${WHERE}.`,
    );
  const asked = served.flatMap(({ serving }) => serving.flatMap(({ eventTypes }) => eventTypes));
  const needless = new Set(asked.filter((type) => !wanted.includes(type)));
  return ok(
    needless.size === 0
      ? `It is sent all ${wanted.length} kinds of events that take effect.`
      : `It is sent all ${wanted.length} kinds of events that take effect, and others that are ignored: ${[...needless].join(', ')}.`,
  );
}

/** Are the events of the version that this code knows? An endpoint keeps its version as long as it lives. */
export function versionFinding(serving: readonly Endpoint[], version: string): Finding {
  const others = serving.filter(({ apiVersion: its }) => its !== version);
  if (others.length === 0) return ok(`It sends events as of ${version}, as this code knows them.`);
  const which = others.map(
    ({ id, apiVersion: its }) => `${id} as of ${its ?? "the account's default version"}`,
  );
  return warning(
    `Events come in another version than ${version}, which this code knows: ${which.join(', ')}.`,
    `Add an endpoint of version ${version} with the same address and events ${WHERE}, put its secret beside the old one, then delete the old one.`,
  );
}

function idsOf(endpoints: readonly Endpoint[]): string {
  return endpoints.map(({ id }) => id).join(', ');
}
