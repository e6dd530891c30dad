import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type AttachedPaymentMethod,
  listPaymentMethods,
  savePaymentMethods,
} from '../../db/payment-methods.ts';
import { useTestDatabase } from '../support/database.ts';
import { becomeCustomer, newUser } from './fixtures.ts';

const database = useTestDatabase();
let userId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
});

let made = 0;

/** A Visa card that was attached a second after the one before. */
function visa(overrides: Partial<AttachedPaymentMethod> = {}): AttachedPaymentMethod {
  made += 1;
  return {
    id: `pm_${made}`,
    type: 'card',
    brand: 'visa',
    last4: '4242',
    expMonth: 12,
    expYear: 2031,
    createdAt: new Date(1_790_000_000_000 + made * 1_000),
    ...overrides,
  };
}

const save = (...attached: AttachedPaymentMethod[]) =>
  savePaymentMethods(database.db, { mode: 'test', userId }, attached);
const listed = () => listPaymentMethods(database.db, { mode: 'test', userId });
const listedIds = async () => (await listed()).map(({ id }) => id);

/** Which transaction wrote each row last, and which one locked it. */
async function versions() {
  const { rows } = await sql<{ id: string; version: string }>`
    SELECT payment_method_id AS id, xmin || '/' || xmax || '/' || ctid::text AS version FROM payment_methods
    WHERE user_id = ${userId} ORDER BY id`.execute(database.db);
  return new Map(rows.map(({ id, version }) => [id, version]));
}

test('a user whom nobody has looked at has none', async () => {
  expect(await listed()).toEqual([]);
});

test('each is shown by what tells one from another, newest first, with the default among them', async () => {
  const card = visa();
  const account = visa({ type: 'sepa_debit', brand: null, last4: '3000', expMonth: null, expYear: null });
  const link = visa({ type: 'link', brand: null, last4: null, expMonth: null, expYear: null });
  await save(link, account, card);
  const none = { brand: null, last4: null, expMonth: null, expYear: null, isDefault: false };
  const inOrder = [
    { ...none, id: link.id, type: 'link' },
    { ...none, id: account.id, type: 'sepa_debit', last4: '3000' },
    {
      id: card.id,
      type: 'card',
      brand: 'visa',
      last4: '4242',
      expMonth: 12,
      expYear: 2031,
      isDefault: false,
    },
  ];
  expect(await listed()).toEqual(inOrder);
  await becomeCustomer(database.db, userId, card.id);
  expect(await listed()).toEqual([inOrder[0], inOrder[1], { ...inOrder[2], isDefault: true }]);
});

test('those made within a second stay in the order in which Stripe lists them', async () => {
  const createdAt = new Date('2026-10-02T00:00:00Z');
  const [first, second, third] = [visa({ createdAt }), visa({ createdAt }), visa({ createdAt })];
  await save(second, first);
  expect(await listedIds()).toEqual([second.id, first.id]);
  await save(third, second, first);
  expect(await listedIds()).toEqual([third.id, second.id, first.id]);
  await save(third, { ...second, expYear: 2035 }, first);
  expect(await listedIds()).toEqual([third.id, second.id, first.id]);
});

describe('the table holds exactly what was seen last', () => {
  test('one that is gone is deleted, one that is new is added, and one that stays is not touched', async () => {
    const [gone, stays, comes] = [visa(), visa(), visa()];
    await save(stays, gone);
    const before = await versions();
    await save(comes, stays);
    expect(await listedIds()).toEqual([comes.id, stays.id]);
    expect((await versions()).get(stays.id)).toBe(before.get(stays.id));
    await save();
    expect(await listedIds()).toEqual([]);
  });

  test.each<Partial<AttachedPaymentMethod>>([
    { expYear: 2035 },
    { expMonth: 1 },
    { last4: '0005' },
    { brand: 'mastercard' },
    { type: 'link', brand: null },
  ])('a card that has become %o is shown so', async (change) => {
    const card = visa();
    await save(card);
    await save({ ...card, ...change });
    expect(await listed()).toMatchObject([{ id: card.id, ...change }]);
  });

  test('when nothing has changed, nothing is written or locked', async () => {
    const methods = [visa(), visa({ type: 'link', brand: null, last4: null, expMonth: null, expYear: null })];
    await save(...methods);
    const before = await versions();
    await save(...methods);
    expect(await versions()).toEqual(before);
  });

  test('all of it happens, or nothing', async () => {
    const [gone, broken] = [visa(), visa({ expMonth: 100_000 })];
    await save(gone);
    await expect(save(broken)).rejects.toThrow('out of range');
    expect(await listedIds()).toEqual([gone.id]);
  });

  test('two looks at once leave what one of them saw', async () => {
    const [first, second] = [visa(), visa()];
    await Promise.all(Array.from({ length: 8 }, () => save(second, first)));
    expect(await listedIds()).toEqual([second.id, first.id]);
  });
});

test('another user’s, and the same user’s in live mode, are left alone', async () => {
  const other = await newUser(database.db);
  await database.db
    .insertInto('users')
    .values({ mode: 'live', user_id: userId, email: 'ada@example.com', name: 'Ada' })
    .execute();
  const card = visa();
  await save(card);
  await savePaymentMethods(database.db, { mode: 'test', userId: other }, [visa()]);
  await savePaymentMethods(database.db, { mode: 'live', userId }, [{ ...card, last4: '1111' }]);
  await save();
  expect(await listed()).toEqual([]);
  expect(await listPaymentMethods(database.db, { mode: 'test', userId: other })).toHaveLength(1);
  expect(await listPaymentMethods(database.db, { mode: 'live', userId })).toMatchObject([
    { id: card.id, last4: '1111' },
  ]);
});
