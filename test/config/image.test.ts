import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { freePort } from '../../process/free-port.ts';
import { buildPrograms } from '../../stack/build-programs.ts';
import { startChildService } from '../../stack/child-service.ts';
import { createTestDatabase } from '../support/database.ts';

// No image is built here, for want of Docker: what its Dockerfile copies is put together, and the programs run from that.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const linesOf = async (name: string) => (await readFile(path.join(ROOT, name), 'utf8')).split('\n');

/** What each stage copies from the project, the last one being the image. */
async function copiedByStages(): Promise<string[][]> {
  const stages: string[][] = [];
  for (const line of await linesOf('Dockerfile')) {
    if (line.startsWith('FROM ')) stages.push([]);
    if (line.startsWith('COPY ') && !line.includes('--from='))
      stages.at(-1)?.push(...line.split(' ').slice(1, -1));
  }
  return stages;
}

test('whoever builds the image is sent all that it is made of', async () => {
  const [everything, ...sent] = (await linesOf('.dockerignore')).filter((line) => line !== '');
  expect(everything).toBe('*');
  const copied = (await copiedByStages()).flat().map((name) => name.split('/')[0]);
  expect(sent.toSorted()).toEqual([...new Set(copied)].map((name) => `!${name}`).toSorted());
});

test('what the programs are built of imports nothing that the build has not', async () => {
  const [inside = []] = await copiedByStages();
  const missing = new Set<string>();
  for (const folder of inside.filter((name) => !name.includes('.'))) {
    for (const file of await readdir(path.join(ROOT, folder), { recursive: true })) {
      if (!/\.tsx?$/.test(file)) continue;
      const source = await readFile(path.join(ROOT, folder, file), 'utf8');
      for (const [, imported = ''] of source.matchAll(/(?:from |import\()'(\.[^']+)'/g)) {
        const [top = ''] = path.join(folder, path.dirname(file), imported).split(path.sep);
        if (!inside.includes(top)) missing.add(`${folder}/${file} imports ${top}`);
      }
    }
  }
  expect([...missing]).toEqual([]);
});

describe('the built programs', () => {
  let folder: string;
  const at = (...names: string[]) => path.join(folder, ...names);

  beforeAll(async () => {
    const cache = path.join(ROOT, 'node_modules', '.cache', 'durable-billing');
    await mkdir(cache, { recursive: true });
    folder = await mkdtemp(path.join(cache, 'image-'));
    // As the image has them: beside what they read.
    await buildPrograms(at('app', 'dist'), path.join(ROOT, 'dist'));
    for (const name of (await copiedByStages()).at(-1) ?? [])
      await cp(path.join(ROOT, name), at('app', name), { recursive: true });
    await symlink(path.join(ROOT, 'node_modules'), at('app', 'node_modules'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('need only packages that the image has', async () => {
    const manifest = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const needed = new Set<string>();
    for (const program of ['api', 'worker', 'billing']) {
      const code = await readFile(at('app', 'dist', `${program}.mjs`), 'utf8');
      for (const [, name = ''] of code.matchAll(
        /^(?:import .*?|\} )from "([^".][^"]*)"|import\("([^".][^"]*)"\)/gm,
      ))
        if (name !== '' && !name.startsWith('node:')) needed.add(name);
    }
    const packages = [...needed].map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
    expect(packages.length).toBeGreaterThan(20);
    expect(packages.filter((name) => !(name in manifest.dependencies))).toEqual([]);
  });

  test('serve pages and documents, take work, and know their commands', async () => {
    const database = await createTestDatabase();
    const port = await freePort();
    const env = {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      PORT: String(port),
      HOST: '127.0.0.1',
      LOG_LEVEL: 'warn',
      ADMIN_PASSWORD_HASH: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA',
      ADMIN_SESSION_SECRETS: 'a secret of thirty-two characters',
      TEMPORAL_CODEC_KEYS: `k:${Buffer.alloc(32, 1).toString('base64')}`,
    };
    try {
      const lines: string[] = [];
      const start = (name: string) =>
        startChildService({
          name,
          entry: at('app', 'dist', `${name}.mjs`),
          env,
          log: (line) => lines.push(line),
          readyTimeoutMs: 120_000,
        });
      const running = [await start('api'), await start('worker')];
      for (const [where, what] of [
        ['/admin47392', /assets\/site\.\w+\.css/],
        ['/docs', /swagger-ui/],
        ['/openapi.json', /"openapi": ?"3\.1/],
        ['/readyz', /"ok"/],
      ] as const) {
        const response = await fetch(`http://127.0.0.1:${port}${where}`);
        expect(response.status, `${where}\n${lines.join('\n')}`).toBe(200);
        expect(await response.text()).toMatch(what);
      }
      const { stdout } = await promisify(execFile)(process.execPath, [
        at('app', 'dist', 'billing.mjs'),
        '--help',
      ]);
      expect(stdout).toContain('setup-stripe');
      for (const program of running) expect((await program.stop()).code).toBe(0);
    } finally {
      await database.drop();
    }
  });
});
