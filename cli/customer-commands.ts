import { type Command, InvalidArgumentError, Option } from 'commander';
import { saveCluster } from '../db/clusters.ts';
import { EXTEND_GRACE_UPDATE, REACTIVATE_UPDATE, SUSPEND_UPDATE } from '../domain/customer-workflow.ts';
import { say } from './console.ts';
import { openContext } from './context.ts';
import { decide, showCustomer } from './customer.ts';
import { eraseUser } from './erase-user.ts';
import { type ByOption, byOption, type ModeOption, modeOption } from './options.ts';

/** The commands about a customer, and about the clusters that customers are assigned to. */
export function addCustomerCommands(program: Command): void {
  /** A command about one customer. */
  const customerCommand = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .argument('<customer>', "the host product's user id, or cus_…")
      .addOption(modeOption());

  customerCommand('customer', 'show where a customer stands, why, and what billing waits for').action(
    async (customer: string, { mode }: ModeOption) => {
      await showCustomer(await openContext(), { mode, customer });
    },
  );

  customerCommand('extend-grace', 'give a customer who owes more time')
    .requiredOption('--days <days>', 'how many days from now', Number)
    .addOption(byOption())
    .action(
      async (customer: string, { mode, days, as: by }: ModeOption & ByOption & { readonly days: number }) => {
        const decision = { update: EXTEND_GRACE_UPDATE, request: { days, by } } as const;
        await decide(await openContext(), { mode, customer }, decision);
      },
    );

  customerCommand('suspend', 'end a customer\'s access until it is given back with "reactivate"')
    .requiredOption('--reason <text>', 'why; it is stored, and shown to operators')
    .addOption(byOption())
    .action(
      async (
        customer: string,
        { mode, reason, as: by }: ModeOption & ByOption & { readonly reason: string },
      ) => {
        const decision = { update: SUSPEND_UPDATE, request: { reason, by } } as const;
        await decide(await openContext(), { mode, customer }, decision);
      },
    );

  customerCommand('reactivate', 'lift a suspension by an operator; the rules of billing then decide')
    .addOption(byOption())
    .action(async (customer: string, { mode, as: by }: ModeOption & ByOption) => {
      const decision = { update: REACTIVATE_UPDATE, request: { by } } as const;
      await decide(await openContext(), { mode, customer }, decision);
    });

  program
    .command('erase-user')
    .description(
      "say what an erasure of a person's data would do; with --apply it is done, and cannot be undone",
    )
    .argument('<user>', 'the id of the user')
    .option('--apply', 'do it')
    .option('--write-off', 'give up what they owe and what is not billed yet')
    .addOption(modeOption())
    .action(
      async (
        userId: string,
        options: ModeOption & { readonly apply?: boolean; readonly writeOff?: boolean },
      ) => {
        const { mode, apply = false, writeOff = false } = options;
        await eraseUser(await openContext(), { mode, userId, apply, writeOff });
      },
    );

  program
    .command('account-link')
    .description("print a link that opens a user's account page, once and within ten minutes")
    .argument('<user>', 'the id of the user')
    .addOption(modeOption())
    .addOption(
      new Option('--url <url>', "the api's address as the user has it; on this machine unless given"),
    )
    .action(async (userId: string, { mode, url }: ModeOption & { readonly url?: string }) => {
      const { printAccountLink } = await import('./account-link.ts');
      await printAccountLink(await openContext(), { mode, userId, ...(url === undefined ? {} : { url }) });
    });

  program
    .command('cluster')
    .description('add a cluster that users are assigned to, or change how many it takes')
    .argument('<id>', 'the cluster')
    .argument('<capacity>', 'how many users it takes', parseCapacity)
    .addOption(modeOption())
    .action(async (clusterId: string, capacity: number, { mode }: ModeOption) => {
      const context = await openContext();
      await context.withDatabase(async (db) => {
        const toBeTold = await saveCluster(db, { mode, clusterId, capacity });
        if (toBeTold.length === 0) return;
        await context.withTemporal(async (temporal) => {
          const { signalLookAgain } = await import('../temporal/signals.ts');
          // Who was not told, because this broke off, is among them when the command is called again.
          for (const stripeCustomerId of toBeTold)
            await signalLookAgain(temporal, { mode, stripeCustomerId });
        });
        say(`${toBeTold.length} who waited have a place now.`);
      });
      say(`Cluster ${clusterId} (${mode}) takes ${capacity} users.`);
    });
}

function parseCapacity(text: string): number {
  const capacity = Number(text);
  if (Number.isInteger(capacity) && capacity >= 0) return capacity;
  throw new InvalidArgumentError('Write a whole number.');
}
