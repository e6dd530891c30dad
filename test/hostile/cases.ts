import fc from 'fast-check';
import type { Endpoint, Parameter } from './endpoints.ts';
import { nameOf } from './routes.ts';
import { hostileHeader, hostileJson, hostileString, toHostileJson, withOwn } from './values.ts';

/** Whom a request pretends to come from. */
export const CALLERS = [
  'nobody',
  'wrongKey',
  'testKey',
  'liveKey',
  'wrongPassword',
  'adminPassword',
  'adminSession',
  'accountSession',
  'stripe',
  'forger',
] as const;
/** Whom one request pretends to come from. */
export type Caller = (typeof CALLERS)[number];

/** A request before it is sent: plain data, with `~word~` where something of the running service belongs. */
export interface HostileCase {
  /** Of the route that it is meant for. */
  readonly route: string;
  readonly method: string;
  readonly caller: Caller;
  readonly path: string;
  readonly query: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: HostileBody | null;
}

/** A body as it is written down; the bytes are made of it when it is sent. */
export interface HostileBody {
  readonly contentType: string | null;
  /** How `text` is packed, and what the header says of it. */
  readonly packed: 'plain' | 'gzip' | 'brotli' | 'claimsGzip' | 'utf16' | 'latin1' | 'bom' | 'chunked';
  readonly text: string;
  /** `text` is sent so many times over: bombs need not be written down. */
  readonly times: number;
}

/** How much is wrong with a request. */
const CARE = { nothing: 0, little: 0.12, much: 0.5 } as const;
type Care = keyof typeof CARE;

