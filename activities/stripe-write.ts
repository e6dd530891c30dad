import type { Database } from '../db/database.ts';
import { completeStripeWrite, intendStripeWrite, renewStripeWriteKey } from '../db/stripe-writes.ts';
import type { Mode } from '../domain/mode.ts';
import { StripeError } from './stripe-client.ts';

interface StripeObject {
  readonly id: string;
  readonly lastResponse?: { readonly requestId: string };
}

/** A write that must not happen twice: what it is, how one finds it again, and how it is made. */
export interface StripeWriteOnce<T extends StripeObject> {
  readonly mode: Mode;
  /** Business identity of what is written, such as `bill:bill_1:draft`; at most 200 characters. */
  readonly writeKey: string;
  /** Looks for what an earlier attempt may have made, no earlier than `since`. Asked on retries, and in a database that was put back. */
  readonly find: (since: Date) => Promise<T | null>;
  readonly create: (idempotencyKey: string) => Promise<T>;
  readonly now?: () => Date;
}

/** Stripe keeps a key for at least 24 hours. An hour less, because the two clocks need not agree. */
const KEY_LIFETIME_MS = 23 * 60 * 60_000;

/** How far Stripe's clock, which dates its objects, may be behind the database's. */
const CLOCK_SKEW_MS = 60 * 60_000;

/**
 * Writes to Stripe exactly once, across crashes, lost answers and expired keys:
 *
 * 1. The intent is a row before the request leaves. A new row means that nothing can be there yet: create at once. (Unless the database
 *    was put back to a backup: then the row may have been there before.)
 * 2. Otherwise look first, and adopt what is found.
 * 3. Not found: create under the same key, for the earlier request may still be on its way, and Stripe then knows both
 *    as one. Only a key that is spent (expired, holding an error or other parameters, or an object that was deleted
 *    since) gives way to a new one.
 *
 * @throws StripeError as the request failed; see stripe-errors.ts for which are retried.
 */
export async function writeToStripeOnce<T extends StripeObject>(
  db: Database,
  write: StripeWriteOnce<T>,
): Promise<T> {
  const { mode, writeKey } = write;
  const now = write.now?.() ?? new Date();
  let { generation, keyIssuedAt, stripeObjectId, mayExistSince } = await intendStripeWrite(
    db,
    mode,
    writeKey,
  );
  if (mayExistSince !== null) {
    const found = await write.find(new Date(mayExistSince.getTime() - CLOCK_SKEW_MS));
    if (found !== null) return await complete(db, write, found);
    const isGone = stripeObjectId !== null; // made, and deleted since: its key would only bring it back as it was
    if (isGone || now.getTime() - keyIssuedAt.getTime() > KEY_LIFETIME_MS) {
      await renewStripeWriteKey(db, mode, writeKey, generation);
      generation += 1;
    }
  }
  try {
    return await complete(db, write, await write.create(`${mode}:${writeKey}:${generation}`));
  } catch (error) {
    // What Stripe holds under the key it would answer for a day. The next attempt looks first, then uses a new key.
    if (isKeySpent(error)) await renewStripeWriteKey(db, mode, writeKey, generation);
    throw error;
  }
}

async function complete<T extends StripeObject>(
  db: Database,
  write: StripeWriteOnce<T>,
  object: T,
): Promise<T> {
  await completeStripeWrite(db, write.mode, write.writeKey, {
    stripeObjectId: object.id,
    stripeRequestId: object.lastResponse?.requestId ?? null,
  });
  return object;
}

/** An error that was replayed, one that came of other parameters under the same key, or a refusal that Stripe may have kept. */
function isKeySpent(error: unknown): boolean {
  if (!(error instanceof StripeError)) return false;
  return error.headers?.['idempotent-replayed'] === 'true' || error.statusCode === 400;
}
