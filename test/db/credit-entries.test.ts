import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { creditBalanceCents } from '../../db/credits.ts';
import { useTestDatabase } from '../support/database.ts';
import { grantCredits, newUser, untilWaiting } from './fixtures.ts';

const database = useTestDatabase();
let userId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
});

/** SQL that nobody checked before. */
const entry = (amountCents: number, lot: string, expiresAt: Date | null = null): RawBuilder<unknown> => sql`
  INSERT INTO credit_entries (mode, user_id, amount_cents, cause, lot, expires_at)
  VALUES ('test', ${userId}, ${amountCents}, ${randomUUID()}, ${lot}, ${expiresAt})`;

describe('the database itself refuses', () => {
  test('an entry that overdraws its lot, though others hold enough', async () => {
    await grantCredits(database.db, userId, 1_000);
    const lot = await grantCredits(database.db, userId, 100);
    await entry(-60, lot).execute(database.db);
    await expect(entry(-41, lot).execute(database.db)).rejects.toThrow(
      `the credits of ${lot} of ${userId} would be overdrawn by 1 cents`,
    );
    await entry(-40, lot).execute(database.db);
    expect(await creditBalanceCents(database.db, 'test', userId)).toBe(1_000);
  });

  test('an entry that draws on a lot of nobody’s, or of somebody else’s', async () => {
    const lot = await grantCredits(database.db, await newUser(database.db), 100);
    for (const each of [lot, 'none'])
      await expect(entry(-1, each).execute(database.db)).rejects.toThrow('would be overdrawn by 1 cents');
  });

  test('that entries at the same time overdraw a lot: the second waits for the first', async () => {
    const lot = await grantCredits(database.db, userId, 100);
    const first = await database.db.startTransaction().execute();
    await entry(-60, lot).execute(first);
    const second = Promise.allSettled([entry(-60, lot).execute(database.db)]);
    await untilWaiting(database.db, 1);
    await first.commit().execute();
    const reason = expect.objectContaining({
      message: expect.stringContaining('by 20 cents') as string,
    }) as Error;
    expect(await second).toEqual([{ status: 'rejected', reason }]);
    expect(await creditBalanceCents(database.db, 'test', userId)).toBe(40);
  });

  test('to take credits in a transaction that may not see what was taken just now', async () => {
    const lot = await grantCredits(database.db, userId, 100);
    const snapshot = database.db.transaction().setIsolationLevel('repeatable read');
    await expect(snapshot.execute((transaction) => entry(-1, lot).execute(transaction))).rejects.toThrow(
      'credits are taken in read committed transactions only',
    );
  });

  test('an expiry of what does not grant', async () => {
    const lot = await grantCredits(database.db, userId, 100);
    await expect(entry(-1, lot, new Date()).execute(database.db)).rejects.toThrow(
      'violates check constraint',
    );
    await expect(entry(1, lot, new Date()).execute(database.db)).rejects.toThrow('violates check constraint');
  });
});
