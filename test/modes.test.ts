import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ActivityDependencies, stripeOf } from '../activities/dependencies.ts';
import {
  createStripeClient,
  type StripeClient,
  type StripeClients,
  WrongModeKeyError,
} from '../activities/stripe-client.ts';
import { setUpStripe } from '../activities/stripe-setup.ts';
import { createTestPurchaseActivities } from '../activities/test-purchase.ts';
import { recordTestPurchase } from '../db/test-purchases.ts';
import { MODES, type Mode, modeOfSecretKey } from '../domain/mode.ts';
import { request, startTestApi, type TestApi } from './api/harness.ts';
import { becomeCustomer, newUser } from './db/fixtures.ts';
import { useActivityEnvironment } from './support/activity-environment.ts';

/**
 * Tries to get from one of Stripe's worlds to the other. More of it stands where the other rules of the same thing are:
 *
 * - an event at the other mode's endpoint: test/api/webhooks.test.ts ("wrong_mode")
 * - a key in the other mode's variable stops the start: test/config/environment.test.ts, test/cli/start.test.ts
 * - one user, bill, cluster, price or credit purchase in both modes: test/db/
 * - a key of one mode does not see the other mode's objects: test/activities/stripe-errors.test.ts, write-once.test.ts
 * - a test purchase asks nothing with a live key: test/workflows/test-purchase.test.ts
 */

const other = (mode: Mode): Mode => (mode === 'live' ? 'test' : 'live');

describe('a client of Stripe is of one mode', () => {
  const live = createStripeClient({ mode: 'live', secretKey: 'sk_live_1' });
  const sandbox = createStripeClient({ mode: 'test', secretKey: 'rk_test_1' });

  test('by its type: where one belongs, the other does not compile', () => {
    const takesTest = (client: StripeClient<'test'>) => client.mode;
    const takesLive = (client: StripeClient<'live'>) => client.mode;
    const takesEither = (client: StripeClient) => client.mode;
    expect([takesTest(sandbox), takesLive(live), takesEither(live), takesEither(sandbox)]).toEqual([
      'test',
      'live',
      'live',
      'test',
    ]);
    // Each of these fails `npm run check` as soon as it compiles.
    // @ts-expect-error a live client where one of test mode belongs
    takesTest(live);
    // @ts-expect-error a test client where one of live mode belongs
    takesLive(sandbox);
    const either: StripeClient = live;
    // @ts-expect-error a client of who knows which mode
    takesTest(either);
    // @ts-expect-error crossed over
    const crossed: StripeClients = { live: sandbox, test: live };
    expect(Object.keys(crossed)).toEqual([...MODES]);
    const setUp = (db: ActivityDependencies['db']) => [
      setUpStripe(db, live, 'live'),
      // @ts-expect-error the price list of test mode in the live account
      setUpStripe(db, live, 'test'),
    ];
    expect(setUp).toBeTypeOf('function');
  });

  test('a test purchase can not even be given one of live mode', () => {
    const create = (world: Omit<Parameters<typeof createTestPurchaseActivities>[0], 'stripe'>) => [
      createTestPurchaseActivities({ ...world, stripe: { live: null, test: sandbox } }),
      // @ts-expect-error both clients
      createTestPurchaseActivities({ ...world, stripe: { live, test: sandbox } }),
      // @ts-expect-error the live client as that of test mode
      createTestPurchaseActivities({ ...world, stripe: { live: null, test: live } }),
    ];
    expect(create).toBeTypeOf('function');
  });

  test('the one that is asked for is of the mode that was asked for', () => {
    const asked: StripeClient<'test'> = stripeOf({ stripe: { live, test: sandbox } }, 'test');
    expect(asked.mode).toBe('test');
    expect(() => stripeOf({ stripe: { live, test: null } }, 'test')).toThrow('set STRIPE_TEST_SECRET_KEY');
  });

  test.each(MODES)('of %s mode it takes no key of the other, and shows none in its complaint', (mode) => {
    for (const secretKey of [
      `sk_${other(mode)}_secret`,
      `rk_${other(mode)}_secret`,
      `pk_${mode}_secret`,
      '',
    ]) {
      const refused = () => createStripeClient({ mode, secretKey });
      expect(refused).toThrow(WrongModeKeyError);
      expect(refused).toThrow(/^(?!.*hidden).*$/s);
    }
    expect(createStripeClient({ mode, secretKey: `rk_${mode}_1` }).mode).toBe(mode);
  });

  test('a key says its mode', () => {
    expect(['sk_live_1', 'rk_test_1', 'pk_live_1', 'whsec_1', ''].map(modeOfSecretKey)).toEqual([
      'live',
      'test',
      null,
      null,
      null,
    ]);
  });
});

