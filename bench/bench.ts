/** `npm run bench -- NAME`: how fast it is, on parts of its own that are gone afterwards. Run it alone on the machine. */
import { Command, Option } from 'commander';
import { complain, describeError } from '../cli/console.ts';
import { parseCount } from '../cli/options.ts';
import { onProductionBenchStack } from '../production/bench-stack.ts';
import { type CloseOptions, measureClose } from './close.ts';
import { reportClose } from './close-report.ts';
import { type CustomerEventsOptions, measureCustomerEvents, report } from './customer-events.ts';
import { type FootprintOptions, measureFootprint } from './footprint.ts';
import { reportFootprint } from './footprint-report.ts';
import { type FreezeOptions, measureFreeze, reportFreeze } from './freeze.ts';
import { type IngestOptions, measureIngest, reportIngest } from './ingest.ts';
import { type MemoryOptions, measureMemory, reportMemory } from './memory.ts';
import { type BenchParts, onBenchStack } from './stack.ts';
import { measureWebhooks, TOPOLOGIES, type WebhookOptions } from './webhook.ts';
import { reportWebhooks } from './webhook-report.ts';

interface WebhookCommandOptions extends WebhookOptions {
  readonly topology: (typeof TOPOLOGIES)[number];
  readonly json: boolean;
}

const program = new Command('bench').description('Measures how fast it is.').showHelpAfterError();

program
  .command('customer-events')
  .description(
    'ten thousand events of Stripe on one customer: latency, activities and requests per event, rate',
  )
  .option('--events <number>', 'events of the flood', parseCount, 10_000)
  .option('--senders <number>', 'events under way at the same time', parseCount, 16)
  .option('--runs <number>', 'how often each is measured; the medians are shown', parseCount, 3)
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, ...options }: CustomerEventsOptions & { readonly json: boolean }) => {
    const figures = await onBenchStack((parts) => measureCustomerEvents(parts, options));
    process.stdout.write(`${json ? JSON.stringify(figures, null, 2) : report(figures)}\n`);
  });

program
  .command('webhook')
  .description('webhooks acknowledged and applied per second, beside a bare loop of signalWithStart')
  .option('--events <number>', 'of each round', parseCount, 2_000)
  .option('--burst <number>', 'events of the burst', parseCount, 5_000)
  .option('--customers <number>', 'whom the events are about', parseCount, 200)
  .option('--runs <number>', 'how often each is measured; the medians are shown', parseCount, 5)
  .addOption(
    new Option('--topology <topology>', 'parts of npm start, or those of docker-compose.yml')
      .choices(TOPOLOGIES)
      .default('dev'),
  )
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, topology, ...options }: WebhookCommandOptions) => {
    const measure = (parts: BenchParts) => measureWebhooks(parts, { ...options, topology });
    const figures = await (topology === 'dev' ? onBenchStack(measure) : onProductionBenchStack(measure));
    process.stdout.write(`${json ? JSON.stringify(figures, null, 2) : reportWebhooks(figures)}\n`);
  });

program
  .command('footprint')
  .description('what a customer and month leave in PostgreSQL and Temporal, and ask of Stripe')
  .option('--customers <number>', 'who live a month', parseCount, 100)
  .option('--events-per-customer <number>', 'usage events of each', parseCount, 500)
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, ...options }: FootprintOptions & { readonly json: boolean }) => {
    const figures = await onBenchStack((parts) => measureFootprint(parts, options));
    process.stdout.write(`${json ? JSON.stringify(figures, null, 2) : reportFootprint(figures)}\n`);
  });

program
  .command('ingest')
  .description('usage events per second over HTTP, beside COPY to a plain table')
  .option('--batches <number>', 'batches of 1,000 events in each round', parseCount, 50)
  .option('--runs <number>', 'how often each is measured; the medians are shown', parseCount, 5)
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, ...options }: IngestOptions & { readonly json: boolean }) => {
    const figures = await onBenchStack((parts) => measureIngest(parts, options));
    process.stdout.write(`${json ? JSON.stringify(figures, null, 2) : reportIngest(figures)}\n`);
  });

program
  .command('freeze')
  .description('freezing 1,000 bills with 100,000, a million and ten million events stored')
  .option('--max-events <number>', 'leaves out what is larger', parseCount, 10_000_000)
  .option('--runs <number>', 'how often each is measured; the medians are shown', parseCount, 5)
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, ...options }: FreezeOptions & { readonly json: boolean }) => {
    const figures = await onBenchStack((parts) => measureFreeze(parts, options));
    process.stdout.write(`${json ? JSON.stringify(figures, null, 2) : reportFreeze(figures)}\n`);
  });

program
  .command('memory')
  .description("the api's memory under steady ingestion")
  .option('--minutes <number>', 'after a minute of warm-up', parseCount, 5)
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, ...options }: MemoryOptions & { readonly json: boolean }) => {
    const figures = await onBenchStack((parts) => measureMemory(parts, options));
    process.stdout.write(`${json ? JSON.stringify(figures, null, 2) : reportMemory(figures)}\n`);
  });

program
  .command('close')
  .description(
    "a month's close: customers per second under Stripe's limits and without, memory, Temporal's actions",
  )
  .option(
    '--customers <numbers>',
    'of the closes without limits, with commas between',
    parseCounts,
    [1_000, 10_000, 50_000],
  )
  .option('--limited-customers <number>', "of the close under Stripe's limits", parseCount, 2_000)
  .option('--runs <number>', 'how often each is measured; the medians are shown', parseCount, 1)
  .option('--json', 'print the figures as JSON', false)
  .action(async ({ json, ...options }: CloseOptions & { readonly json: boolean }) => {
    const figures = await measureClose(options);
    process.stdout.write(`${json ? JSON.stringify(figures, null, 2) : reportClose(figures)}\n`);
  });

/** `1000,10000`: counts with commas between. */
function parseCounts(text: string): number[] {
  return text.split(',').map(parseCount);
}

try {
  await program.parseAsync();
} catch (error) {
  complain(describeError(error));
  // Whatever was being measured does not know yet.
  process.exit(1);
}
