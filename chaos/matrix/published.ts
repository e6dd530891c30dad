/** The matrix as docs/reliability.md shows it: written by `--write-docs`, and read to know the rows without playing the stories. */
import { readFile, writeFile } from 'node:fs/promises';
import { SIDES } from '../boundaries/boundary.ts';
import { type BoundaryOfStory, type Circumstance, KILLED_PARTS, nameOf, SCENARIOS } from './rows.ts';
import type { MatrixRun } from './run.ts';
import type { TriedSafeguard } from './safeguard-run.ts';
import type { Verdict } from './strike.ts';

const DOCUMENT = new URL('../../docs/reliability.md', import.meta.url);
const GREEN = '✓';
const RED = '✗';

/** How and on what it was run. */
export interface Provenance {
  /** `YYYY-MM-DD` */
  readonly date: string;
  readonly commit: string;
  readonly command: string;
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. @throws Error when they are not there. */
export async function publish(name: 'matrix' | 'safeguards', markdown: string): Promise<void> {
  const document = await readFile(DOCUMENT, 'utf8');
  const [before, rest] = document.split(`<!-- ${name} -->\n`);
  const after = rest?.split(`<!-- /${name} -->\n`)[1];
  if (before === undefined || after === undefined)
    throw new Error(`docs/reliability.md has no place for ${name}`);
  await writeFile(DOCUMENT, `${before}<!-- ${name} -->\n${markdown}\n<!-- /${name} -->\n${after}`);
}

export async function readPublished(): Promise<string> {
  return await readFile(DOCUMENT, 'utf8');
}

/** A table for each story: a line for each boundary, a column for each part that was killed there. */
export function matrixMarkdown({ verdicts, kills, seconds }: MatrixRun, provenance: Provenance): string {
  const green = verdicts.filter(({ wrong }) => wrong.length === 0).length;
  const minutes = Math.ceil(seconds / 60);
  const summary = `Run on ${provenance.date} at ${provenance.commit} with \`${provenance.command}\`: **${verdicts.length} rows, ${green} green, ${verdicts.length - green} red**; ${kills} kills in ${minutes} minutes. A cell shows how many seconds after the kill everything was as it must be.`;
  const stories = SCENARIOS.flatMap((scenario) => {
    const ofStory = verdicts.filter(({ row }) => row.scenario === scenario.name);
    return ofStory.length === 0 ? [] : [`### ${scenario.name}\n\n${scenario.story}\n\n${tableOf(ofStory)}`];
  });
  const red = verdicts.filter(({ wrong }) => wrong.length > 0);
  const complaints = red.map(({ row, wrong }) => `- ${nameOf(row)}: ${wrong.join('; ')}`);
  return [summary, ...(red.length === 0 ? [] : [complaints.join('\n')]), ...stories].join('\n\n');
}

function tableOf(verdicts: readonly Verdict[]): string {
  const lines = new Map<string, Map<string, string>>();
  for (const { row, wrong, seconds } of verdicts) {
    const line = lineOf(row, row.circumstance);
    const cells = lines.get(line) ?? new Map<string, string>();
    lines.set(line, cells.set(row.part, `${wrong.length === 0 ? GREEN : RED} ${seconds.toFixed(0)}`));
  }
  const rows = [...lines].map(([line, cells]) =>
    [line, ...KILLED_PARTS.map((part) => cells.get(part) ?? '–')].join(' | '),
  );
  return [
    `| | ${KILLED_PARTS.join(' | ')} |`,
    `|---|${KILLED_PARTS.map(() => '---|').join('')}`,
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

function lineOf({ side, step }: BoundaryOfStory, circumstance: Circumstance): string {
  return `${side} \`${step}\`${circumstance === 'none' ? '' : `, ${circumstance}`}`;
}

/** The boundaries of a published matrix, in its order. */
export function boundariesIn(document: string): BoundaryOfStory[] {
  const boundaries: BoundaryOfStory[] = [];
  let scenario = '';
  for (const line of document.split('\n')) {
    const [, heading] = /^### (.+)$/.exec(line) ?? [];
    scenario = heading ?? scenario;
    const [, word, step] = /^\| (before|after) `([^`]+)` \|/.exec(line) ?? [];
    const side = SIDES.find((each) => each === word);
    if (side !== undefined && step !== undefined) boundaries.push({ scenario, step, side });
  }
  return boundaries;
}

/** A line for each safeguard: what was taken away, and which of the rows that were tried turned red. */
export function safeguardsMarkdown(tried: readonly TriedSafeguard[], provenance: Provenance): string {
  const lines = tried.map(({ safeguard, verdicts }) => {
    const red = verdicts.filter(({ wrong }) => wrong.length > 0);
    const rows = red.map(({ row }) => nameOf(row)).join('<br>');
    const none = safeguard.spare === undefined ? 'none' : `none: ${safeguard.spare}`;
    return `| **${safeguard.name}**: ${safeguard.without} | ${red.length} of ${verdicts.length} | ${red.length === 0 ? none : rows} |`;
  });
  const examples = tried.flatMap(({ safeguard, verdicts }) => {
    const red = verdicts.find(({ wrong }) => wrong.length > 0);
    return red === undefined ? [] : [`- Without ${safeguard.name}: ${withoutIds(red.wrong.join('; '))}.`];
  });
  return [
    `Run on ${provenance.date} at ${provenance.commit} with \`${provenance.command}\`.`,
    ['| without | red | rows |', '|---|---|---|', ...lines].join('\n'),
    'What was found amiss, in one red row of each:',
    examples.join('\n'),
  ].join('\n\n');
}

/** Ids tell a reader nothing. */
function withoutIds(sentence: string): string {
  return sentence
    .replaceAll(/user-[0-9a-f-]{36}: /g, '')
    .replaceAll(/\b(evt|in|bill|cus|sub|pm|cs)_\w{8,}/g, '$1_…')
    .slice(0, 400);
}
