import { saveCluster } from '../../db/clusters.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import type { Stage } from './stage.ts';

const SPACIOUS = 1_000_000;

/** Gives the clusters of a mode no more places than are taken. */
export async function fillClusters({ db }: Stage, mode: Mode): Promise<void> {
  const clusters = await db.selectFrom('clusters').select('cluster_id').where('mode', '=', mode).execute();
  for (const { cluster_id: clusterId } of clusters) {
    const users = await db
      .selectFrom('users')
      .select('user_id')
      .where('mode', '=', mode)
      .where('cluster_id', '=', clusterId)
      .execute();
    await saveCluster(db, { mode, clusterId, capacity: users.length });
  }
}

/** Makes room for everybody of these modes: places are scarce in one story only. */
export async function makeRoom({ db }: Stage, modes: readonly Mode[] = MODES): Promise<void> {
  const clusters = await db
    .selectFrom('clusters')
    .select(['mode', 'cluster_id'])
    .where('mode', 'in', modes)
    .execute();
  for (const { mode, cluster_id: clusterId } of clusters)
    await saveCluster(db, { mode, clusterId, capacity: SPACIOUS });
}
