import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readChapters } from './document.ts';

// docs/README.md is the map of the documents, by what each is for.

const KINDS = ['Tutorial', 'How-to', 'Reference', 'Explanation'];
/** Documents that live beside what they are about. */
const ELSEWHERE = ['../CONTRIBUTING.md', '../stripe-simulator/README.md'];

const fileOf = (name: string) => readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

const documents = (await readdir(new URL('../../docs/', import.meta.url))).filter(
  (name) => name.endsWith('.md') && name !== 'README.md',
);
const chapters = await readChapters('README.md');

test('the map has the four kinds', () => {
  expect(chapters.map(({ title }) => title)).toEqual(KINDS);
});

test.each([...documents, ...ELSEWHERE])(
  '%s says of which kind it is, and the map has it there, once',
  async (name) => {
    const [, kind = ''] = /^# .+\n\n\*([\w-]+)\.\* /.exec(await fileOf(name)) ?? [];
    const listedUnder = chapters.flatMap(({ title, text }) =>
      text.split('\n').flatMap((line) => (line.includes(`](${name})`) ? [title] : [])),
    );
    expect(listedUnder).toEqual([kind]);
  },
);
