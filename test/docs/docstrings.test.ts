import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** All code but tests, whose helpers are explained where they need it. */
const FOLDERS = [
  'activities',
  'api',
  'bench',
  'chaos',
  'cli',
  'config',
  'db',
  'domain',
  'process',
  'production',
  'scripts',
  'stack',
  'stripe-simulator',
  'telemetry',
  'temporal',
  'web',
  'worker',
  'workflows',
];
const EXPORTED = /^export (?:async |abstract )*(?:function\*?|const|class|interface|type|enum) (\w+)/;
const BETWEEN = /^\/\/ (?:oxlint|biome|prettier)/;

test.each(FOLDERS)('what %s exports says what it is: every declaration has a docstring', (folder) => {
  const files = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(tsx?|mjs)$/.test(file) && !file.includes('migrations'))
    .map((file) => path.join(folder, file));
  expect(files.length).toBeGreaterThan(0);
  expect(files.flatMap((file) => withoutDocstring(file))).toEqual([]);
});

function withoutDocstring(file: string): string[] {
  const lines = readFileSync(path.join(ROOT, file), 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    const name = EXPORTED.exec(line)?.[1];
    const before = lines.slice(0, index).findLast((each) => !BETWEEN.test(each)) ?? '';
    return name === undefined || before.endsWith('*/') ? [] : [`${file}:${index + 1} ${name}`];
  });
}
