import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi } from '../../api/server.ts';
import { createReceiptLog } from '../../api/webhooks/receipt-log.ts';
import type { UserKey } from '../../domain/customer-key.ts';
import { DOCUMENT } from '../api/documented.ts';
import { startTestApi, type TestApi } from '../api/harness.ts';
import { TEST_ACCOUNT } from '../support/account.ts';
import { testAdmin } from '../support/admin.ts';
import { CREDENTIAL_KINDS, type CredentialKind, type Credentials, credentialMaker } from './credentials.ts';
import { nameOf, routesOf } from './routes.ts';
import { newUser, open } from './visitors.ts';

/**
 * Who gets in where: every route × every kind of credentials. The policy, as the table has it:
 *
 * - Who is not known gets a 401 from programs' routes and from the account page, and the form to sign in (303) from the admin's.
 *   Nothing is looked at before that, so it is the same whether there is what was asked for or not.
 * - Who is known and asks for what is another's, or the other mode's, gets the 404 of what is not there.
 * - A 403 is for a session's request that changes something without the session's token.
 */

/** `in`: as the route answers whom it lets in. `reads`: that for a GET, else 403. Any number: the status. */
type Cell = 'in' | 'reads' | 'elsewhere' | number;
type Door = 'open' | 'stripe' | 'key' | 'adminApi' | 'codec' | 'account' | 'admin' | 'signIn';

/** `elsewhere`: who is let in, but not to what the table's user has; see {@link Row}. */
const DOORS: Readonly<Record<Door, Readonly<Record<CredentialKind, Cell>>>> = {
  open: column('in', {}),
  // What counts there is the signature: test/hostile/signatures.test.ts.
  stripe: column('in', {}),
  key: column(401, { 'test key': 'in', 'live key': 'elsewhere' }),
  adminApi: column(401, { password: 'in', 'admin session': 'in', 'admin without token': 'reads' }),
  // It changes nothing, and Temporal's Web UI knows no token of ours.
  codec: column(401, { password: 'in', 'admin session': 'in', 'admin without token': 'in' }),
  account: column(401, {
    'user session': 'in',
    'user without token': 'reads',
    "other user's session": 'elsewhere',
    "other mode's session": 'elsewhere',
  }),
  admin: column(303, { 'admin session': 'in', 'admin without token': 'reads' }),
  signIn: column('in', {}),
};

function column(
  others: Cell,
  exceptions: Partial<Record<CredentialKind, Cell>>,
): Record<CredentialKind, Cell> {
  const cells = CREDENTIAL_KINDS.map((kind): [CredentialKind, Cell] => [kind, exceptions[kind] ?? others]);
  return Object.fromEntries(cells) as Record<CredentialKind, Cell>;
}

interface Row {
  readonly door: Door;
  /**
   * The status for whom it lets in. No worker runs here and neither mode of Stripe is set up, and what is sent is empty: a 400, 409
   * or 503 of a route says that its door was open.
   */
  readonly in: number;
  /** For somebody else who is let in: another user, the other mode. As `in` where what they see is their own. */
  readonly elsewhere?: number;
}

