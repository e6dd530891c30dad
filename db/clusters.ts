import { sql } from 'kysely';
import type { UserKey } from '../domain/customer-key.ts';
import type { Mode } from '../domain/mode.ts';
import type { Database, DatabaseTransaction } from './database.ts';
import { inTransaction } from './transaction.ts';

// The queue: users who want a place since `cluster_wanted_at` and have none. When they are given one, the time stays until
// their own workflow has looked: who has both a place and the time has not heard of it yet.

/** Stripe customers (`cus_…`) who were given a place and whose workflows have not seen it: tell them to look again. */
export type ToBeTold = readonly string[];

/**
 * Puts the user into the queue for a place, and gives out what is free. Who has a place keeps it.
 *
 * @returns the user's cluster, or `null` while it is not their turn.
 */
export async function assignCluster(
  db: Database,
  { mode, userId }: UserKey,
  now: Date,
): Promise<{ readonly clusterId: string | null; readonly toBeTold: ToBeTold }> {
  return await inTransaction(db, async (transaction) => {
    await lockClusters(transaction, mode);
    const user = transaction.updateTable('users').where('mode', '=', mode).where('user_id', '=', userId);
    await user
      .set({ cluster_wanted_at: sql<Date>`coalesce(cluster_wanted_at, ${now})` })
      .where('cluster_id', 'is', null)
      .execute();
    await giveFreePlaces(transaction, mode);
    // The caller hears of it here.
    const placed = await user
      .set({ cluster_wanted_at: null })
      .where('cluster_id', 'is not', null)
      .returning('cluster_id')
      .executeTakeFirst();
    return { clusterId: placed?.cluster_id ?? null, toBeTold: await listToBeTold(transaction, mode) };
  });
}

/** Ends a user's cluster access for good, because the subscription has ended, and gives the place to who waits longest. */
export async function releaseCluster(db: Database, { mode, userId }: UserKey): Promise<ToBeTold> {
  return await inTransaction(db, async (transaction) => {
    await lockClusters(transaction, mode);
    await transaction
      .updateTable('users')
      .set({ cluster_id: null, cluster_wanted_at: null, updated_at: new Date() })
      .where('mode', '=', mode)
      .where('user_id', '=', userId)
      .execute();
    await giveFreePlaces(transaction, mode);
    return await listToBeTold(transaction, mode);
  });
}

/** Adds a cluster or changes how many places it has. Fewer than are taken is allowed: nobody loses theirs. */
export async function saveCluster(
  db: Database,
  cluster: { readonly mode: Mode; readonly clusterId: string; readonly capacity: number },
): Promise<ToBeTold> {
  const { mode, clusterId, capacity } = cluster;
  return await inTransaction(db, async (transaction) => {
    await lockClusters(transaction, mode);
    await transaction
      .insertInto('clusters')
      .values({ mode, cluster_id: clusterId, capacity })
      .onConflict((conflict) => conflict.columns(['mode', 'cluster_id']).doUpdateSet({ capacity }))
      .execute();
    await giveFreePlaces(transaction, mode);
    return await listToBeTold(transaction, mode);
  });
}

/** The mode's places are given out by one transaction at a time, so none is given twice. */
async function lockClusters(transaction: DatabaseTransaction, mode: Mode): Promise<void> {
  await transaction
    .selectFrom('clusters')
    .select('cluster_id')
    .where('mode', '=', mode)
    .orderBy('cluster_id')
    .forUpdate()
    .execute();
}

/** Gives free places to those in the queue, longest waiting first, each on the cluster that is least loaded then. */
async function giveFreePlaces(transaction: DatabaseTransaction, mode: Mode): Promise<void> {
  // Loads are counted anew for each place, from the users: a number kept beside them could drift.
  // The next in the queue is locked: who leaves it at this very moment is waited for, and passed over.
  const giveOne = sql`
    UPDATE users
    SET cluster_id = free.cluster_id, updated_at = now()
    FROM (
      SELECT clusters.cluster_id
      FROM clusters
      LEFT JOIN LATERAL (
        SELECT count(*) AS taken FROM users
        WHERE users.mode = clusters.mode AND users.cluster_id = clusters.cluster_id
      ) AS load ON true
      WHERE mode = ${mode} AND taken < capacity
      ORDER BY taken::numeric / capacity, clusters.cluster_id
      LIMIT 1
    ) AS free
    WHERE mode = ${mode} AND user_id = (
      SELECT user_id FROM users
      WHERE mode = ${mode} AND cluster_wanted_at IS NOT NULL AND cluster_id IS NULL
      ORDER BY cluster_wanted_at, user_id
      LIMIT 1
      FOR UPDATE
    )`;
  let given: bigint | undefined;
  do {
    given = (await giveOne.execute(transaction)).numAffectedRows;
  } while (given === 1n);
}

async function listToBeTold(transaction: DatabaseTransaction, mode: Mode): Promise<string[]> {
  const rows = await transaction
    .selectFrom('users')
    .select('stripe_customer_id')
    .where('mode', '=', mode)
    .where('cluster_wanted_at', 'is not', null)
    .where('cluster_id', 'is not', null)
    .orderBy('cluster_wanted_at')
    .orderBy('user_id')
    .execute();
  return rows.flatMap((row) => row.stripe_customer_id ?? []);
}
