import { createWriteStream } from 'node:fs';
import { parseArgs } from 'node:util';
import { describe } from '../bench/machine.ts';
import { complain, describeError, note, right, say, table } from '../cli/console.ts';
import { formatCents } from '../domain/money.ts';
import { type DrillFigures, runDrill } from './drill.ts';

const { values } = parseArgs({
  options: {
    customers: { type: 'string', default: '1000' },
    log: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

/** `npm run production-drill [-- --customers 1000] [--json] [--log FILE]` */
async function main(): Promise<void> {
  const log = values.log === undefined ? undefined : createWriteStream(values.log);
  const startedAt = performance.now();
  const figures = await runDrill({
    customers: Number(values.customers),
    progress: (line) => {
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      note(`${seconds} s: ${line}`);
    },
    log: (line) => log?.write(`${line}\n`),
  });
  say(values.json ? JSON.stringify(figures, null, 2) : report(figures));
}

function report(figures: DrillFigures): string {
  const { options, close, rollingRestart, upgrade } = figures;
  const sum = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((total, each) => total + each, 0);
  const seconds = (value: number) => `${value.toFixed(1)} s`;
  const rows: [string, string][] = [
    [
      `Up: PostgreSQL, Temporal, ${options.apis} apis, ${options.workers} workers`,
      seconds(figures.startSeconds),
    ],
    ['Main job: from sign-up to a paid bill', seconds(figures.mainJobSeconds)],
    [`Close of ${options.customers} customers`, seconds(close.seconds)],
    ['  customers per second', close.customersPerSecond.toFixed(1)],
    ['  invoices, one each, to the cent', `${close.invoices}, ${formatCents(close.cents)}`],
    ['Rolling restart of each process under load', seconds(rollingRestart.seconds)],
    ['  requests, sent once each', String(sum(rollingRestart.requests))],
    ['  failed', String(rollingRestart.failures.length)],
    ['  webhooks delivered', String(rollingRestart.webhooks.delivered)],
    ['  failed at the first try', String(rollingRestart.webhooks.failed)],
    ['  slowest request', seconds(Math.max(...Object.values(rollingRestart.slowestMs)) / 1_000)],
    ['  a process ends within', seconds(Math.max(...Object.values(rollingRestart.stopMs)) / 1_000)],
    ['Upgrade of the workers during a close', ''],
    ['  the close was worked on by', upgrade.closeVersions.join(', ')],
    ['  customers who came meanwhile by', upgrade.newCustomerVersions.join(', ')],
    ['  requests, sent once each', String(sum(upgrade.load.requests))],
    ['  failed', String(upgrade.load.failures.length)],
    ['  the old version is', upgrade.oldVersion],
  ];
  return `${table([{ name: 'Production drill' }, right('')], rows)}\n\n${describe(figures.machine)}`;
}

try {
  await main();
  process.exit(0);
} catch (error) {
  complain(describeError(error));
  process.exit(1);
}
