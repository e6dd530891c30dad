import { sql } from 'kysely';
import type { Mode } from '../domain/mode.ts';
import type { Database } from './database.ts';

/**
 * Gives the user a place on the least-loaded cluster that has room, or says which one they have already.
 * The row locks on the mode's clusters make concurrent assignments take turns, so no place is given twice.
 *
 * @returns the cluster's id, or `null` when every cluster is full.
 */
export async function assignCluster(db: Database, mode: Mode, userId: string): Promise<string | null> {
  return await db.transaction().execute(async (transaction) => {
    await transaction
      .selectFrom('clusters')
      .select('cluster_id')
      .where('mode', '=', mode)
      .orderBy('cluster_id')
      .forUpdate()
      .execute();
    const user = await transaction
      .selectFrom('users')
      .select('cluster_id')
      .where('mode', '=', mode)
      .where('user_id', '=', userId)
      .executeTakeFirstOrThrow();
    if (user.cluster_id !== null) return user.cluster_id;

    // Counted after the locks are held: a statement of its own, so that it sees what the last holder committed.
    const { rows } = await sql<{ cluster_id: string }>`
      SELECT cluster_id
      FROM clusters
      LEFT JOIN LATERAL (
        SELECT count(*) AS taken FROM users
        WHERE users.mode = clusters.mode AND users.cluster_id = clusters.cluster_id
      ) AS load ON true
      WHERE mode = ${mode} AND taken < capacity
      ORDER BY taken::numeric / capacity, cluster_id
      LIMIT 1`.execute(transaction);
    const clusterId = rows[0]?.cluster_id ?? null;
    if (clusterId === null) return null;
    await transaction
      .updateTable('users')
      .set({ cluster_id: clusterId, updated_at: new Date() })
      .where('mode', '=', mode)
      .where('user_id', '=', userId)
      .execute();
    return clusterId;
  });
}

/** Ends a user's cluster access for good, when the subscription has ended: the place is free again. */
export async function releaseCluster(db: Database, mode: Mode, userId: string): Promise<void> {
  await db
    .updateTable('users')
    .set({ cluster_id: null, updated_at: new Date() })
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .execute();
}

/** Adds a cluster or changes how many places it has. Fewer than are taken is allowed: nobody loses theirs. */
export async function saveCluster(
  db: Database,
  cluster: { readonly mode: Mode; readonly clusterId: string; readonly capacity: number },
): Promise<void> {
  const { mode, clusterId, capacity } = cluster;
  await db
    .insertInto('clusters')
    .values({ mode, cluster_id: clusterId, capacity })
    .onConflict((conflict) => conflict.columns(['mode', 'cluster_id']).doUpdateSet({ capacity }))
    .execute();
}
