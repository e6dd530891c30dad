import { execFile } from 'node:child_process';
import { chown, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import type { StackPart } from '../../stack/supervised-part.ts';

const run = promisify(execFile);

/** What a server writes for itself while it runs: none of it is of a backup. */
const NOT_OF_A_BACKUP = ['postmaster.pid', 'postmaster.opts'];

/** A copy of a server's folder of data, made while the server was at work. */
export interface BaseBackup {
  /** When it was begun: what was committed later may be in it or not. */
  readonly begunAt: Date;
  /** Stops the server, puts the copy in the place of its data, and starts it again. */
  putBack(postgres: StackPart): Promise<void>;
}

/**
 * An online base backup by PostgreSQL's own low-level interface, on which tools for physical backups stand; the embedded PostgreSQL
 * brings none. https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 *
 * @param folder where the copy is kept; it must not be there yet.
 */
export async function takeBaseBackup(databaseUrl: string, folder: string): Promise<BaseBackup> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ data_directory: string; now: Date }>(
      "SELECT current_setting('data_directory') AS data_directory, now() AS now",
    );
    const { data_directory: data = '', now: begunAt = new Date() } = rows[0] ?? {};
    await client.query("SELECT pg_backup_start('drill', true)");
    await mkdir(path.dirname(folder), { recursive: true });
    await copy(data, folder);
    const stopped = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    // Of the time of the copy: what the data files lack is replayed from here, up to what was committed last.
    await rm(path.join(folder, 'pg_wal'), { recursive: true });
    await copy(path.join(data, 'pg_wal'), path.join(folder, 'pg_wal'));
    const label = path.join(folder, 'backup_label');
    await writeFile(label, stopped.rows[0]?.labelfile ?? '');
    const { uid, gid } = await stat(folder);
    await chown(label, uid, gid);
    for (const file of NOT_OF_A_BACKUP) await rm(path.join(folder, file), { force: true });
    return {
      begunAt,
      putBack: async (postgres) => {
        await postgres.stop();
        await rm(data, { recursive: true });
        await copy(folder, data);
        await postgres.restart();
      },
    };
  } finally {
    await client.end();
  }
}

/** With owners and permissions, which PostgreSQL insists on. */
async function copy(from: string, to: string): Promise<void> {
  await run('cp', ['-a', from, to]);
}
