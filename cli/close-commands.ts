import type { WorkflowHandle } from '@temporalio/client';
import type { Command } from 'commander';
import type { BillingPeriod } from '../domain/billing-period.ts';
import { type Month, whyNotClose } from '../domain/monthly-close.ts';
import { workflowLink } from '../domain/workflow-link.ts';
import { showBalance } from './balance.ts';
import { startClose } from './close.ts';
import { approve, decideOnBills, retryParked } from './close-decisions.ts';
import { printReport } from './close-report.ts';
import { say } from './console.ts';
import { type CliContext, openContext, UsageError } from './context.ts';
import { type ByOption, byOption, type ModeOption, modeOption, parsePeriod } from './options.ts';
import { previewMonth } from './preview.ts';
import { waitForClose, watchClose } from './watch-close.ts';

interface FollowOptions {
  readonly wait?: boolean;
  readonly watch?: boolean;
}

interface Reason {
  readonly reason: string;
}

type DecisionOptions = ModeOption & ByOption & Partial<Reason> & { readonly all?: boolean };

/** The commands about the close of a month. */
export function addCloseCommands(program: Command): void {
  const monthCommand = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .argument('<YYYY-MM>', 'the month', parsePeriod)
      .addOption(modeOption());

  monthCommand('preview', 'compute what a close would come to now, without writing anything')
    .option('--csv', 'a row for each bill')
    .option('--json', 'for programs')
    .action(
      async (
        period: BillingPeriod,
        { mode, csv, json }: ModeOption & { readonly csv?: boolean; readonly json?: boolean },
      ) => {
        const format = csv === true ? 'csv' : json === true ? 'json' : 'table';
        await previewMonth(await openContext(), { mode, period, format });
      },
    );

  followed(
    monthCommand(
      'close',
      'close a month: freeze its bills and turn each into an invoice; what is billed already stays as it is',
    ),
  ).action(async (period: BillingPeriod, { mode, ...how }: ModeOption & FollowOptions) => {
    const why = whyNotClose(period, new Date());
    if (why !== null) throw new UsageError(`${why}.`);
    const context = await openContext();
    await context.withTemporal(async (temporal) => {
      const month = { mode, period };
      await follow(context, await startClose(temporal, month), month, how);
    });
  });

  monthCommand('approve', 'let the frozen bills of a month go out (BILLING_APPROVAL=required)')
    .addOption(byOption())
    .action(async (period: BillingPeriod, { mode, as }: ModeOption & ByOption) => {
      await approve(await openContext(), { mode, period }, as);
    });

  const billsCommand = (name: string, description: string) =>
    monthCommand(name, description)
      .argument('[bills...]', "bill_…, or the host product's user ids")
      .addOption(byOption());

  billsCommand('hold', 'keep bills of a month from going out until they are released')
    .requiredOption('--reason <text>', 'why; it is stored, and shown with the bill')
    .action(async (period: BillingPeriod, bills: string[], options: ModeOption & ByOption & Reason) => {
      const { mode, as: by, reason } = options;
      await decideOnBills(await openContext(), { mode, period }, { type: 'hold', bills, by, reason });
    });

  for (const [type, description] of [
    ['release', 'let held bills of a month go out'],
    ['skip', 'let the close end although bills are held; they can be released later'],
  ] as const) {
    billsCommand(type, description)
      .option('--all', 'all that are held')
      .option('--reason <text>', 'why; it is stored')
      .action(async (period: BillingPeriod, bills: string[], options: DecisionOptions) => {
        const { mode, as: by, reason, all } = options;
        const decision = { type, bills: all === true ? 'all' : bills, by, reason } as const;
        await decideOnBills(await openContext(), { mode, period }, decision);
      });
  }

  followed(monthCommand('retry-parked', 'try the parked bills of a month once more, and no others'))
    .addOption(byOption())
    .action(async (period: BillingPeriod, { mode, as, ...how }: ModeOption & ByOption & FollowOptions) => {
      const context = await openContext();
      await context.withTemporal(async (temporal) => {
        const month = { mode, period };
        await follow(context, await retryParked(temporal, month, as), month, how);
      });
    });

  monthCommand(
    'balance',
    'show where all usage of a month has gone: on bills, by what became of them, or on none',
  )
    .option('--json', 'for programs')
    .action(
      async (period: BillingPeriod, { mode, json = false }: ModeOption & { readonly json?: boolean }) => {
        await showBalance(await openContext(), { mode, period, json });
      },
    );
}

/** Says where the close can be looked at, and waits for it if that is asked for. */
async function follow(
  context: CliContext,
  handle: WorkflowHandle,
  month: Month,
  { wait, watch }: FollowOptions,
): Promise<void> {
  const { mode, period } = month;
  say(`Close of ${period} (${mode}): ${workflowLink(context.links, handle.workflowId)}`);
  if (wait !== true && watch !== true) return;
  await context.withDatabase(async (db) => {
    const report = watch === true ? watchClose(handle, db, month) : waitForClose(handle, month);
    await printReport(db, await report);
  });
}

const followed = (command: Command) =>
  command
    .option('--wait', 'wait for the report')
    .option('--watch', 'show how far it is until it ends, then the report');
