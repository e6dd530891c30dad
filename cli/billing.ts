import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { saveCluster } from '../db/clusters.ts';
import { migrateToLatest } from '../db/migrate.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import { MODES } from '../domain/mode.ts';
import { METERED_PRODUCTS, type MeteredProduct } from '../domain/price-list.ts';
import { FINDING_CODES, type FindingCode } from '../domain/reconciliation-findings.ts';
import { EXTEND_GRACE_UPDATE, REACTIVATE_UPDATE, SUSPEND_UPDATE } from '../domain/workflow-contracts.ts';
import { accept } from './accept-finding.ts';
import { createApiKey, revokeApiKey, showApiKeys } from './api-keys.ts';
import { addCloseCommands } from './close-commands.ts';
import { complain, describeError, say } from './console.ts';
import { openContext, UsageError } from './context.ts';
import { decide, showCustomer, tellToLookAgain } from './customer.ts';
import { loadEnvironmentFile } from './environment-file.ts';
import { eraseUser } from './erase-user.ts';
import { explain } from './explain.ts';
import { exportBillsTo } from './export-bills.ts';
import { type ByOption, byOption, type ModeOption, modeOption, parsePeriod } from './options.ts';
import { parseDollars, setPrice, showPrices } from './prices.ts';
import { reconcile } from './reconcile.ts';
import { noteRestored, parseInstant } from './restored.ts';
import { dropUsageBefore } from './retention.ts';

interface ReconcileOptions extends Partial<ModeOption> {
  readonly accept?: FindingCode;
  readonly json?: boolean;
}

interface SetupStripeOptions extends ModeOption {
  readonly url?: string;
  readonly apply?: boolean;
}

interface ExportBillsOptions extends ModeOption {
  readonly from: BillingPeriod;
  readonly to: BillingPeriod;
  readonly json?: boolean;
  readonly lines?: boolean;
}

/** Exit status of a command whose status 1 says something else. */
const USAGE_STATUS = 2;

const program = new Command('billing')
  .description(
    'Runs the billing: of the stack that "npm start" runs, or of the parts that the environment configures.',
  )
  .showHelpAfterError();

program
  .command('setup-stripe')
  .description(
    'show what Stripe lacks: products, prices, meters and the webhook endpoint; makes nothing without --apply',
  )
  .addOption(modeOption())
  .addOption(
    new Option(
      '--url <url>',
      'where Stripe reaches the api; without it the webhook endpoint is left out',
    ).argParser(parsePublicUrl),
  )
  .option('--apply', 'do it')
  .action(async ({ mode, url, apply = false }: SetupStripeOptions) => {
    const { runSetupStripe } = await import('./setup-stripe.ts');
    await runSetupStripe(await openContext('optional'), { mode, publicUrl: url ?? null, apply });
  });

program
  .command('doctor')
  .description(
    'look at all that billing needs, in both modes: what is wrong, and how to mend it; writes nothing',
  )
  .option('--json', 'for programs')
  .addOption(new Option('--url <url>', "the api's address; on this machine unless given").argParser(parseUrl))
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
    new Option('--percent <percent>', 'with --use: only so much of it').argParser(parsePercent).default(100),
  )
  .action(async ({ use: buildId, percent }: { readonly use?: string; readonly percent: number }) => {
    const { showWorkerVersions, useWorkerVersion } = await import('./worker-versions.ts');
    const context = await openContext();
    await (buildId === undefined
      ? showWorkerVersions(context)
      : useWorkerVersion(context, { buildId, percent }));
  });

program
  .command('explain')
  .description('trace a bill, an invoice or a line back to its usage, the rule, and the requests to Stripe')
  .argument('<id>', 'bill_…, in_…, or bill_…:2 for the second line')
  .option('--events', 'list the raw events of each line, and add them up anew')
  .option('--json', 'for programs')
  .action(async (reference: string, options: { readonly events?: boolean; readonly json?: boolean }) => {
    const { events: withEvents = false, json = false } = options;
    await explain(await openContext(), { reference, withEvents, json });
  });

program
  .command('prices')
  .description('show what each product costs, and from which month on')
  .addOption(modeOption())
  .action(async ({ mode }: ModeOption) => {
    await showPrices(await openContext(), mode);
  });

program
  .command('set-price')
  .description('change what a product costs from a month on; what was used before costs what it did')
  .addArgument(new Argument('<product>').choices(METERED_PRODUCTS))
  .argument('<dollars>', 'for one unit, such as 0.12')
  .requiredOption('--from <YYYY-MM>', 'the first month that costs this; not one that is over', parsePeriod)
  .addOption(modeOption())
  .action(
    async (
      product: MeteredProduct,
      dollars: string,
      { mode, from: fromPeriod }: ModeOption & { readonly from: BillingPeriod },
    ) => {
      const unitPriceCents = parseDollars(dollars);
      await setPrice(await openContext(), { mode, product, fromPeriod, unitPriceCents });
    },
  );

program
  .command('drop-usage-events')
  .description('delete the raw usage events of old months, of both modes; bills stay as they are')
  .requiredOption('--before <YYYY-MM>', 'the first month to keep', parsePeriod)
  .action(async ({ before }: { readonly before: BillingPeriod }) => {
    await dropUsageBefore(await openContext(), before);
  });

