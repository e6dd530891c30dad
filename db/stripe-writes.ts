import { sql } from 'kysely';
import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';
import { unknownSince } from './restores.ts';

/** A write to Stripe that is intended or done. Its row is there before the request leaves. */
export interface StripeWrite {
  readonly generation: number;
  /** When the idempotency key of this generation was first used. */
  readonly keyIssuedAt: Date;
  /** The object that came of it; `null` while the outcome is unknown. */
  readonly stripeObjectId: string | null;
  /**
   * From when on Stripe may have what this write makes. `null`: nothing can have reached Stripe yet, for this call made the row, and
   * no row was lost.
   */
  readonly mayExistSince: Date | null;
}

/** Writes the intent, or reads the one that is there. */
export async function intendStripeWrite(db: Database, mode: Mode, writeKey: string): Promise<StripeWrite> {
  const inserted = await db
    .insertInto('stripe_writes')
    .values({ mode, write_key: writeKey })
    .onConflict((conflict) => conflict.columns(['mode', 'write_key']).doNothing())
    .returning(['generation', 'key_issued_at', 'stripe_object_id', unknownSince.as('unknown_since')])
    .executeTakeFirst();
  const row =
    inserted ??
    (await db
      .selectFrom('stripe_writes')
      .select(['generation', 'key_issued_at', 'stripe_object_id'])
      .where('mode', '=', mode)
      .where('write_key', '=', writeKey)
      .executeTakeFirstOrThrow());
  return {
    generation: row.generation,
    keyIssuedAt: row.key_issued_at,
    stripeObjectId: row.stripe_object_id,
    mayExistSince: inserted === undefined ? row.key_issued_at : inserted.unknown_since,
  };
}

/** Notes what came of a write, and by which request. */
export async function completeStripeWrite(
  db: Database,
  mode: Mode,
  writeKey: string,
  result: { readonly stripeObjectId: string; readonly stripeRequestId: string | null },
): Promise<void> {
  await db
    .updateTable('stripe_writes')
    .set({
      stripe_object_id: result.stripeObjectId,
      stripe_request_id: result.stripeRequestId,
      completed_at: new Date(),
    })
    .where('mode', '=', mode)
    .where('write_key', '=', writeKey)
    .execute();
}

/**
 * Gives the write a new idempotency key and an unknown outcome, because the last key is spent. `seenGeneration` is the
 * spent one: of two callers that saw the same, one moves it on and the other finds it moved.
 */
export async function renewStripeWriteKey(
  db: Database,
  mode: Mode,
  writeKey: string,
  seenGeneration: number,
): Promise<void> {
  await db
    .updateTable('stripe_writes')
    .set({
      generation: seenGeneration + 1,
      key_issued_at: sql<Date>`now()`,
      stripe_object_id: null,
      completed_at: null,
    })
    .where('mode', '=', mode)
    .where('write_key', '=', writeKey)
    .where('generation', '=', seenGeneration)
    .execute();
}
