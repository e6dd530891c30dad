/**
 * `npm run chaos:matrix`: kills each process just before and just after each step of a customer's billing and of a month's close, and
 * judges what becomes of it. docs/reliability.md shows it.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Command, InvalidArgumentError } from 'commander';
import { complain, describeError, note, say } from '../../cli/console.ts';
import { parseCount } from '../../cli/options.ts';
import { atATime } from '../../domain/at-a-time.ts';
import {
  boundariesIn,
  matrixMarkdown,
  type Provenance,
  publish,
  readPublished,
  safeguardsMarkdown,
} from './published.ts';
import { nameOf } from './rows.ts';
import { runMatrix } from './run.ts';
import { isAsExpected, type TriedSafeguard, tryWithout } from './safeguard-run.ts';
import { SAFEGUARDS } from './safeguards.ts';

interface Options {
  readonly rows?: RegExp;
  readonly safeguard?: string | true;
  readonly json: boolean;
  readonly writeDocs: boolean;
  readonly stacks: number;
  readonly atOnce: number;
}

const program = new Command('chaos:matrix')
  .description('Kills each process before and after each step, and judges what becomes of it.')
  .option('--rows <pattern>', 'only rows whose name this regular expression finds', parsePattern)
  .option('--safeguard [name]', 'takes away one safeguard, or each in turn, and tries the rows that need it')
  .option('--json', 'print the verdicts as JSON', false)
  .option('--write-docs', 'write them into docs/reliability.md', false)
  .option('--stacks <number>', 'stacks beside each other', parseCount, 2)
  .option(
    '--at-once <number>',
    'customers at most that one kill is for, each at a boundary of their own',
    parseCount,
    12,
  )
  .showHelpAfterError();

program.action(async (options: Options) => {
  const isGood = options.safeguard === undefined ? await matrix(options) : await safeguards(options);
  process.exitCode = isGood ? 0 : 1;
});

async function matrix({ rows, json, writeDocs, stacks, atOnce }: Options): Promise<boolean> {
  const wants = (name: string): boolean => rows?.test(name) ?? true;
  const run = await runMatrix({ wants, stacks, atOnce, onProgress: note });
  const red = run.verdicts.filter(({ wrong }) => wrong.length > 0);
  if (json) say(JSON.stringify(run, null, 2));
  for (const { row, wrong } of red) complain(`${nameOf(row)}: ${wrong.join('; ')}`);
  if (writeDocs) await publish('matrix', matrixMarkdown(run, await provenance()));
  if (!json)
    say(`${run.verdicts.length} rows, ${red.length} red, ${run.kills} kills, ${run.seconds.toFixed(0)} s`);
  return red.length === 0 && run.verdicts.length > 0;
}

async function safeguards({ safeguard: wanted, json, writeDocs, stacks, atOnce }: Options): Promise<boolean> {
  const chosen = SAFEGUARDS.filter(({ name }) => wanted === true || name === wanted);
  if (chosen.length === 0) {
    const names = SAFEGUARDS.map(({ name }) => `  ${name}`).join('\n');
    throw new InvalidArgumentError(`There is no safeguard "${wanted}". There are:\n${names}`);
  }
  const boundaries = boundariesIn(await readPublished());
  const tried: TriedSafeguard[] = [];
  await atATime(stacks, chosen, async (safeguard) => {
    const onProgress = (line: string) => note(`without ${safeguard.name}: ${line}`);
    tried.push(await tryWithout(safeguard, boundaries, { stacks: 1, atOnce, onProgress }));
  });
  const inOrder = tried.toSorted((a, b) => SAFEGUARDS.indexOf(a.safeguard) - SAFEGUARDS.indexOf(b.safeguard));
  if (json) say(JSON.stringify(inOrder, null, 2));
  if (writeDocs) await publish('safeguards', safeguardsMarkdown(inOrder, await provenance()));
  for (const each of inOrder) {
    const red = each.verdicts.filter(({ wrong }) => wrong.length > 0);
    const line = `without ${each.safeguard.name}: ${red.length} of ${each.verdicts.length} rows red`;
    const reasons = red.map(({ row, wrong }) => `\n    ${nameOf(row)}: ${wrong.join('; ')}`);
    if (!isAsExpected(each)) complain(`${line}, which is not as expected${reasons.join('')}`);
    else if (!json) say(line);
  }
  return inOrder.every(isAsExpected);
}

async function provenance(): Promise<Provenance> {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await promisify(execFile)('git', ['rev-parse', '--short', 'HEAD'], { cwd });
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: stdout.trim(),
    command: ['npm run chaos:matrix --', ...process.argv.slice(2)].join(' '),
  };
}

function parsePattern(text: string): RegExp {
  return new RegExp(text);
}

try {
  await program.parseAsync();
} catch (error) {
  complain(describeError(error));
  // What still runs does not know yet.
  process.exit(1);
}
