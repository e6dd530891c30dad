import { sql } from 'kysely';
import type { Database } from './database.ts';

/** For so long a database that was put back looks before it writes: until the months that were lost are closed again. */
export const LOOK_FIRST_DAYS = 35;

/** Notes that this database is one of `backupAt` (or a little later), which was put back now. */
export async function noteRestore(db: Database, backupAt: Date): Promise<void> {
  await db.insertInto('restores').values({ backup_at: backupAt }).execute();
}

/** Since when what is in Stripe may not be known here, because the database was put back; `null`: it was not, or long ago. */
export const unknownSince = sql<Date | null>`(
  SELECT min(backup_at) FROM restores WHERE restored_at > now() - make_interval(days => ${LOOK_FIRST_DAYS}))`;
