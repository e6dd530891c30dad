import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const linesOf = async (name: string) => (await readFile(path.join(ROOT, name), 'utf8')).split('\n');

/** What the image is made of. */
const copied = async () =>
  (await linesOf('Dockerfile'))
    .filter((line) => line.startsWith('COPY '))
    .flatMap((line) => line.split(' ').slice(1, -1));

test('whoever builds the image is sent all that it is made of', async () => {
  const [everything, ...sent] = (await linesOf('.dockerignore')).filter((line) => line !== '');
  expect(everything).toBe('*');
  expect(sent.toSorted()).toEqual((await copied()).map((name) => `!${name}`).toSorted());
});

test('what the image is made of imports nothing that is not in it', async () => {
  const inside = await copied();
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
