/** Webhook endpoints as Stripe has them, against what billing needs of them. */
import type { Stripe } from 'stripe';
import { type Finding, ok, problem, warning } from '../../api/health/check.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { WEBHOOK_PATHS, wantedEventTypes } from '../../domain/stripe-event.ts';
import { STRIPE_VARIABLES } from './parts.ts';

export type Endpoint = Pick<
  Stripe.WebhookEndpoint,
  'id' | 'url' | 'status' | 'enabled_events' | 'api_version'
>;

const WHERE = "in Stripe's Dashboard (Developers → Webhooks)";

/** Endpoints that lead to the path of the mode, on whatever host, and are enabled. */
export function servingEndpoints(mode: Mode, endpoints: readonly Endpoint[]): Endpoint[] {
  return endpoints.filter((endpoint) => endpoint.status === 'enabled' && leadsTo(endpoint, mode));
}

function leadsTo({ url }: Endpoint, mode: Mode): boolean {
  return URL.parse(url)?.pathname.endsWith(WEBHOOK_PATHS[mode]) ?? false;
}

/** Is there one that is enabled, once for each address, and none that sends to the other mode's path? */
export function endpointFinding(mode: Mode, endpoints: readonly Endpoint[]): Finding {
  const path = WEBHOOK_PATHS[mode];
  const strays = MODES.filter((other) => other !== mode).flatMap((other) =>
    servingEndpoints(other, endpoints),
  );
  if (strays.length > 0)
    return problem(
      `${idsOf(strays)} of ${mode} mode sends to the other mode's path, which refuses it.`,
      `Give it an address that ends with ${path}, or delete it, ${WHERE}.`,
    );
  const serving = servingEndpoints(mode, endpoints);
  const disabled = endpoints.filter((endpoint) => endpoint.status !== 'enabled' && leadsTo(endpoint, mode));
  if (serving.length === 0)
    return disabled.length > 0
      ? problem(
          `The webhook endpoint ${idsOf(disabled)} is disabled: Stripe tells us nothing.`,
          `Enable it ${WHERE}, then see what was missed: "npm run billing -- reconcile --mode ${mode}".`,
        )
      : problem(
          `Stripe has no webhook endpoint of ${mode} mode that ends with ${path}.`,
          `Add https://your-domain${path} ${WHERE}, and put its signing secret into ${STRIPE_VARIABLES[mode].webhookSecret}.`,
        );
  const twice = serving.filter(({ url }, index) => serving.findIndex((other) => other.url === url) !== index);
  if (twice.length > 0)
    return warning(
      `Stripe sends each event to ${twice[0]?.url} more than once, each signed with another secret.`,
      `Delete all endpoints to it but one ${WHERE}; one is ${idsOf(twice)}.`,
    );
  return ok(`Stripe sends to ${serving.map(({ url }) => url).join(', ')}.`);
}

/** Is all sent that takes effect? What is sent beyond that is ignored, and only mentioned. */
export function eventsFinding(mode: Mode, serving: readonly Endpoint[]): Finding {
  const wanted: readonly string[] = wantedEventTypes(mode);
  const lacks = serving.flatMap(({ id, enabled_events: enabled }) => {
    const missing = enabled.includes('*') ? [] : wanted.filter((type) => !enabled.includes(type));
    return missing.length === 0 ? [] : [`${id} lacks ${missing.join(', ')}`];
  });
  if (lacks.length > 0)
    return problem(`The webhook endpoint ${lacks.join('; ')}.`, `Add these events to it ${WHERE}.`);
  const needless = new Set(
    serving.flatMap(({ enabled_events: enabled }) => enabled.filter((type) => !wanted.includes(type))),
  );
  return ok(
    needless.size === 0
      ? `It is sent all ${wanted.length} kinds of events that take effect.`
      : `It is sent all ${wanted.length} kinds of events that take effect, and others that are ignored: ${[...needless].join(', ')}.`,
  );
}

/** Are the events of the version that this code knows? An endpoint keeps its version as long as it lives. */
export function versionFinding(serving: readonly Endpoint[], version: string): Finding {
  const others = serving.filter(({ api_version: its }) => its !== version);
  if (others.length === 0) return ok(`It sends events as of ${version}, as this code knows them.`);
  const which = others.map(
    ({ id, api_version: its }) => `${id} as of ${its ?? "the account's default version"}`,
  );
  return warning(
    `Events come in another version than ${version}, which this code knows: ${which.join(', ')}.`,
    `Add an endpoint of version ${version} with the same address and events ${WHERE}, put its secret beside the old one, then delete the old one.`,
  );
}

function idsOf(endpoints: readonly Endpoint[]): string {
  return endpoints.map(({ id }) => id).join(', ');
}
