/** `npm run chaos -- [--seed N] [--kills N] [--json]`: kills anything, anywhere, and sees whether something was lost or doubled. */
import { appendFileSync } from 'node:fs';
import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import { complain, describeError, say } from '../cli/console.ts';
import { parseCount } from '../cli/options.ts';
import { describeReport } from './report.ts';
import { type ChaosStanding, runChaos } from './run.ts';

interface Options {
  readonly seed?: number;
  readonly kills: number;
  readonly customers?: number;
  readonly months: number;
  readonly log?: string;
  readonly json: boolean;
}

/** Where nobody looks at a terminal, a line this often. */
const LINE_EVERY_MS = 10_000;

const program = new Command('chaos')
  .description('Kills anything, anywhere, while customers live: nothing may be lost, nothing doubled.')
  .option('--seed <number>', 'decides who lives, what they do and what is killed when', parseCount)
  .option('--kills <number>', 'how many', parseCount, 50)
  .option('--customers <number>', 'how many; without it, as many as the kills are enough for', parseCount)
  .option('--months <number>', 'how many months are closed', parseCount, 4)
  .option('--log <file>', 'appends what the parts print to a file')
  .option('--json', 'print the report as JSON', false)
  .showHelpAfterError();

/** What a run with so many kills has enough of. */
const customersFor = (kills: number) => Math.min(150, 10 + Math.floor(kills / 4));

async function main(): Promise<void> {
  program.parse();
  const options = program.opts<Options>();
  const { seed = Math.floor(Date.now() / 1_000) % 1_000_000, kills, months, log: logFile, json } = options;
  const customers = options.customers ?? customersFor(kills);
  const bar = new SingleBar({
    format: '{bar} {value}/{total} kills · {done}/{deeds} deeds · {duration_formatted} · {phase}',
    noTTYOutput: true,
    notTTYSchedule: LINE_EVERY_MS,
  });
  complain(`Seed ${seed}, ${kills} kills, ${customers} customers. The parts start …`);
  bar.start(kills, 0, { phase: 'the parts start', done: 0, deeds: 0 });
  const show = ({ phase, kills, done, total }: ChaosStanding) =>
    bar.update(kills, { phase, done, deeds: total });
  const log = (line: string) => {
    if (logFile !== undefined) appendFileSync(logFile, `${line}\n`);
  };
  try {
    const report = await runChaos({ seed, kills, customers, months, log, show });
    bar.stop();
    say(json ? JSON.stringify(report, null, 2) : describeReport(report));
    process.exit(report.findings.length === 0 ? 0 : 1);
  } finally {
    bar.stop();
  }
}

try {
  await main();
} catch (error) {
  complain(describeError(error));
  process.exit(1);
}
