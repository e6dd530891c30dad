import { sql } from 'kysely';
import type { Database } from '../../db/database.ts';
import { compareMigrations } from '../../db/migrate.ts';
import { type Check, check, ok, problem } from './check.ts';
import { clockFinding } from './clock.ts';

/** What to do when PostgreSQL does not answer. */
export const MEND_DATABASE = 'See that PostgreSQL runs and that DATABASE_URL reaches it from here.';
/** Where what is in it could not be read. */
export const MEND_READING = "See that the database answers; the api's log says more.";

interface DatabaseParts {
  readonly db: Database;
  /** The clock, for tests. */
  readonly now?: () => Date;
}

/** Is the database there, as new as this program, and of one mind with it about the time? */
export async function checkDatabase({ db, now = () => new Date() }: DatabaseParts): Promise<Check[]> {
  return await Promise.all([
    check({ id: 'database', mend: MEND_DATABASE }, async () => {
      const startedAt = performance.now();
      await sql`SELECT 1`.execute(db);
      return ok(`PostgreSQL answers within ${Math.ceil(performance.now() - startedAt)} ms.`);
    }),
    check({ id: 'migrations', mend: MEND_DATABASE }, async () => {
      const { pending, unknown } = await compareMigrations(db);
      if (unknown.length > 0)
        return problem(
          `It has ${unknown.join(', ')}, which this version does not know.`,
          'Deploy the version that made it: this one may work on it only while processes are replaced one after the other.',
        );
      if (pending.length === 0) return ok('Its schema is the newest.');
      return problem(
        `It lacks ${pending.join(', ')}.`,
        'Start an api or a worker of this version again: they migrate at their start.',
      );
    }),
    check({ id: 'clock', mend: MEND_DATABASE }, async () => {
      const beforeMs = now().getTime();
      const { rows } = await sql<{ at: Date }>`SELECT clock_timestamp() AS at`.execute(db);
      const middleMs = (beforeMs + now().getTime()) / 2;
      return clockFinding("The database's", Math.round((rows[0]?.at.getTime() ?? 0) - middleMs));
    }),
  ]);
}
