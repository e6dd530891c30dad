/** The matrix as docs/reliability.md shows it: written by `--write-docs`, and read to know the rows without playing the stories. */
import { readFile, writeFile } from 'node:fs/promises';
import { SIDES } from '../boundaries/boundary.ts';
import {
  type BoundaryOfStory,
  type Circumstance,
  KILLED_PARTS,
  nameOf,
  type Row,
  rowsOf,
  SCENARIOS,
} from './rows.ts';
import type { MatrixRun } from './run.ts';
import type { TriedSafeguard } from './safeguard-run.ts';
import { SAFEGUARDS } from './safeguards.ts';
import type { Verdict } from './strike.ts';

const DOCUMENT = new URL('../../docs/reliability.md', import.meta.url);
const GREEN = '✓';
const RED = '✗';
const NOT_RUN = '–';

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

/** All of docs/reliability.md, as Markdown. */
export async function readPublished(): Promise<string> {
  return await readFile(DOCUMENT, 'utf8');
}

/** A table for each story: a line for each boundary, a column for each part that was killed there. */
export function matrixMarkdown(
  { boundaries, verdicts, kills, seconds }: MatrixRun,
  provenance: Provenance,
): string {
  const rows = rowsOf(boundaries);
  const red = verdicts.filter(({ wrong }) => wrong.length > 0);
  const green = verdicts.length - red.length;
  const cellOf = new Map(verdicts.map((verdict) => [nameOf(verdict.row), cell(verdict)] as const));
  const stories = SCENARIOS.map(({ name, story }) => {
    const table = tableOf(
      rows.filter(({ scenario }) => scenario === name),
      (row) => cellOf.get(nameOf(row)) ?? NOT_RUN,
    );
    return `### ${name}\n\n${story}\n\n${table}`;
  });
  return [
    `Run on ${provenance.date} at ${provenance.commit} with \`${provenance.command}\`: of ${rows.length} rows **${green} are green, ${red.length} red** and ${rows.length - verdicts.length} were not run (${NOT_RUN}); ${kills} kills in ${Math.ceil(seconds / 60)} minutes. A cell shows how many seconds after the kill everything was as it must be.`,
    ...red.map(({ row, wrong }) => `- ${nameOf(row)}: ${withoutIds(wrong.join('; '))}`),
    ...stories,
  ].join('\n\n');
}

function cell({ wrong, seconds }: Verdict): string {
  return `${wrong.length === 0 ? GREEN : RED} ${seconds.toFixed(0)}`;
}

function tableOf(rows: readonly Row[], cellOf: (row: Row) => string): string {
  const lines = new Map<string, Map<string, string>>();
  for (const row of rows) {
    const line = lineOf(row, row.circumstance);
    lines.set(line, (lines.get(line) ?? new Map<string, string>()).set(row.part, cellOf(row)));
  }
  const body = [...lines].map(([line, cells]) => [
    line,
    ...KILLED_PARTS.map((part) => cells.get(part) ?? ''),
  ]);
  return [['', ...KILLED_PARTS], Array.from({ length: KILLED_PARTS.length + 1 }, () => '---'), ...body]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
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
  const lines = SAFEGUARDS.map((safeguard) => {
    const what = `| **${safeguard.name}**: ${safeguard.without} |`;
    const verdicts = tried.find((each) => each.safeguard.name === safeguard.name)?.verdicts;
    if (verdicts === undefined) return `${what} ${NOT_RUN} | not run |`;
    const red = verdicts.filter(({ wrong }) => safeguard.symptom.test(wrong.join('; ')));
    const none = safeguard.spare === undefined ? 'none' : `none: ${safeguard.spare}`;
    const rows = red.length === 0 ? none : red.map(({ row }) => nameOf(row)).join('<br>');
    return `${what} ${red.length} of ${verdicts.length} | ${rows} |`;
  });
  const examples = tried.flatMap(({ safeguard, verdicts }) => {
    const red = verdicts.find(({ wrong }) => safeguard.symptom.test(wrong.join('; ')));
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
