import { createHash, randomBytes } from 'node:crypto';
import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';

/** A key as operators see it; the key itself is not kept. */
export interface ApiKey {
  /** Names the key without being a secret; see {@link apiKeyId}. */
  readonly keyId: string;
  readonly mode: Mode;
  /** What it is for; several keys may share a name. */
  readonly name: string;
  readonly createdAt: Date;
  /** To the minute; `null`: never. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** How exact `lastUsedAt` is: a busy key costs one write in this time. */
const USE_IS_NOTED_EVERY_MS = 60_000;

/** A new key, `db_live_…` or `db_test_…`; it opens nothing until it is saved. */
export function newApiKey(mode: Mode): string {
  return `db_${mode}_${randomBytes(24).toString('base64url')}`;
}

/**
 * The public id of a key: the eight characters behind the prefix of a key of ours (`db_live_…`), which still leave 144 random
 * bits, so that whoever finds a key somewhere can tell which it is. Of a key of any other make, twelve digits of its hash.
 */
export function apiKeyId(apiKey: string): string {
  const ours = /^db_(?:live|test)_(.{8}).{24}/.exec(apiKey);
  return ours?.[1] ?? hashOf(apiKey).toString('hex').slice(0, 12);
}

/** Which key `apiKey` is, or `null` when it is unknown or revoked; notes that it was used at `now`. */
export async function useApiKey(
  db: Database,
  apiKey: string,
  now: Date,
): Promise<Pick<ApiKey, 'keyId' | 'mode'> | null> {
  const row = await db
    .selectFrom('api_keys')
    .select(['key_id', 'mode', 'last_used_at'])
    .where('key_hash', '=', hashOf(apiKey))
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) return null;
  if (now.getTime() - (row.last_used_at?.getTime() ?? 0) >= USE_IS_NOTED_EVERY_MS) {
    await db.updateTable('api_keys').set({ last_used_at: now }).where('key_id', '=', row.key_id).execute();
  }
  return { keyId: row.key_id, mode: row.mode };
}

/** Makes `apiKey` known for `mode`; only its hash is kept. A key that is known stays as it is, revoked ones included. */
export async function saveApiKey(
  db: Database,
  key: { readonly mode: Mode; readonly name: string; readonly apiKey: string },
): Promise<void> {
  const keyId = apiKeyId(key.apiKey);
  await db
    .insertInto('api_keys')
    .values({ key_hash: hashOf(key.apiKey), key_id: keyId, mode: key.mode, name: key.name })
    // A key older than ids was given one of its hash.
    .onConflict((conflict) => conflict.column('key_hash').doUpdateSet({ key_id: keyId }))
    .execute();
}

/** All keys, revoked ones included, newest first. */
export async function listApiKeys(db: Database, mode?: Mode): Promise<ApiKey[]> {
  const keys = db.selectFrom('api_keys').selectAll().orderBy('created_at', 'desc').orderBy('key_id');
  const rows = await (mode === undefined ? keys : keys.where('mode', '=', mode)).execute();
  return rows.map((row) => ({
    keyId: row.key_id,
    mode: row.mode,
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  }));
}

/** Ends a key for good. One that is revoked already keeps its time. */
export async function revokeApiKey(db: Database, keyId: string): Promise<void> {
  await db
    .updateTable('api_keys')
    .set({ revoked_at: new Date() })
    .where('key_id', '=', keyId)
    .where('revoked_at', 'is', null)
    .execute();
}

function hashOf(apiKey: string): Buffer {
  return createHash('sha256').update(apiKey).digest();
}