const ROWS: Readonly<Record<string, Row>> = {
  'GET /healthz': { door: 'open', in: 200 },
  'GET /readyz': { door: 'open', in: 200 },
  'GET /metrics': { door: 'open', in: 200 },
  'GET /openapi.json': { door: 'open', in: 200 },
  'GET /docs': { door: 'open', in: 200 },
  'GET /assets/{file}': { door: 'open', in: 404 },
  'POST /api/webhooks/stripe': { door: 'stripe', in: 503 },
  'POST /api/webhooks/stripe-test': { door: 'stripe', in: 503 },

  'PUT /api/users/{userId}': { door: 'key', in: 400 },
  'GET /api/users/{userId}/billing': { door: 'key', in: 200, elsewhere: 404 },
  'GET /api/users/{userId}/usage': { door: 'key', in: 200, elsewhere: 404 },
  'GET /api/users/{userId}/bills': { door: 'key', in: 200, elsewhere: 404 },
  'POST /api/users/{userId}/checkout-sessions': { door: 'key', in: 400 },
  'POST /api/users/{userId}/billing-portal-sessions': { door: 'key', in: 400 },
  'POST /api/usage-events': { door: 'key', in: 400 },

  'GET /account': { door: 'account', in: 200 },
  'GET /account/standing': { door: 'account', in: 200 },
  'GET /account/usage-chart.svg': { door: 'account', in: 200 },
  'GET /account/checkouts/{checkoutSessionId}': { door: 'account', in: 200, elsewhere: 404 },
  'POST /account/payment-methods': { door: 'account', in: 503 },
  'POST /account/credits': { door: 'account', in: 400 },
  'POST /account/billing-portal': { door: 'account', in: 503 },
  'POST /account/sign-out': { door: 'account', in: 200 },

  'GET /api/admin/{mode}/customers': { door: 'adminApi', in: 200 },
  'GET /api/admin/{mode}/customers/{userId}': { door: 'adminApi', in: 200 },
  'POST /api/admin/{mode}/customers/{userId}/extend-grace': { door: 'adminApi', in: 400 },
  'POST /api/admin/{mode}/customers/{userId}/suspend': { door: 'adminApi', in: 400 },
  'POST /api/admin/{mode}/customers/{userId}/reactivate': { door: 'adminApi', in: 400 },
  'GET /api/admin/{mode}/months': { door: 'adminApi', in: 200 },
  'GET /api/admin/{mode}/months/{period}': { door: 'adminApi', in: 200 },
  'GET /api/admin/{mode}/months/{period}/progress': { door: 'adminApi', in: 200 },
  'GET /api/admin/{mode}/months/{period}/preview': { door: 'adminApi', in: 200 },
  'POST /api/admin/{mode}/months/{period}/close': { door: 'adminApi', in: 409 },
  'POST /api/admin/{mode}/months/{period}/approve': { door: 'adminApi', in: 400 },
  'POST /api/admin/{mode}/months/{period}/retry-parked': { door: 'adminApi', in: 400 },
  'POST /api/admin/{mode}/months/{period}/hold': { door: 'adminApi', in: 400 },
  'POST /api/admin/{mode}/months/{period}/release': { door: 'adminApi', in: 400 },
  'POST /api/admin/{mode}/months/{period}/skip': { door: 'adminApi', in: 400 },
  'GET /api/admin/{mode}/events': { door: 'adminApi', in: 200 },
  'POST /api/admin/{mode}/events/{eventId}/replay': { door: 'adminApi', in: 404 },
  'POST /api/admin/test/webhook-tests': { door: 'adminApi', in: 400 },
  'GET /api/admin/test/webhook-tests/{id}': { door: 'adminApi', in: 404 },
  'GET /api/admin/health': { door: 'adminApi', in: 200 },
  'POST /api/admin/codec/decode': { door: 'codec', in: 400 },
  'POST /api/admin/codec/encode': { door: 'codec', in: 400 },
  'GET /api/admin/billing-test': { door: 'adminApi', in: 200 },
  'POST /api/admin/billing-test': { door: 'adminApi', in: 400 },
  'GET /api/admin/billing-test/{purchaseId}': { door: 'adminApi', in: 404 },

  'GET /admin47392': { door: 'signIn', in: 200 },
  'GET /admin47392/sign-in': { door: 'signIn', in: 303 },
  'POST /admin47392/sign-in': { door: 'signIn', in: 401 },
  'POST /admin47392/sign-out': { door: 'admin', in: 303 },
  'GET /admin47392/test-billing': { door: 'admin', in: 200 },
  'GET /admin47392/test-billing/users': { door: 'admin', in: 200 },
  'POST /admin47392/test-billing/purchases': { door: 'admin', in: 400 },
  'GET /admin47392/test-billing/purchases/{purchaseId}': { door: 'admin', in: 404 },
  'GET /admin47392/test-billing/webhook-tests': { door: 'admin', in: 200 },
  'POST /admin47392/test-billing/webhook-tests': { door: 'admin', in: 400 },
  'GET /admin47392/test-billing/webhook-tests/{id}': { door: 'admin', in: 404 },
  'GET /admin47392/test-billing/webhook-tests/{id}/card': { door: 'admin', in: 404 },
  'GET /admin47392/customers': { door: 'admin', in: 200 },
  'GET /admin47392/customers/{mode}/{userId}': { door: 'admin', in: 200 },
  'GET /admin47392/customers/{mode}/{userId}/changes': { door: 'admin', in: 200 },
  'POST /admin47392/customers/{mode}/{userId}/extend-grace': { door: 'admin', in: 303 },
  'POST /admin47392/customers/{mode}/{userId}/suspend': { door: 'admin', in: 303 },
  'POST /admin47392/customers/{mode}/{userId}/reactivate': { door: 'admin', in: 303 },
  'GET /admin47392/months': { door: 'admin', in: 200 },
  'GET /admin47392/months/{mode}/{period}': { door: 'admin', in: 200 },
  'GET /admin47392/months/{mode}/{period}/progress': { door: 'admin', in: 200 },
  'GET /admin47392/months/{mode}/{period}/preview': { door: 'admin', in: 200 },
  'POST /admin47392/months/{mode}/{period}/close': { door: 'admin', in: 303 },
  'POST /admin47392/months/{mode}/{period}/approve': { door: 'admin', in: 303 },
  'POST /admin47392/months/{mode}/{period}/retry-parked': { door: 'admin', in: 303 },
  'POST /admin47392/months/{mode}/{period}/hold': { door: 'admin', in: 303 },
  'POST /admin47392/months/{mode}/{period}/release': { door: 'admin', in: 303 },
  'POST /admin47392/months/{mode}/{period}/skip': { door: 'admin', in: 303 },
  'GET /admin47392/events': { door: 'admin', in: 200 },
  'POST /admin47392/events/{mode}/{eventId}/replay': { door: 'admin', in: 303 },
  'GET /admin47392/health': { door: 'admin', in: 200 },
  'GET /admin47392/health/findings': { door: 'admin', in: 200 },
};

