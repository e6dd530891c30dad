import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiKeyId, saveApiKey, useApiKey } from '../../db/api-keys.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runBilling } from './command.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const run = (...args: string[]) => runBilling(database.url, args);

it('a key is made, listed, revoked by its id or its only name, and listed as revoked', async () => {
  expect((await run('api-keys')).output).toContain('There is no API key');
  const shop = (await run('create-api-key', 'shop')).output.trim();
  const testShop = (await run('create-api-key', 'shop', '--mode', 'test')).output.trim();
  const [id, testId] = [apiKeyId(shop), apiKeyId(testShop)];
  expect(shop).toBe(`db_live_${id}${shop.slice(16)}`);
  await useApiKey(database.db, shop, new Date('2026-11-08T12:34:56.000Z'));

  const { output } = await run('api-keys');
  expect(output).toMatch(
    new RegExp(`${id} +shop +live +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC +2026-11-08 12:34 UTC$`, 'm'),
  );
  expect(output).toMatch(new RegExp(`${testId} +shop +test .* never$`, 'm'));
  expect((await run('api-keys', '--mode', 'test')).output).not.toContain(id);
  expect(output).not.toContain(shop);

  const ambiguous = await run('revoke-api-key', 'shop');
  expect(ambiguous).toMatchObject({ status: 1 });
  expect(ambiguous.output).toContain('2 keys are named "shop"');
  expect(ambiguous.output).toContain(`${id} (live)`);
  expect(await useApiKey(database.db, shop, new Date())).not.toBeNull();

  const revoked = await run('revoke-api-key', id);
  expect(revoked).toMatchObject({ status: 0 });
  expect(revoked.output).toContain(
    `Key ${id} (shop, live) is revoked; every api refuses it within 5 seconds.`,
  );
  expect(await useApiKey(database.db, shop, new Date())).toBeNull();
  expect((await run('revoke-api-key', id)).output).toContain('is revoked since');

  // Now one key of that name is left.
  expect((await run('revoke-api-key', 'shop')).output).toContain(`Key ${testId} (shop, test) is revoked`);
  expect(await useApiKey(database.db, testShop, new Date())).toBeNull();
});

it('an id that begins with a hyphen is no option', async () => {
  const apiKey = `db_test_-${randomBytes(24).toString('base64url').slice(1)}`;
  await saveApiKey(database.db, { mode: 'test', name: 'hyphen', apiKey });
  expect((await run('revoke-api-key', apiKeyId(apiKey))).output).toContain('is revoked;');
});

it('a key that nobody knows is said to be so', async () => {
  const { status, output } = await run('revoke-api-key', 'nobody');
  expect(output).toContain('There is no API key "nobody"');
  expect(output).not.toContain('    at ');
  expect(status).toBe(1);
});
