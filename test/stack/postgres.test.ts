import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { Client } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../process/free-port.ts';
import { onFreePort } from '../../stack/ports.ts';
import { type Postgres, startPostgres } from '../../stack/postgres.ts';
import { assertReachable } from '../../stack/postgres-account.ts';
import { eventuallyGone, failureOf, reaper, silent, temporaryFolder } from './helpers.ts';

async function start(dataDir: string, durability: 'full' | 'off' = 'off'): Promise<Postgres> {
  const postgres = await onFreePort((port) =>
    startPostgres({ dataDir, port, durability, log: silent, reaper }),
  );
  onTestFinished(() => postgres.stop());
  return postgres;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>({ text: sql })).rows;
  } finally {
    await client.end();
  }
}

describe('the embedded PostgreSQL', () => {
  test('keeps its data when it is stopped and started again', async () => {
    const folder = await temporaryFolder();
    const first = await start(folder);
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    await eventuallyGone(first.pid);

    const second = await start(folder);
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('starts again after its postmaster was killed', async () => {
    const folder = await temporaryFolder();
    const first = await start(folder, 'full');
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    process.kill(first.pid, 'SIGKILL');
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });

    const second = await start(folder, 'full');
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  test('starts although the process number it left behind belongs to a stranger now', async () => {
    const folder = await temporaryFolder();
    await (await start(folder)).stop();
    await writeFile(path.join(folder, 'cluster', 'postmaster.pid'), `${process.ppid}\n`);

    expect(await query((await start(folder)).url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('begins anew when its initialisation was interrupted', async () => {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder, 'cluster.unfinished'));
    await writeFile(path.join(folder, 'cluster.unfinished', 'PG_VERSION'), '18\n');
    await writeFile(path.join(folder, 'password.unfinished'), 'half a passw');

    expect(await query((await start(folder)).url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect(stat(path.join(folder, 'cluster.unfinished'))).rejects.toThrow('ENOENT');
  });

  test('has a random password in a file only we can read, and serves this machine only', async () => {
    const [one, other] = [await temporaryFolder(), await temporaryFolder()];
    const [first, second] = [await start(one), await start(other)];
    expect(new URL(first.url).password).not.toBe(new URL(second.url).password);

    const file = path.join(one, 'password');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(new URL(first.url).password).toBe(encodeURIComponent(await readFile(file, 'utf8')));

    const wrong = first.url.replace(/:[^:@]+@/, ':password@');
    await expect(query(wrong, 'SELECT 1')).rejects.toThrow('password authentication failed');
    expect(await query(first.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  });

  test('says what to do when its password file is lost', async () => {
    const folder = await temporaryFolder();
    await (await start(folder)).stop();
    await rm(path.join(folder, 'password'));
    const { code, message } = await failureOf(start(folder));
    expect(code).toBe('folder_unusable');
    expect(message).toContain('delete');
  });

  test('names the variable to change when its port is taken', async () => {
    const port = await freePort();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void squatter.close());
    const dataDir = await temporaryFolder();
    const { code, message } = await failureOf(
      startPostgres({ dataDir, port, durability: 'off', log: silent }),
    );
    expect(code).toBe('port_taken');
    expect(message).toContain(`POSTGRES_PORT=${port + 100}`);
  });

  test('names the folder that its user may not enter, and how to open it', async () => {
    const folder = await temporaryFolder();
    const closed = path.join(folder, 'closed');
    await mkdir(path.join(closed, 'data'), { recursive: true });
    await chmod(closed, 0o700);
    const stranger = { uid: 65_000, gid: 65_000 };
    const { code, message } = await failureOf(
      assertReachable(path.join(closed, 'data'), stranger, 'its data'),
    );
    expect(code).toBe('folder_unusable');
    expect(message).toContain(`chmod o+x ${closed}"`);
    await chmod(closed, 0o711);
    await assertReachable(path.join(closed, 'data'), stranger, 'its data');
  });
});
