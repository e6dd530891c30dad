import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BillingPeriod } from '../domain/billing-period.ts';
import { openContext } from './context.ts';
import { parsePeriod, parseUrl, USAGE_STATUS } from './options.ts';
import { noteRestored, parseInstant } from './restored.ts';
import { dropUsageBefore } from './retention.ts';

/** The commands of who runs the service: what works, which workers do what, what is kept. */
export function addOperationsCommands(program: Command): void {
  program
    .command('doctor')
    .description(
      'look at all that billing needs, in both modes: what is wrong, and how to mend it; writes nothing',
    )
    .option('--json', 'for programs')
    .addOption(
      new Option('--url <url>', "the api's address; on this machine unless given").argParser(parseUrl),
    )
    // 1 says that something is wrong with the billing, so being called wrongly is another status.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_STATUS))
    .action(async ({ json = false, url }: { readonly json?: boolean; readonly url?: string }) => {
      const { runDoctor } = await import('./doctor.ts');
      await runDoctor({ json, ...(url === undefined ? {} : { url }) });
    });

  program
    .command('worker-versions')
    .description('show the versions of the workers, or send the work that comes in to one of them')
    .option('--use <build>', 'the version (WORKER_BUILD_ID) that gets the work from now on')
    .addOption(
      new Option('--percent <percent>', 'with --use: only so much of it')
        .argParser(parsePercent)
        .default(100),
    )
    .action(async ({ use: buildId, percent }: { readonly use?: string; readonly percent: number }) => {
      const { showWorkerVersions, useWorkerVersion } = await import('./worker-versions.ts');
      const context = await openContext();
      await (buildId === undefined
        ? showWorkerVersions(context)
        : useWorkerVersion(context, { buildId, percent }));
    });

  program
    .command('restored')
    .description('note that the database was put back to a backup, so that nothing is made in Stripe twice')
    .requiredOption(
      '--backup <instant>',
      'when the backup was begun, or up to when it was recovered',
      parseInstant,
    )
    .action(async ({ backup }: { readonly backup: Date }) => {
      await noteRestored(await openContext(), backup);
    });

  program
    .command('drop-usage-events')
    .description('delete the raw usage events of old months, of both modes; bills stay as they are')
    .requiredOption('--before <YYYY-MM>', 'the first month to keep', parsePeriod)
    .action(async ({ before }: { readonly before: BillingPeriod }) => {
      await dropUsageBefore(await openContext(), before);
    });
}

function parsePercent(text: string): number {
  const percent = Number(text);
  if (percent > 0 && percent <= 100) return percent;
  throw new InvalidArgumentError('Write a number above 0, and at most 100.');
}
