import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { fixture, temporaryFolder } from './helpers.ts';

const run = promisify(execFile);
const INSTALLING = 'Installing the dependencies (npm ci).';
let project: string;

/** A project with one dependency, a folder beside it: nothing has to be fetched. */
beforeEach(async () => {
  project = await temporaryFolder();
  await mkdir(path.join(project, 'scripts'));
  await mkdir(path.join(project, 'part'));
  await cp(
    fixture('../../../scripts/ensure-installed.mjs'),
    path.join(project, 'scripts/ensure-installed.mjs'),
  );
  await writeFile(path.join(project, 'part/package.json'), '{"name": "part", "version": "1.0.0"}');
  await writeProject('>=20');
  await writeLockFile('1.0.0');
});

async function writeProject(node: string): Promise<void> {
  const manifest = {
    name: 'project',
    version: '1.0.0',
    engines: { node },
    dependencies: { part: 'file:part' },
  };
  await writeFile(path.join(project, 'package.json'), JSON.stringify(manifest));
}

async function writeLockFile(version: string): Promise<void> {
  const packages = {
    '': { name: 'project', version, dependencies: { part: 'file:part' } },
    'node_modules/part': { resolved: 'part', link: true },
    part: { version },
  };
  const lock = { name: 'project', version, lockfileVersion: 3, packages };
  await writeFile(path.join(project, 'package-lock.json'), JSON.stringify(lock));
}

/** What it says; it exits with an error if it could not make the project ready. */
const ensure = async (): Promise<string> =>
  (await run(process.execPath, ['scripts/ensure-installed.mjs'], { cwd: project })).stderr;

describe('ensure-installed', () => {
  test('installs in a clean clone, and only then', async () => {
    expect(await ensure()).toContain(INSTALLING);
    expect(await readFile(path.join(project, 'node_modules/part/package.json'), 'utf8')).toContain('part');
    expect(await ensure()).toBe('');
  });

  test('installs again when the lock file names something else', async () => {
    await ensure();
    await writeFile(path.join(project, 'part/package.json'), '{"name": "part", "version": "1.0.1"}');
    await writeLockFile('1.0.1');
    expect(await ensure()).toContain(INSTALLING);
  });

  test('takes an installation made by hand for what it is', async () => {
    await ensure();
    await rm(path.join(project, 'node_modules/.durable-billing-lock'));
    expect(await ensure()).toBe('');
  });

  test('lets one of two install while the other waits', async () => {
    const outputs = await Promise.all([ensure(), ensure()]);
    expect(outputs.filter((output) => output.includes(INSTALLING))).toHaveLength(1);
  });

  test('takes over from an installation that was killed', async () => {
    await mkdir(path.join(project, '.cache/install.lock'), { recursive: true });
    // No process has a number that high.
    await writeFile(path.join(project, '.cache/install.lock/pid'), String(2 ** 30));
    expect(await ensure()).toContain(INSTALLING);
  });

  test('takes over from one that was killed although its process number belongs to a stranger', async () => {
    const lock = path.join(project, '.cache/install.lock');
    await mkdir(lock, { recursive: true });
    await writeFile(path.join(lock, 'pid'), String(process.pid));
    const aMinuteAgo = new Date(Date.now() - 60_000);
    await utimes(lock, aMinuteAgo, aMinuteAgo);
    expect(await ensure()).toContain(INSTALLING);
  });

  test('refuses a Node.js that is too old, in one sentence', async () => {
    await writeProject('>=99.1');
    await expect(ensure()).rejects.toThrow(
      /\nNode\.js 99\.1 or newer is needed; this is \d+\.\d+\.\d+\..*\n$/,
    );
  });
});
