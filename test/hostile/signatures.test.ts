import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../api/errors.ts';
import { customerBillingWorkflowId } from '../../domain/customer-workflow.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { newCustomerId, SECRETS, startTestApi, stripeEvent, type TestApi } from '../api/harness.ts';
import { exchange } from './send.ts';
import { hmacOf, nowSeconds, signatureOf } from './stripe-signature.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

/** One delivery: what is to be sent, made of what would be good. */
interface Delivery {
  readonly body: string | Buffer;
  /** Each is a header `Stripe-Signature` of its own. */
  readonly signatures: readonly string[];
  readonly headers?: readonly [string, string][];
}

/** What a row has to work with. */
interface Good {
  /** An event of a customer of its own, as Stripe would send it. */
  readonly body: string;
  readonly secret: string;
  /** The other mode's. */
  readonly foreignSecret: string;
  readonly now: number;
}

type Row = readonly [name: string, make: (good: Good) => Delivery];

const sign = (body: string | Buffer, secret: string, timestamp?: number): Delivery => ({
  body,
  signatures: [signatureOf(body, { secret, ...(timestamp === undefined ? {} : { timestamp }) })],
});
const by = (body: string, ...signatures: string[]): Delivery => ({ body, signatures });
const v1 = ({ body, secret, now }: Good): string => `v1=${hmacOf(body, secret, now)}`;
const wrong = (length = 64): string => `v1=${'0'.repeat(length)}`;
const many = (count: number): string => Array.from({ length: count }, () => wrong()).join(',');

const ACCEPTED: readonly Row[] = [
  ['as Stripe signs', ({ body, secret }) => sign(body, secret)],
  ['just within the five minutes', ({ body, secret, now }) => sign(body, secret, now - 290)],
  // As Stripe's own libraries have it: only who has the secret can write the date, and a repetition takes no effect.
  ['dated ahead', ({ body, secret, now }) => sign(body, secret, now + 86_400)],
  [
    'one right among wrong ones, as while a secret is rotated',
    (good) => by(good.body, `t=${good.now},${wrong()},${v1(good)},${wrong()}`),
  ],
  [
    'the right one last of as many as a header takes',
    (good) => by(good.body, `t=${good.now},${many(150)},${v1(good)}`),
  ],
  [
    'beside schemes of other versions',
    (good) => by(good.body, `t=${good.now},v0=${'0'.repeat(64)},${v1(good)},v2=x`),
  ],
  ['in another order', (good) => by(good.body, `${v1(good)},t=${good.now}`)],
  [
    'in chunks',
    ({ body, secret }) => ({ ...sign(body, secret), headers: [['transfer-encoding', 'chunked']] }),
  ],
  [
    'as another type',
    ({ body, secret }) => ({ ...sign(body, secret), headers: [['content-type', 'text/plain']] }),
  ],
  [
    'with spaces and line breaks in its JSON',
    ({ body, secret }) => sign(JSON.stringify(JSON.parse(body), null, 2), secret),
  ],
];

