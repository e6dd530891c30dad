import { expect, test } from 'vitest';
import { deadLinks } from '../../scripts/links/links.ts';

const GUIDE = `# A guide

## What it's like, and \`why\`

## Again

## Again
`;

/** What is wrong with links in `docs/page.md`, beside `docs/guide.md` and `LICENSE`. */
function problemsOf(page: string): string[] {
  const documents = new Map([
    ['docs/page.md', page],
    ['docs/guide.md', GUIDE],
  ]);
  return deadLinks(documents, (file) => documents.has(file) || ['LICENSE', 'docs'].includes(file));
}

test.each([
  '[a file](guide.md)',
  '[a folder](../docs)',
  '[up](../LICENSE)',
  '[a heading](guide.md#what-its-like-and-why)',
  '[the second of one name](guide.md#again-1)',
  '# Here\n[the same document](#here)',
  '[by reference][it]\n\n[it]: guide.md',
  '<a href="guide.md">in HTML</a>',
  '[of others](https://example.com/nowhere#at-all) and [mail](mailto:a@example.com)',
  '`[no link](nowhere.md)`',
  '```md\n[no link](nowhere.md)\n## Not a heading\n```',
])('%s leads somewhere', (page) => {
  expect(problemsOf(page)).toEqual([]);
});

test.each([
  ['[a file](gide.md)', 'docs/page.md: gide.md leads to no file'],
  ['![a picture](images/a.png)', 'docs/page.md: images/a.png leads to no file'],
  ['| a table |\n| --- |\n| [in it](gide.md) |', 'docs/page.md: gide.md leads to no file'],
  ['<img src="a.png">', 'docs/page.md: a.png leads to no file'],
  ['[by reference][it]\n\n[it]: gide.md', 'docs/page.md: gide.md leads to no file'],
  ['[a heading](guide.md#whats-it-like)', 'docs/page.md: guide.md#whats-it-like leads to no heading'],
  ['[the third of two](guide.md#again-2)', 'docs/page.md: guide.md#again-2 leads to no heading'],
  ['[the same document](#there)', 'docs/page.md: #there leads to no heading'],
  ['```md\n## There\n```\n[in code](#there)', 'docs/page.md: #there leads to no heading'],
  ['[a line](../LICENSE#L3)', 'docs/page.md: ../LICENSE#L3 has an anchor, and leads to no Markdown'],
  ['[out](../../other/README.md)', 'docs/page.md: ../../other/README.md leads out of the project'],
  ['[absolute](/LICENSE)', 'docs/page.md: /LICENSE is absolute: write it relative to the document'],
])('%s leads nowhere', (page, problem) => {
  expect(problemsOf(page)).toEqual([problem]);
});
