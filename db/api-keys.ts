import { createHash } from 'node:crypto';
import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';

/** The mode that `apiKey` reaches, or `null` when it is unknown or revoked. */
export async function modeOfApiKey(db: Database, apiKey: string): Promise<Mode | null> {
  const row = await db
    .selectFrom('api_keys')
    .select('mode')
    .where('key_hash', '=', hashOf(apiKey))
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return row?.mode ?? null;
}

/** Makes `apiKey` known for `mode`; only its hash is kept. A key that is known stays as it is, revoked ones included. */
export async function saveApiKey(
  db: Database,
  key: { readonly mode: Mode; readonly name: string; readonly apiKey: string },
): Promise<void> {
  await db
    .insertInto('api_keys')
    .values({ key_hash: hashOf(key.apiKey), mode: key.mode, name: key.name })
    .onConflict((conflict) => conflict.column('key_hash').doNothing())
    .execute();
}

function hashOf(apiKey: string): Buffer {
  return createHash('sha256').update(apiKey).digest();
}
