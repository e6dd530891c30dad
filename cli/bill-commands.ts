import { Argument, type Command, Option } from 'commander';
import type { BillingPeriod } from '../domain/billing-period.ts';
import { METERED_PRODUCTS, type MeteredProduct } from '../domain/price-list.ts';
import { openContext } from './context.ts';
import { explain } from './explain.ts';
import { exportBillsTo } from './export-bills.ts';
import { type ModeOption, modeOption, parsePeriod } from './options.ts';
import { parseDollars, setPrice, showPrices } from './prices.ts';

interface ExportBillsOptions extends ModeOption {
  readonly from: BillingPeriod;
  readonly to: BillingPeriod;
  readonly json?: boolean;
  readonly lines?: boolean;
}

/** The commands about what is charged: prices, bills, and why. */
export function addBillCommands(program: Command): void {
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
}