addCloseCommands(program);

program
  .command('export-bills')
  .description('write the bills of these months to standard output, for accounting')
  .requiredOption('--from <YYYY-MM>', 'the first month', parsePeriod)
  .requiredOption('--to <YYYY-MM>', 'the last month', parsePeriod)
  .addOption(
    new Option('--csv', 'a header, then a row for each bill; so unless told otherwise').conflicts('json'),
  )
  .option('--json', 'an object a line')
  .option('--lines', 'a row for each line of a bill; in JSON as part of their bill')
  .addOption(modeOption())
  .action(async ({ mode, from, to, json, lines = false }: ExportBillsOptions) => {
    const format = json === true ? 'json' : 'csv';
    await exportBillsTo(await openContext(), { mode, from, to, format, withLines: lines }, process.stdout);
  });

program
  .command('reconcile')
  .description('compare Stripe with the database; repairs what was missed, and says what a person is to do')
  .argument('[object]', 'with --accept: what the finding is about')
  .addOption(
    new Option('--mode <mode>', "only one of Stripe's worlds; all that are configured unless given").choices(
      MODES,
    ),
  )
  .addOption(
    new Option(
      '--accept <finding>',
      'compare nothing; what this finding tells of the object is to be so, and wants nobody any more',
    ).choices(FINDING_CODES),
  )
  .option('--json', 'for programs')
  .action(async (objectId: string | undefined, options: ReconcileOptions) => {
    const { mode, accept: code, json = false } = options;
    if (code === undefined && objectId === undefined)
      return await reconcile(await openContext(), { mode, json });
    if (code === undefined || objectId === undefined || mode === undefined)
      throw new UsageError('Say what is accepted: --accept <finding> <object> --mode <mode>.');
    await accept(await openContext(), { mode, code, objectId });
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
  .command('cluster')
  .description('add a cluster that users are assigned to, or change how many it takes')
  .argument('<id>', 'the cluster')
  .argument('<capacity>', 'how many users it takes', parseCapacity)
  .addOption(modeOption())
  .action(async (clusterId: string, capacity: number, { mode }: ModeOption) => {
    const context = await openContext();
    await context.withDatabase(async (db) => {
      await migrateToLatest(db);
      const toBeTold = await saveCluster(db, { mode, clusterId, capacity });
      if (toBeTold.length > 0) {
        await context.withTemporal((temporal) => tellToLookAgain(temporal, mode, toBeTold));
        say(`${toBeTold.length} who waited have a place now.`);
      }
    });
    say(`Cluster ${clusterId} (${mode}) takes ${capacity} users.`);
  });

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
  .command('create-api-key')
  .description('make an API key for the host product; it is shown once')
  .argument('<name>', 'what it is for')
  .addOption(modeOption())
  .action(async (name: string, { mode }: ModeOption) => {
    await createApiKey(await openContext(), { mode, name });
  });

program
  .command('api-keys')
  .description('list the API keys: what each is for, when it was last used, and whether it is revoked')
  .addOption(new Option('--mode <mode>', "only those of one of Stripe's worlds").choices(MODES))
  .action(async ({ mode }: Partial<ModeOption>) => {
    await showApiKeys(await openContext(), mode);
  });

program
  .command('revoke-api-key')
  .description('end an API key for good; every api refuses it within 5 seconds')
  .argument('<key>', 'its id or its name, as "api-keys" shows them')
  // An id may begin with a hyphen.
  .allowUnknownOption()
  .action(async (key: string) => {
    await revokeApiKey(await openContext(), key);
  });

program
  .command('account-link')
  .description("print a link that opens a user's account page, once and within ten minutes")
  .argument('<user>', 'the id of the user')
  .addOption(modeOption())
  .addOption(new Option('--url <url>', "the api's address as the user has it; on this machine unless given"))
  .action(async (userId: string, { mode, url }: ModeOption & { readonly url?: string }) => {
    const { printAccountLink } = await import('./account-link.ts');
    await printAccountLink(await openContext(), { mode, userId, ...(url === undefined ? {} : { url }) });
  });

program
  .command('hash-password')
  .description("hash the admin's password, asked for or read from standard input, for ADMIN_PASSWORD_HASH")
  .action(async () => {
    const { printPasswordHash } = await import('./hash-password.ts');
    await printPasswordHash(process.stdin);
  });

function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin;
  throw new InvalidArgumentError('Write an address such as https://billing.example.com.');
}

function parsePercent(text: string): number {
  const percent = Number(text);
  if (percent > 0 && percent <= 100) return percent;
  throw new InvalidArgumentError('Write a number above 0, and at most 100.');
}

/** With the path below which a proxy serves the api, if it does. */
function parsePublicUrl(text: string): string {
  const { origin } = new URL(parseUrl(text));
  return `${origin}${new URL(text).pathname.replace(/\/+$/, '')}`;
}

function parseCapacity(text: string): number {
  const capacity = Number(text);
  if (Number.isInteger(capacity) && capacity >= 0) return capacity;
  throw new InvalidArgumentError('Write a whole number.');
}

try {
  loadEnvironmentFile();
  await program.parseAsync();
} catch (error) {
  complain(describeError(error));
  process.exitCode = 1;
}
