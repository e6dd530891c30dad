import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MissingVariableError, readComposeFile } from '../../stack/compose-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'compose-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function environmentOf(value: string, variables: Record<string, string> = {}) {
  const file = path.join(folder, 'compose.yml');
  await writeFile(
    file,
    `x-common: &common\n  A: common\nservices:\n  one:\n    environment:\n      <<: *common\n      V: ${value}\n`,
  );
  return readComposeFile(variables, file).services['one']?.environment;
}

test.each([
  ['plain', {}, 'plain'],
  ['${X}', { X: 'x' }, 'x'],
  ['${X}', {}, ''],
  ['${X:-d}', {}, 'd'],
  ['${X:-d}', { X: '' }, 'd'],
  ['a${X:-http://${Y:-h}:1/p}b', { Y: 'y' }, 'ahttp://y:1/pb'],
  ['a${X:-http://${Y:-h}:1/p}b', {}, 'ahttp://h:1/pb'],
  ['$$HOME', {}, '$HOME'],
])('%s with %j is %s', async (text, variables, expected) => {
  expect(await environmentOf(JSON.stringify(text), variables as Record<string, string>)).toEqual({
    A: 'common',
    V: expected,
  });
});

test('a variable that is asked for stops it with its sentence', async () => {
  await expect(environmentOf('"${X:?put it into .env}"')).rejects.toThrow(
    new MissingVariableError('X: put it into .env'),
  );
});
