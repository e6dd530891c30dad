import { invalidRequest } from './errors.ts';
import type { MetadataParam } from './params.ts';

const MOST_KEYS = 50;

/**
 * Metadata after an update: keys not named stay, an empty value unsets its key, an empty string unsets all.
 * https://docs.stripe.com/api/metadata
 * @throws 400 for more than 50 keys.
 */
export function mergeMetadata(
  current: Record<string, string> | null,
  update: MetadataParam | undefined,
): Record<string, string> {
  if (update === '') return {};
  if (update === undefined) return current ?? {};
  const merged = Object.fromEntries(
    Object.entries({ ...current, ...update }).filter(([, value]) => value !== ''),
  );
  if (Object.keys(merged).length > MOST_KEYS) {
    throw invalidRequest(`Metadata can have up to ${MOST_KEYS} keys.`, { param: 'metadata' });
  }
  return merged;
}