const REFUSED: Readonly<Partial<Record<ErrorCode, readonly Row[]>>> = {
  missing_signature: [
    ['no header', ({ body }) => by(body)],
    ['an empty header', ({ body }) => by(body, '')],
    ['a blank header', ({ body }) => by(body, '   ')],
  ],
  invalid_signature: [
    ['garbage', ({ body }) => by(body, 'garbage')],
    ['a bare signature', (good) => by(good.body, hmacOf(good.body, good.secret, good.now))],
    ['forged: of as many zeros', ({ body, now }) => by(body, `t=${now},${wrong()}`)],
    ['of another length', ({ body, now }) => by(body, `t=${now},${wrong(63)}`)],
    ['empty', ({ body, now }) => by(body, `t=${now},v1=`)],
    ['without a value', ({ body, now }) => by(body, `t=${now},v1`)],
    ['of letters beyond ASCII', ({ body, now }) => by(body, `t=${now},v1=${'\u00ff'.repeat(64)}`)],
    ['over a mark of its byte order, too', ({ body, secret }) => sign(`\ufeff${body}`, secret)],
    ['truncated', (good) => by(good.body, `t=${good.now},${v1(good).slice(0, -1)}`)],
    ['with something at its end', (good) => by(good.body, `t=${good.now},${v1(good)}0`)],
    ['in capitals', (good) => by(good.body, `t=${good.now},v1=${v1(good).slice(3).toUpperCase()}`)],
    ['with a space after the comma', (good) => by(good.body, `t=${good.now}, ${v1(good)}`)],
    [
      'of version 0 only, as in test deliveries of old',
      (good) => by(good.body, `t=${good.now},v0=${v1(good).slice(3)}`),
    ],
    ['without its time', (good) => by(good.body, v1(good))],
    ['with an empty time', (good) => by(good.body, `t=,${v1(good)}`)],
    ['with another time than was signed', (good) => by(good.body, `t=${good.now + 1},${v1(good)}`)],
    [
      'with a second time, which was not signed',
      (good) => by(good.body, `t=${good.now},${v1(good)},t=${good.now + 1}`),
    ],
    [
      'dated to what stands for no time',
      ({ body, secret }) => by(body, `t=-1,v1=${hmacOf(body, secret, -1)}`),
    ],
    ['re-signed with a secret of somebody else', ({ body }) => sign(body, 'whsec_other')],
    ["re-signed with the other mode's secret", ({ body, foreignSecret }) => sign(body, foreignSecret)],
    ['signed with an empty secret', ({ body }) => sign(body, '')],
    ['old and forged: which of the two is not told', ({ body, now }) => sign(body, 'whsec_other', now - 600)],
    [
      'over the body without its time',
      (good) => by(good.body, `t=${good.now},v1=${hmacOf(good.body, good.secret, '')}`),
    ],
    ['over another body', ({ body, secret }) => ({ ...sign('{}', secret), body })],
    [
      'over a body that was written anew',
      ({ body, secret }) => ({ ...sign(JSON.stringify(JSON.parse(body), null, 1), secret), body }),
    ],
    [
      'over a body that was changed by a byte',
      ({ body, secret }) => ({ ...sign(body, secret), body: body.replace('"livemode"', '"livemodf"') }),
    ],
    [
      'over a body that got a space at its end',
      ({ body, secret }) => ({ ...sign(body, secret), body: `${body} ` }),
    ],
    [
      'over a body that was cut off',
      ({ body, secret }) => ({ ...sign(body, secret), body: body.slice(0, -1) }),
    ],
    [
      'over a body that got a mark of its byte order',
      ({ body, secret }) => ({ ...sign(body, secret), body: `\ufeff${body}` }),
    ],
    [
      'over a body in which broken UTF-8 stands for what is shown in its place',
      ({ body, secret }) => {
        const shown = body.replace('eve@', '\ufffd@');
        const broken = Buffer.from(shown.replace('\ufffd', '\u00ff'), 'latin1');
        return { ...sign(shown, secret), body: broken };
      },
    ],
    [
      'in two headers, both forged',
      ({ body, now }) => by(body, `t=${now},${wrong()}`, `t=${now},${wrong()}`),
    ],
  ],
  stale_timestamp: [
    ['replayed after the five minutes', ({ body, secret, now }) => sign(body, secret, now - 310)],
    ['replayed after a year', ({ body, secret, now }) => sign(body, secret, now - 31_536_000)],
    ['dated to the beginning of time', ({ body, secret }) => sign(body, secret, 0)],
    ['dated before it', ({ body, secret }) => sign(body, secret, -86_400)],
  ],
  invalid_json: [
    ['an empty body', ({ secret }) => sign('', secret)],
    ['half an event', ({ body, secret }) => sign(body.slice(0, 100), secret)],
  ],
  not_an_event: [['no event', ({ secret }) => sign('[]', secret)]],
  unsupported_media_type: [
    [
      'packed',
      ({ body, secret }) => ({ ...sign(gzipSync(body), secret), headers: [['content-encoding', 'gzip']] }),
    ],
    [
      'packed after it was signed',
      ({ body, secret }) => ({
        ...sign(body, secret),
        body: gzipSync(body),
        headers: [['content-encoding', 'gzip']],
      }),
    ],
  ],
  headers_too_large: [
    ['the right one among thousands', (good) => by(good.body, `t=${good.now},${many(3_000)},${v1(good)}`)],
  ],
};

describe.each(MODES)('at the endpoint of %s mode', (mode) => {
  const path = mode === 'live' ? '/api/webhooks/stripe' : '/api/webhooks/stripe-test';

  /** Delivers what a row makes of a good event. */
  async function deliver(make: Row[1]) {
    const customer = newCustomerId();
    const object = { id: 'in_1', object: 'invoice', customer, customer_email: 'eve@example.com' };
    const event = stripeEvent({ id: `evt_${randomUUID()}`, livemode: mode === 'live', data: { object } });
    const {
      body,
      signatures,
      headers = [],
    } = make({
      body: JSON.stringify(event),
      secret: SECRETS[mode][0],
      foreignSecret: SECRETS[mode === 'live' ? 'test' : 'live'][0],
      now: nowSeconds(),
    });
    const bytes = Buffer.from(body);
    const isChunked = headers.some(([name]) => name === 'transfer-encoding');
    const { status, text } = await exchange(api.url, {
      method: 'POST',
      path,
      headers: [
        ['content-type', 'application/json'],
        ...(isChunked ? [] : [['content-length', String(bytes.length)] as [string, string]]),
        ...signatures.map((signature): [string, string] => ['stripe-signature', signature]),
        ...headers,
      ],
      body: bytes,
    });
    return { status, body: JSON.parse(text) as unknown, isSignalled: await isSignalled(mode, customer) };
  }

  test.each(ACCEPTED)('signed %s: it reaches its customer', async (_, make) => {
    expect(await deliver(make)).toEqual({ status: 200, body: { received: true }, isSignalled: true });
  });

  const refused = Object.entries(REFUSED).flatMap(([code, rows]) =>
    rows.map(([name, make]) => [name, code, make] as const),
  );
  test.each(refused)('%s: %s, and it reaches nobody', async (_, code, make) => {
    const { status, body, isSignalled } = await deliver(make);
    expect(body).toMatchObject({ error: { code } });
    expect(status).toBe(code === 'unsupported_media_type' ? 415 : code === 'headers_too_large' ? 431 : 400);
    expect(isSignalled).toBe(false);
  });
});

/** In either mode: a workflow that was signalled is there. */
async function isSignalled(mode: Mode, customer: string): Promise<boolean> {
  const known = await Promise.all(
    MODES.map(async (each) => {
      try {
        await api.temporal.workflow.getHandle(customerBillingWorkflowId(each, customer)).describe();
        return each;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return null;
        throw error;
      }
    }),
  );
  const others = known.filter((each) => each !== null && each !== mode);
  expect(others, 'modes that it does not belong to').toEqual([]);
  return known.includes(mode);
}

test('no signature, and nothing that was signed, is in the log', () => {
  expect(api.logged()).toContain('event received');
  expect(api.logged()).not.toMatch(/v1=|whsec_|eve@example\.com/);
});
