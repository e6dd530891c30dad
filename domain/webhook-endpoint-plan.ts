/** What is to become of the webhook endpoints in Stripe, so that one of them sends to this installation. */
import type { Mode } from './mode.ts';
import { wantedEventTypes } from './stripe-event.ts';
import { type WebhookEndpoint, webhookAddresses } from './webhook-endpoints.ts';

/** An endpoint as Stripe has it. */
export interface FoundEndpoint extends WebhookEndpoint {
  /** It keeps this as long as it lives; `null`: the account's default. */
  readonly apiVersion: string | null;
  /** `setup-stripe` made it, and may change it. */
  readonly isOurs: boolean;
}

/** The endpoint that there is to be. Which events it sends, its mode says ({@link wantedEventTypes}). */
export interface WantedEndpoint {
  readonly mode: Mode;
  /** Ends with the path of the mode. */
  readonly url: string;
  /** The version that this code knows events of. */
  readonly apiVersion: string;
}

/**
 * What `setup-stripe` is to do. An update names what it changes: event types to add and to drop, and whether it
 * enables the endpoint.
 */
export type EndpointStep =
  | { readonly type: 'create_endpoint'; readonly url: string }
  | {
      readonly type: 'update_endpoint';
      readonly id: string;
      readonly url: string;
      readonly enables: boolean;
      readonly adds: readonly string[];
      readonly drops: readonly string[];
    };

/** What only a person may change, and how. */
export interface ForPerson {
  readonly what: string;
  readonly mend: string;
}

/** What is to be done about the endpoints of an address; nothing at all: one serves. */
export interface EndpointPlan {
  readonly steps: readonly EndpointStep[];
  readonly forPerson: readonly ForPerson[];
}

const WHERE = "in Stripe's Dashboard (Developers → Webhooks)";

/**
 * One endpoint of the wanted version, enabled, for exactly the events that take effect. One that was made by hand serves as
 * well, if it asks for all of them. Endpoints of other addresses are somebody else's.
 */
export function planEndpoint(endpoints: readonly FoundEndpoint[], wanted: WantedEndpoint): EndpointPlan {
  const here = endpoints.filter(({ url }) => isSameAddress(url, wanted.url));
  const ofVersion = ({ apiVersion }: FoundEndpoint) => apiVersion === wanted.apiVersion;
  const ours = here.find((endpoint) => endpoint.isOurs && ofVersion(endpoint));
  if (ours !== undefined) {
    const others = here.filter((endpoint) => endpoint !== ours && endpoint.isEnabled);
    return { steps: stepsFor(ours, wanted.mode), forPerson: others.map((other) => toBeDeleted(other, ours)) };
  }
  const byHand = here.filter(({ isOurs }) => !isOurs);
  // What we made for an older version stays until the new one's secret is known to the api.
  if (byHand.length === 0) return { steps: [{ type: 'create_endpoint', url: wanted.url }], forPerson: [] };
  return { steps: [], forPerson: whatIsWrong(byHand, wanted) };
}

function stepsFor(ours: FoundEndpoint, mode: Mode): EndpointStep[] {
  const { id, url, isEnabled } = ours;
  const eventTypes: readonly string[] = wantedEventTypes(mode);
  const adds = eventTypes.filter((type) => !ours.eventTypes.includes(type));
  const drops = ours.eventTypes.filter((type) => !eventTypes.includes(type));
  if (isEnabled && adds.length === 0 && drops.length === 0) return [];
  return [{ type: 'update_endpoint', id, url, enables: !isEnabled, adds, drops }];
}

function toBeDeleted(other: FoundEndpoint, ours: FoundEndpoint): ForPerson {
  return {
    what: `${other.id} sends to ${other.url} too, so each event comes twice.`,
    mend: `Once the api knows the secret of ${ours.id}, delete ${other.id} ${WHERE}.`,
  };
}

/** None: they serve. */
function whatIsWrong(byHand: readonly FoundEndpoint[], { mode, apiVersion }: WantedEndpoint): ForPerson[] {
  return webhookAddresses(byHand, mode).flatMap(({ serving, disabled, lacks }): ForPerson[] => {
    const [first] = serving;
    if (first === undefined)
      return disabled.map(({ id }) => ({
        what: `${id} was made by hand, and is disabled.`,
        mend: `See what it failed of and enable it ${WHERE}, or delete it and run this again.`,
      }));
    const others = serving.filter((endpoint) => endpoint.apiVersion !== apiVersion);
    // They may share the events between them, as long as none is sent twice.
    const doubled = serving.filter(
      (one) => one !== first && one.eventTypes.some((type) => first.eventTypes.includes(type)),
    );
    return [
      ...(lacks.length === 0
        ? []
        : [
            {
              what: `${first.id} was made by hand, and lacks ${lacks.join(', ')}.`,
              mend: `Add these events to it ${WHERE}.`,
            },
          ]),
      ...doubled.map((one) => toBeDeleted(one, first)),
      ...others.map(({ id, apiVersion: its }) => ({
        what: `${id} was made by hand, and sends events as of ${its ?? "the account's default version"}, not of ${apiVersion}.`,
        mend: `Add an endpoint of version ${apiVersion} with the same address and events ${WHERE}, put its secret beside the old one, then delete the old one.`,
      })),
    ];
  });
}

/** A query behind the path, by which a proxy may know its sender, is no part of it. */
function isSameAddress(url: string, wanted: string): boolean {
  if (!URL.canParse(url)) return false;
  const [its, ours] = [new URL(url), new URL(wanted)];
  return its.origin === ours.origin && its.pathname === ours.pathname;
}