/** Routes whose answer takes a workflow, an image, a look at everything or a new session: they come less often, not never. */
const SLOW =
  /extend-grace|suspend|reactivate|approve|hold|release|skip|retry-parked|close$|preview|checkout-sessions|portal|webhook-tests|purchases|POST .*billing-test|payment-methods|credits|health|usage-chart|replay|sign-|months\/\{|customers\/\{|readyz/;

/** Requests to all of the endpoints, from good to absurd. */
export function casesOf(endpoints: readonly Endpoint[]): fc.Arbitrary<HostileCase> {
  return fc.oneof(
    ...endpoints.map((endpoint) => ({
      weight: SLOW.test(nameOf(endpoint.route)) ? 1 : 8,
      arbitrary: fc
        .constantFrom<Care>('nothing', 'little', 'little', 'much')
        .chain((care) => caseOf(endpoint, care)),
    })),
  );
}

function caseOf(endpoint: Endpoint, care: Care): fc.Arbitrary<HostileCase> {
  const { route } = endpoint;
  return fc.record({
    route: fc.constant(nameOf(route)),
    method: mostly(
      fc.constant(route.method.toUpperCase()),
      fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'),
      care === 'nothing' ? 0 : 0.05,
    ),
    caller: callersOf(endpoint, care),
    path: pathOf(endpoint, care),
    query: queryOf(endpoint, care),
    headers: headersOf(endpoint, care),
    body: bodyOf(endpoint, care),
  });
}

function mostly<T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>, share: number): fc.Arbitrary<T> {
  if (share === 0) return usual;
  return fc.oneof({ weight: 100, arbitrary: usual }, { weight: Math.ceil(100 * share), arbitrary: other });
}

/** Those whom the route lets in, so that what is behind its door is reached, and all the others. */
function callersOf({ route: { path } }: Endpoint, care: Care): fc.Arbitrary<Caller> {
  const others = fc.constantFrom(...CALLERS);
  const share = care === 'nothing' ? 0.05 : 0.25;
  return mostly(fc.constantFrom(...admittedAt(path)), others, share);
}

/** Who gets behind the door of a path. */
export function admittedAt(path: string): readonly Caller[] {
  if (path.startsWith('/api/webhooks/')) return ['stripe', 'stripe', 'forger'];
  if (path.startsWith('/api/admin/')) return ['adminPassword', 'adminPassword', 'adminSession'];
  if (path.startsWith('/api/')) return ['testKey', 'testKey', 'liveKey'];
  if (path.startsWith('/admin')) return ['adminSession'];
  if (path.startsWith('/account')) return ['accountSession'];
  return ['nobody'];
}

function pathOf({ route, path }: Endpoint, care: Care): fc.Arbitrary<string> {
  const broken = fc.constantFrom('%', '%E0%A4%A', '%zz', '..', '%2e%2e%2f%2e%2e', '%00', '', '.', '%2F', '*');
  const parts = path.map(({ name, value }) => {
    const part = mostly(
      value.map((each) => percentEncoded(textOf(each))),
      fc.oneof(hostileString.map(percentEncoded), broken),
      CARE[care],
    );
    return part.map((text) => [name, text] as const);
  });
  const filled = fc
    .tuple(...parts)
    .map((all) => all.reduce((text, [name, part]) => text.replace(`{${name}}`, () => part), route.path));
  const elsewhere = fc
    .tuple(filled, fc.constantFrom('/', '//', '/x', '/%00', '/..%2f', ';x=y', '%20', '/__proto__'))
    .map(([before, after]) => before + after);
  return mostly(filled, elsewhere, CARE[care] / 4);
}

function queryOf({ query }: Endpoint, care: Care): fc.Arbitrary<string> {
  const known = query.map((parameter) => pairOf(parameter, care));
  const unknown = fc.tuple(hostileString, hostileString).map(([name, value]) => pair(name, value));
  const broken = fc.constantFrom(
    '%',
    '&&&==&',
    '?',
    '%E0%A4%A=%',
    'a[]=1&a[b]=2',
    '__proto__[x]=1',
    '\u00ff=\u00fe',
  );
  const usual =
    known.length === 0 ? fc.constant<string[]>([]) : fc.array(fc.oneof(...known), { maxLength: 3 });
  const odd = fc.array(fc.oneof(...known, unknown, broken), { maxLength: 6 });
  const absurd = fc
    .integer({ min: 50, max: 900 })
    .map((count) => Array.from({ length: count }, (_, at) => `q=${at}`));
  return mostly(mostly(usual, odd, CARE[care]), absurd, CARE[care] / 10).map((all) => all.join('&'));
}

function pairOf({ name, value }: Parameter, care: Care): fc.Arbitrary<string> {
  return mostly(value.map(textOf), hostileString, CARE[care]).map((text) => pair(name, text));
}

function headersOf({ headers }: Endpoint, care: Care): fc.Arbitrary<HostileCase['headers']> {
  const own = headers.map(({ name, value }) => value.map((each) => [name, textOf(each)] as const));
  const usual = own.length === 0 ? fc.constant([]) : fc.array(fc.oneof(...own), { maxLength: 1 });
  return fc
    .tuple(usual, fc.array(hostileHeader, { maxLength: care === 'much' ? 4 : 1 }), fc.boolean())
    .map(([ours, theirs, both]) => (care === 'nothing' ? ours : [...ours, ...(both ? ours : []), ...theirs]));
}

function bodyOf({ body, route }: Endpoint, care: Care): fc.Arbitrary<HostileBody | null> {
  const contentType = body?.kind === 'form' ? 'application/x-www-form-urlencoded' : 'application/json';
  const none = fc.constant(null);
  // What reads no body gets one all the same, now and then.
  if (body === null && (route.method === 'get' || care === 'nothing'))
    return mostly(none, absurdBody(contentType), CARE[care] / 8);
  if (body === null) return mostly(none, absurdBody(contentType), CARE[care]);
  const written = body.kind === 'form' ? formOf(body.value, care) : jsonOf(body.value, care);
  const usual = written.map((text) => ({ contentType, packed: 'plain' as const, text, times: 1 }));
  return mostly<HostileBody | null>(
    usual,
    fc.oneof(absurdBody(contentType), repacked(written, contentType), none),
    CARE[care] / 2,
  );
}

function jsonOf(value: fc.Arbitrary<unknown>, care: Care): fc.Arbitrary<string> {
  return damaged(value, CARE[care]).map(toHostileJson);
}

/** The value with some of its parts replaced, left out or added to, at any depth. */
function damaged(value: fc.Arbitrary<unknown>, share: number): fc.Arbitrary<unknown> {
  if (share === 0) return value;
  const damages = fc.array(
    fc.record({
      at: fc.nat(1_000),
      how: fc.constantFrom('replace', 'replace', 'remove', 'add'),
      name: hostileString,
      by: hostileJson,
    }),
    { minLength: 1, maxLength: share > 0.3 ? 4 : 1 },
  );
  return fc
    .tuple(value, mostly<readonly Damage[]>(fc.constant([]), damages, 2 * share))
    .map(([whole, all]) => all.reduce((current, damage) => damage1(current, damage), whole));
}

interface Damage {
  readonly at: number;
  readonly how: string;
  readonly name: string;
  readonly by: unknown;
}

function damage1(value: unknown, { at, how, name, by }: Damage): unknown {
  const isLeaf = typeof value !== 'object' || value === null || Object.keys(value).length === 0;
  if (isLeaf || at % 7 === 0) return by;
  if (how === 'add' && !Array.isArray(value)) return withOwn(value, name, by);
  const keys = Object.keys(value);
  const chosen = keys[at % keys.length];
  const entries = Object.entries(value).flatMap(([key, part]): [string, unknown][] => {
    if (key !== chosen) return [[key, part]];
    if (how === 'remove') return [];
    const isDeeper = typeof part === 'object' && part !== null && at % 2 === 0;
    return [[key, isDeeper ? damage1(part, { at: Math.floor(at / 2), how, name, by }) : by]];
  });
  return Array.isArray(value) ? entries.map(([, part]) => part) : Object.fromEntries(entries);
}

function formOf(value: fc.Arbitrary<unknown>, care: Care): fc.Arbitrary<string> {
  return fc
    .tuple(
      value,
      fc.array(fc.tuple(fc.nat(40), hostileString, fc.boolean()), { maxLength: care === 'much' ? 5 : 1 }),
    )
    .map(([fields, damages]) => {
      const pairs = Object.entries(fields as object).map(([name, text]) => pair(name, textOf(text)));
      if (care === 'nothing') return pairs.join('&');
      for (const [at, text, isTwice] of damages) {
        const [name = ''] = (pairs[at % pairs.length] ?? '').split('=');
        if (isTwice) pairs.push(pair(name, text));
        else pairs[at % pairs.length] = pair(name, text);
      }
      return pairs.join('&');
    });
}

function repacked(text: fc.Arbitrary<string>, contentType: string): fc.Arbitrary<HostileBody> {
  return fc.record({
    contentType: fc.constantFrom(
      contentType,
      null,
      'text/plain',
      'application/xml',
      `${contentType}; charset=utf-16`,
      `${contentType}; charset=klingon`,
      'multipart/form-data; boundary=x',
      'application/json, text/html',
      ';;;',
    ),
    packed: fc.constantFrom('plain', 'gzip', 'brotli', 'claimsGzip', 'utf16', 'latin1', 'bom', 'chunked'),
    text,
    times: fc.constant(1),
  });
}

function absurdBody(contentType: string): fc.Arbitrary<HostileBody> {
  return fc.record({
    contentType: fc.constantFrom(contentType, contentType, 'application/json', null),
    packed: fc.constantFrom('plain', 'gzip', 'chunked', 'latin1'),
    text: fc.constantFrom(
      '[',
      '{"a":',
      '"',
      '\u00ff',
      'a=b&',
      '&',
      '{"events":[{}',
      '\u0000',
      'null',
      '[1]',
      '{"__proto__":{"x":1}}',
    ),
    // Mostly short; now and then larger than any limit, and packed small.
    times: mostly(fc.integer({ min: 1, max: 5_000 }), fc.constantFrom(60_000, 2_000_000), 0.04),
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : toHostileJson(value);
}

function pair(name: string, value: string): string {
  return `${percentEncoded(name)}=${percentEncoded(value)}`;
}

/** Also of what is no text in Unicode, half a surrogate pair, as a careless program does it. */
function percentEncoded(text: string): string {
  return text.replaceAll(/[^\w.~-]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0xd800 || code > 0xdfff) return encodeURIComponent(character);
    const bytes = [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
    return bytes.map((byte) => `%${byte.toString(16)}`).join('');
  });
}
