import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { MUTATIONS } from './mutation-list.ts';

test.each(MUTATIONS)('the line that would make "$breaks" true stands once in $file', async (mutation) => {
  const source = await readFile(new URL(`../../${mutation.file}`, import.meta.url), 'utf8');
  expect(source.split(mutation.text)).toHaveLength(2);
  expect(mutation.replacement).not.toBe(mutation.text);
});
