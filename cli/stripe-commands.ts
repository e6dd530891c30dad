import { type Command, Option } from 'commander';
import { MODES } from '../domain/mode.ts';
import { FINDING_CODES, type FindingCode } from '../domain/reconciliation-findings.ts';
import { accept } from './accept-finding.ts';
import { openContext, UsageError } from './context.ts';
import { type ModeOption, modeOption, parseUrl } from './options.ts';
import { reconcile } from './reconcile.ts';

interface SetupStripeOptions extends ModeOption {
  readonly url?: string;
  readonly apply?: boolean;
}

interface ReconcileOptions extends Partial<ModeOption> {
  readonly accept?: FindingCode;
  readonly json?: boolean;
}

/** The commands about Stripe: setting it up, and comparing it with the database. */
export function addStripeCommands(program: Command): void {
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
    .command('reconcile')
    .description('compare Stripe with the database; repairs what was missed, and says what a person is to do')
    .argument('[object]', 'with --accept: what the finding is about')
    .addOption(
      new Option(
        '--mode <mode>',
        "only one of Stripe's worlds; all that are configured unless given",
      ).choices(MODES),
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
}

/** With the path below which a proxy serves the api, if it does. */
function parsePublicUrl(text: string): string {
  const { origin } = new URL(parseUrl(text));
  return `${origin}${new URL(text).pathname.replace(/\/+$/, '')}`;
}
