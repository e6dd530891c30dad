import type { Mutation } from '../../chaos/mutations/mutate.ts';

/** A rule broken by one line. */
export interface RuleMutation extends Mutation {
  /** What the service does then. */
  readonly breaks: string;
}

/** Tried one after the other, each by itself: the oracle must notice every one. */
export const MUTATIONS: readonly RuleMutation[] = [
  {
    breaks: 'half a cent is rounded to the even cent',
    file: 'domain/money.ts',
    text: 'WholeCents.RM = WholeCents.roundHalfUp;',
    replacement: 'WholeCents.RM = WholeCents.roundHalfEven;',
  },
  {
    breaks: "a month's first instant belongs to the month before",
    file: 'db/usage-sums.ts',
    text: 'left(occurred_at, 7) AS period',
    replacement:
      "to_char(occurred_at::timestamptz AT TIME ZONE 'UTC' - interval '1 millisecond', 'YYYY-MM') AS period",
  },
  {
    breaks: 'a freeze bills its own month only: late usage is lost',
    file: 'db/usage-totals.ts',
    text: ".where('period', '<=', through)",
    replacement: ".where('period', '=', through)",
  },
  {
    breaks: 'an event that is sent again counts again',
    file: 'db/usage-sums.ts',
    text: 'FROM sent JOIN new USING (event_id)',
    replacement: 'FROM sent',
  },
  {
    breaks: 'every month has 30 days of storage',
    file: 'domain/bill.ts',
    text: '? periodLengthMs(usagePeriod) : 1',
    replacement: '? 30 * 86_400_000 : 1',
  },
  {
    breaks: 'what is billed late overwrites what was billed before',
    file: 'db/billed-usage.ts',
    text: "billed_quantity: row('usage_totals.billed_quantity', '+', row.ref('excluded.billed_quantity')),",
    replacement: "billed_quantity: row.ref('excluded.billed_quantity'),",
  },
  {
    breaks: 'late usage costs what the month of its bill costs',
    file: 'domain/bill.ts',
    text: 'unitPricesCents(usage.product, usage.usagePeriod)',
    replacement: 'unitPricesCents(usage.product, period)',
  },
  {
    breaks: 'batches with levels of one disk take no turns',
    file: 'db/storage-levels.ts',
    text: '  await lockDisks(transaction, mode, disks);\n',
    replacement: '',
  },
  {
    breaks: 'credits pay for more than there are',
    file: 'domain/bill.ts',
    text: 'usedCents < 0 ? usedCents : Math.min(creditBalanceCents, usedCents)',
    replacement: 'usedCents',
  },
  {
    breaks: 'credits that expire last are used first',
    file: 'domain/credits.ts',
    text: 'first < second ? -1 : 1',
    replacement: 'first < second ? 1 : -1',
  },
  {
    breaks: "credits that expire with the month's end still pay for it",
    file: 'domain/credits.ts',
    text: 'expiresAt === null || expiresAt > instant',
    replacement: 'expiresAt === null || expiresAt >= instant',
  },
];