/** The form is shown to all but those who need it no more. */
const SIGNED_IN_ALREADY = {
  route: 'GET /admin47392',
  kinds: ['admin session', 'admin without token'],
  status: 303,
};

function expectedStatus(route: string, kind: CredentialKind): number {
  const row = ROWS[route];
  if (row === undefined) throw new Error(`${route} has no row`);
  if (route === SIGNED_IN_ALREADY.route && SIGNED_IN_ALREADY.kinds.includes(kind))
    return SIGNED_IN_ALREADY.status;
  const cell = DOORS[row.door][kind];
  if (cell === 'in') return row.in;
  if (cell === 'elsewhere') return row.elsewhere ?? row.in;
  if (cell === 'reads') return route.startsWith('GET ') ? row.in : 403;
  return cell;
}

interface Answered {
  readonly status: number;
  /** The body without what differs from one request to the next, and where it leads. */
  readonly said: string;
}

describe.each(CREDENTIAL_KINDS)('%s', (kind) => {
  let api: TestApi;
  let user: UserKey;
  let credentialsOf: (kind: CredentialKind) => Promise<Credentials>;
  // One for each kind: wrong passwords are counted over all addresses.
  beforeAll(async () => {
    api = await startTestApi({ webhookSecrets: { live: [], test: [] }, trustedProxies: ['loopback'] });
    user = await newUser(api);
    await api.db
      .insertInto('checkout_sessions')
      .values({ mode: 'test', user_id: user.userId, checkout_session_id: 'cs_test_theirs' })
      .execute();
    credentialsOf = credentialMaker(api, user);
  });
  afterAll(() => api.close());

  /** The answer of every route, about the user that there is or about one that there is not. */
  async function answers(userId: string, checkoutSessionId: string): Promise<Map<string, Answered>> {
    const shared = await credentialsOf(kind);
    const all = new Map<string, Answered>();
    for (const [at, route] of Object.keys(ROWS).entries()) {
      // What signs in or out ends the session that it came with.
      const credentials = route.includes('/sign-') ? await credentialsOf(kind) : shared;
      const [method = '', template = ''] = route.split(' ');
      const path = template
        .replace('{userId}', userId)
        .replace('{checkoutSessionId}', checkoutSessionId)
        .replace('{mode}', 'test')
        // The future, so that nothing is closed.
        .replace('{period}', '2099-01')
        .replace(/\{\w+\}/, 'unknown');
      const isPage = !path.startsWith('/api/');
      const body = isPage ? new URLSearchParams({ _csrf: credentials.csrfToken ?? '' }) : '{}';
      const answer = await open(
        api,
        credentials.token === undefined ? path : `${path}?token=${credentials.token}`,
        {
          method,
          // Failures are counted by address, too: one is as good as another.
          address: `203.0.113.${at}`,
          cookie: credentials.headers['cookie'] ?? '',
          headers: {
            ...credentials.headers,
            ...(isPage
              ? {}
              : { 'content-type': 'application/json', 'x-csrf-token': credentials.csrfToken ?? '' }),
          },
          ...(method === 'GET' ? {} : { body }),
        },
      );
      const said = `${answer.headers.get('location') ?? ''} ${await answer.text()}`
        .replaceAll(userId, 'USER')
        .replaceAll(checkoutSessionId, 'CHECKOUT')
        .replaceAll(/[\da-f]{64,}|token%3D[\w.-]+/g, 'TOKEN');
      all.set(route, { status: answer.status, said });
    }
    return all;
  }

  test('gets in where the table says, and learns nowhere else what there is', async () => {
    const theirs = await answers(user.userId, 'cs_test_theirs');
    const expected = Object.keys(ROWS).map((route) => [route, expectedStatus(route, kind)]);
    expect(Object.fromEntries([...theirs].map(([route, { status }]) => [route, status]))).toEqual(
      Object.fromEntries(expected),
    );

    const nobodys = await answers('nobody', 'cs_test_nobodys');
    for (const [route, answer] of theirs) {
      const { door } = ROWS[route] as Row;
      const cell = DOORS[door][kind];
      const seesWhatThereIs = cell === 'in' || (cell === 'reads' && route.startsWith('GET '));
      const seesTheirOwn = cell === 'elsewhere' && door === 'account' && !route.includes('checkouts');
      if (!seesWhatThereIs && !seesTheirOwn) expect(nobodys.get(route), route).toEqual(answer);
    }
  });
});

test('every route has a row, and every row a route', async () => {
  const api = await startTestApi();
  try {
    const dependencies = {
      db: api.db,
      temporal: api.temporal,
      webhookSecrets: { live: [], test: [] },
      admin: await testAdmin(),
      account: TEST_ACCOUNT,
      log: pino({ level: 'silent' }),
      metrics: new Registry(),
    };
    const app = createApi(dependencies, { receipts: createReceiptLog(dependencies), isEnding: () => false });
    const documented = Object.entries(DOCUMENT.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => nameOf({ method, path })),
    );
    expect(new Set(Object.keys(ROWS))).toEqual(new Set([...routesOf(app).map(nameOf), ...documented]));
  } finally {
    await api.close();
  }
});
