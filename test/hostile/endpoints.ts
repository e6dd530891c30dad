import fc from 'fast-check';
import { TEST_CARD_NAMES } from '../../domain/test-purchase.ts';
import { DOCUMENT, type Operation } from '../api/documented.ts';
import { type KnownValues, valuesOf } from './json-schema.ts';
import { isPage, type Route } from './routes.ts';
import { PERSON } from './world.ts';

/** A route with what it may be sent. */
export interface Endpoint {
  readonly route: Route;
  readonly path: readonly Parameter[];
  readonly query: readonly Parameter[];
  readonly headers: readonly Parameter[];
  /** `json` by the document, `form` as the pages send it; `null` for a route that reads none. */
  readonly body: { readonly kind: 'json' | 'form'; readonly value: fc.Arbitrary<unknown> } | null;
}

/** A parameter with the values that are good for it, before anything is made wrong. */
export interface Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly value: fc.Arbitrary<unknown>;
}

const MONTHS = ['2026-05', '2026-06', '2026-07', '2026-10', '2020-01'];

/**
 * Values that mean something to the service. `~word~` is put in when a request is sent (world.ts): what it stands for is another
 * thing in each run, and a case is to be the same.
 */
const KNOWN: KnownValues = {
  userId: fc.constantFrom('~user~', '~buyer~', '~stranger~', 'nobody'),
  mode: fc.constantFrom('test', 'test', 'live'),
  period: fc.constantFrom(...MONTHS),
  eventId: fc.constantFrom('~event~', 'evt_unknown'),
  id: fc.constantFrom('~webhookTest~', 'evt_unknown'),
  purchaseId: fc.constantFrom('~purchase~', 'unknown'),
  checkoutSessionId: fc.constantFrom('~checkout~', 'cs_test_unknown'),
  file: fc.constantFrom('~asset~', 'swagger-ui.css', 'unknown.js'),
  bills: fc.constantFrom<unknown>(['~bill~'], ['~user~'], 'all'),
  data: fc.record({
    object: fc.record({
      id: fc.constantFrom('in_1', 'pm_1', 'sub_1'),
      object: fc.constant('invoice'),
      customer: fc.constantFrom('~customer~', '~customer~', 'cus_ofSomebodyElse', null),
    }),
  }),
  email: fc.constant(PERSON.email),
  name: fc.constant(PERSON.name),
  by: fc.constant('Grace'),
  reason: fc.constant('odd'),
  occurredAt: fc.constant('~now~'),
  quantity: fc.constantFrom<unknown>('0.25', 3, '1000'),
  successUrl: fc.constant('https://host.example/done'),
  cancelUrl: fc.constant('https://host.example/back'),
  returnUrl: fc.constant('https://host.example/billing'),
  livemode: fc.constantFrom(false, false, true),
  created: fc.integer({ min: 1_600_000_000, max: 1_900_000_000 }),
};

/** A field of any form of the pages: each form reads its own, and what is not among them is passed over. */
const FORM_FIELDS: KnownValues = {
  userId: fc.constantFrom('~user~', '~buyer~'),
  by: fc.constant('Grace'),
  reason: fc.constant('odd'),
  days: fc.constantFrom('1', '7', '0.5'),
  bills: fc.constantFrom('~bill~', '~user~'),
  which: fc.constantFrom('all', ''),
  decisionId: fc.uuid(),
  purchaseId: fc.uuid(),
  credits: fc.constantFrom('5', '25'),
  card: fc.constantFrom(...TEST_CARD_NAMES),
  type: fc.constantFrom('invoice.paid', 'customer.subscription.updated'),
  password: fc.constantFrom('~password~', '~password~', 'a guess of somebody'),
  next: fc.constantFrom('/admin47392/months', 'https://evil.example/'),
  _csrf: fc.constant('~csrf~'),
};

/** A parameter of any page's address, as those above. */
const PAGE_QUERY: KnownValues = {
  mode: fc.constantFrom('test', 'live'),
  search: fc.constantFrom('~user~', 'fuzz', 'cus_1'),
  status: fc.constantFrom('active', 'suspended'),
  waitingFor: fc.constantFrom('payment', 'cluster'),
  after: fc.constantFrom('~user~', ...MONTHS),
  outcome: fc.constantFrom('accepted', 'refused'),
  type: fc.constant('invoice.paid'),
  since: fc.constantFrom('0', '1-1'),
  stage: fc.constantFrom('none', 'running'),
  done: fc.constantFrom('0', '5'),
  at: fc.constantFrom('0', '1790000000000'),
  offers: fc.constant('x'),
  before: fc.constantFrom('active', 'none'),
  userId: fc.constantFrom('~user~', 'fuzz'),
  next: fc.constantFrom('/admin47392/health', '//evil.example'),
  theme: fc.constantFrom('dark', 'light'),
  width: fc.constantFrom('340', '720', '99999'),
};

/** @throws Error for a route that is neither in the document, nor a page, nor a file. */
export function endpointOf(route: Route): Endpoint {
  const operation = DOCUMENT.paths[route.path]?.[route.method];
  if (operation !== undefined) return documented(route, operation);
  const path = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    required: true,
    value: KNOWN[name] ?? fc.constant('x'),
  }));
  const nothing = { route, path, query: [], headers: [], body: null };
  if (route.path === '/assets/{file}' || route.path === '/docs/{file}') return nothing;
  if (!isPage(route)) throw new Error(`${route.path} is no page, and not in the OpenAPI document`);
  const form = {
    kind: 'form',
    value: fc.record(FORM_FIELDS, { requiredKeys: Object.keys(FORM_FIELDS) }),
  } as const;
  return {
    ...nothing,
    query: Object.entries({
      ...PAGE_QUERY,
      ...(route.path === '/account' ? { token: fc.constant('~link~') } : {}),
    }).map(([name, value]) => ({ name, required: false, value })),
    body: route.method === 'post' ? form : null,
  };
}

function documented(route: Route, operation: Operation): Endpoint {
  const parameters = (place: string): Parameter[] =>
    (operation.parameters ?? []).flatMap((parameter) => {
      const { in: where, name, schema } = parameter;
      if (where !== place) return [];
      return [{ name, required: place === 'path', value: valuesOf(schema, KNOWN, name) }];
    });
  const schema = operation.requestBody?.content?.['application/json']?.schema;
  return {
    route,
    path: parameters('path'),
    query: parameters('query'),
    headers: parameters('header').filter(({ name }) => name !== 'Stripe-Signature'),
    body: schema === undefined ? null : { kind: 'json', value: valuesOf(schema, KNOWN) },
  };
}
