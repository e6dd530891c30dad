import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { apiKeyId, listApiKeys, revokeApiKey, saveApiKey, useApiKey } from '../../db/api-keys.ts';
import type { Mode } from '../../domain/mode.ts';
import { useTestDatabase } from '../support/database.ts';

const database = useTestDatabase();

const NOW = new Date('2026-11-08T12:00:00.000Z');
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);
const use = (apiKey: string, now = NOW) => useApiKey(database.db, apiKey, now);
const find = async (apiKey: string) =>
  (await listApiKeys(database.db)).find(({ keyId }) => keyId === apiKeyId(apiKey));

async function newKey(mode: Mode = 'test', name = 'tests'): Promise<string> {
  const apiKey = `db_${mode}_${randomBytes(24).toString('base64url')}`;
  await saveApiKey(database.db, { mode, name, apiKey });
  return apiKey;
}

test('a key opens its own mode; an unknown one opens none', async () => {
  expect(await use(await newKey('live'))).toMatchObject({ mode: 'live' });
  expect(await use(await newKey('test'))).toMatchObject({ mode: 'test' });
  expect(await use(randomUUID())).toBeNull();
  expect(await use('')).toBeNull();
});

test('the id of a key of ours is the eight characters behind its prefix; of any other, it is of its hash', async () => {
  const apiKey = 'db_live_Ab-_cdEFghijklmnopqrstuvwxyz0123';
  expect(apiKeyId(apiKey)).toBe('Ab-_cdEF');
  expect(apiKeyId('db_live_tooshort')).toMatch(/^[0-9a-f]{12}$/);
  expect(apiKeyId('password')).toMatch(/^[0-9a-f]{12}$/);
  const saved = await newKey();
  expect(await use(saved)).toEqual({ keyId: apiKeyId(saved), mode: 'test' });
});

test('a revoked key opens nothing, keeps its time, and saving it again does not bring it back', async () => {
  const apiKey = await newKey();
  await revokeApiKey(database.db, apiKeyId(apiKey));
  expect(await use(apiKey)).toBeNull();
  const revokedAt = (await find(apiKey))?.revokedAt;
  expect(revokedAt).toBeInstanceOf(Date);
  await revokeApiKey(database.db, apiKeyId(apiKey));
  await saveApiKey(database.db, { mode: 'live', name: 'again', apiKey });
  expect(await use(apiKey)).toBeNull();
  expect(await find(apiKey)).toMatchObject({ revokedAt, mode: 'test', name: 'tests' });
});

test('the last use is noted to the minute', async () => {
  const apiKey = await newKey();
  expect((await find(apiKey))?.lastUsedAt).toBeNull();
  await use(apiKey);
  await use(apiKey, later(59));
  expect((await find(apiKey))?.lastUsedAt).toEqual(NOW);
  await use(apiKey, later(60));
  expect((await find(apiKey))?.lastUsedAt).toEqual(later(60));
});

test('keys are listed newest first, of both modes or of one', async () => {
  const older = apiKeyId(await newKey('live'));
  const newer = apiKeyId(await newKey('test'));
  const ids = (await listApiKeys(database.db)).map(({ keyId }) => keyId);
  expect(ids.indexOf(newer)).toBeLessThan(ids.indexOf(older));
  expect((await listApiKeys(database.db, 'live')).every(({ mode }) => mode === 'live')).toBe(true);
});

test('a key that is older than ids gets its own when it is saved again', async () => {
  const apiKey = await newKey();
  await sql`UPDATE api_keys SET key_id = left(encode(key_hash, 'hex'), 12) WHERE key_id = ${apiKeyId(apiKey)}`.execute(
    database.db,
  );
  expect(await find(apiKey)).toBeUndefined();
  await saveApiKey(database.db, { mode: 'test', name: 'tests', apiKey });
  expect(await find(apiKey)).toBeDefined();
});

test('the key itself is not in the database', async () => {
  const apiKey = await newKey();
  const rows = await database.db.selectFrom('api_keys').selectAll().execute();
  expect(rows.some((row) => row.key_hash.includes(Buffer.from(apiKey)))).toBe(false);
  expect(JSON.stringify(rows)).not.toContain(apiKey.slice(16));
});
