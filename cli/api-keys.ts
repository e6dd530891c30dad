import {
  type ApiKey,
  apiKeyId,
  listApiKeys,
  newApiKey,
  revokeApiKey as revoke,
  saveApiKey,
} from '../db/api-keys.ts';
import type { Mode } from '../domain/mode.ts';
import { say, table } from './console.ts';
import { type CliContext, UsageError } from './context.ts';

/** Prints a new key and nothing else, for scripts; its id is in it, see {@link apiKeyId}. */
export async function createApiKey(
  context: CliContext,
  { mode, name }: { readonly mode: Mode; readonly name: string },
): Promise<void> {
  const apiKey = newApiKey(mode);
  await context.withDatabase(async (db) => {
    await saveApiKey(db, { mode, name, apiKey });
  });
  say(apiKey);
}

/** Prints the keys, newest first; of both modes when none is given. */
export async function showApiKeys(context: CliContext, mode?: Mode): Promise<void> {
  const keys = await context.withDatabase((db) => listApiKeys(db, mode));
  if (keys.length === 0)
    return say('There is no API key; make one with: npm run billing -- create-api-key NAME');
  const columns = ['Id', 'Name', 'Mode', 'Created', 'Last used', 'Revoked'].map((name) => ({ name }));
  say(table(columns, keys.map(rowOf)));
}

/** @throws UsageError when no key is meant, or several may be. */
export async function revokeApiKey(context: CliContext, idOrName: string): Promise<void> {
  await context.withDatabase(async (db) => {
    const key = oneOf(await listApiKeys(db), idOrName);
    await revoke(db, key.keyId);
    say(
      key.revokedAt === null
        ? `Key ${key.keyId} (${key.name}, ${key.mode}) is revoked; every api refuses it within 5 seconds.`
        : `Key ${key.keyId} (${key.name}, ${key.mode}) is revoked since ${minuteOf(key.revokedAt)}.`,
    );
  });
}

/** A key may be named by itself too: it was found somewhere. Of keys with one name those count that still open something. */
function oneOf(keys: readonly ApiKey[], idOrName: string): ApiKey {
  const byId = keys.find(({ keyId }) => keyId === idOrName || keyId === apiKeyId(idOrName));
  if (byId !== undefined) return byId;
  const named = keys.filter(({ name }) => name === idOrName);
  const working = named.filter(({ revokedAt }) => revokedAt === null);
  const [key, ...others] = working.length > 0 ? working : named.slice(0, 1);
  if (key === undefined)
    throw new UsageError(`There is no API key "${idOrName}": npm run billing -- api-keys lists them.`);
  if (others.length > 0) {
    const ids = working.map(({ keyId, mode }) => `${keyId} (${mode})`).join(', ');
    throw new UsageError(`${working.length} keys are named "${idOrName}"; say which by its id: ${ids}.`);
  }
  return key;
}

function rowOf({ keyId, name, mode, createdAt, lastUsedAt, revokedAt }: ApiKey): string[] {
  return [
    keyId,
    name,
    mode,
    minuteOf(createdAt),
    lastUsedAt === null ? 'never' : minuteOf(lastUsedAt),
    revokedAt === null ? '' : minuteOf(revokedAt),
  ];
}

/** `2026-10-31 23:59 UTC` */
function minuteOf(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
