import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';

/** A link to the account page, by the id that the host product gave it. */
export interface AccountLinkKey {
  readonly mode: Mode;
  readonly linkId: string;
}

/**
 * Uses a link up, and forgets those that have expired.
 *
 * @returns whether nobody has used it before.
 */
export async function useAccountLink(
  db: Database,
  { mode, linkId }: AccountLinkKey,
  { expiresAt, now }: { readonly expiresAt: Date; readonly now: Date },
): Promise<boolean> {
  await db.deleteFrom('used_account_links').where('expires_at', '<', now).execute();
  const used = await db
    .insertInto('used_account_links')
    .values({ mode, link_id: linkId, expires_at: expiresAt })
    .onConflict((conflict) => conflict.columns(['link_id', 'mode']).doNothing())
    .returning('link_id')
    .executeTakeFirst();
  return used !== undefined;
}
