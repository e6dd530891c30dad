import { createHash } from 'node:crypto';

/** Names what is shown: the same as long as that is the same. A part that asks again says which it has, as `?since=`. */
export function versionOf(shown: unknown): string {
  return createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 16);
}