describe('an API key', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.close());

  test.each(MODES)('of the other mode reads nothing of a user of %s mode', async (mode) => {
    const userId = `user-${randomUUID()}`;
    const json = { email: 'eve@example.com', name: 'Eve' };
    await request(api, 'PUT', `/api/users/${userId}`, { mode, json });
    for (const path of ['billing', 'usage', 'bills']) {
      const answerOf = async (asking: Mode) =>
        (await request(api, 'GET', `/api/users/${userId}/${path}`, { mode: asking })).status;
      expect(await answerOf(mode)).toBe(200);
      expect(await answerOf(other(mode))).toBe(404);
    }
  });

  test('of test mode adds no usage to a live user of the same id', async () => {
    const userId = `user-${randomUUID()}`;
    const json = { email: 'eve@example.com', name: 'Eve' };
    for (const mode of MODES) await request(api, 'PUT', `/api/users/${userId}`, { mode, json });
    const usage = { id: randomUUID(), userId, product: 'gpu_hour', quantity: '5' };
    const events = [{ ...usage, occurredAt: new Date().toISOString() }];
    expect(await request(api, 'POST', '/api/usage-events', { mode: 'test', json: { events } })).toMatchObject(
      {
        body: { accepted: 1 },
      },
    );
    const totalOf = async (mode: Mode) =>
      (await request(api, 'GET', `/api/users/${userId}/usage`, { mode })).body;
    expect(await totalOf('test')).toMatchObject({ totalCents: 1_000 });
    expect(await totalOf('live')).toMatchObject({ totalCents: 0 });
  });
});

describe('the database', () => {
  const environment = useActivityEnvironment();

  test('knows no test purchase of live mode, nor one that changes to it', async () => {
    const { db } = environment;
    const userId = await newUser(db, 'live');
    await expect(
      sql`INSERT INTO test_purchases (mode, purchase_id, user_id, credits, card)
        VALUES ('live', 'p1', ${userId}, 1, 'success')`.execute(db),
    ).rejects.toThrow('violates check constraint');
    await recordTestPurchase(db, { purchaseId: 'p1', userId, credits: 1, card: 'success' });
    await expect(sql`UPDATE test_purchases SET mode = 'live'`.execute(db)).rejects.toThrow(
      'violates check constraint',
    );
  });

  test.each([
    [
      'credits',
      `INSERT INTO credit_entries (mode, user_id, amount_cents, cause, lot) VALUES ('live', $, 1, 'c', 'c')`,
    ],
    ['a bill', `INSERT INTO bills VALUES ('live', 'b', $, '2026-09', 'monthly', 'frozen', 1, 0)`],
    [
      'a Checkout session',
      `INSERT INTO checkout_sessions (mode, checkout_session_id, user_id) VALUES ('live', 'c', $)`,
    ],
    [
      'a purchase',
      `INSERT INTO credit_purchases (mode, checkout_session_id, user_id, granted_cents) VALUES ('live', 'c', $, 1)`,
    ],
    [
      'a decision',
      `INSERT INTO operator_decisions (mode, decision_id, user_id, type, decided_by, details) VALUES ('live', 'd', $, 'suspend', 'me', '{}')`,
    ],
  ])('gives a user of test mode no live row: %s', async (_, statement) => {
    const { db } = environment;
    const userId = await newUser(db, 'test');
    await expect(sql.raw(statement.replace('$', `'${userId}'`)).execute(db)).rejects.toThrow(
      'violates foreign key constraint',
    );
  });

  test('keeps customers of the two modes apart, even under one id', async () => {
    const { db, activities } = environment;
    const userId = await newUser(db, 'live');
    await becomeCustomer(db, userId);
    const { stripe_customer_id: stripeCustomerId } = await db
      .selectFrom('users')
      .select('stripe_customer_id')
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow();
    const key = { stripeCustomerId: stripeCustomerId ?? '', events: [], nowMs: Date.now() };
    expect(await activities.lookAtCustomer({ ...key, mode: 'test' })).toBeNull();
  });
});
