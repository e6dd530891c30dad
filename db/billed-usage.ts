import type { BillingPeriod } from '../domain/billing-period.ts';
import type { MeteredProduct } from '../domain/price-list.ts';
import type { DatabaseTransaction } from './database.ts';
import type { BillKey } from './new-bills.ts';

/** What a bill's line takes of a product's usage in a month. */
export interface BilledUsage {
  readonly product: MeteredProduct;
  readonly usagePeriod: BillingPeriod;
  /** With all its digits. */
  readonly exactQuantity: string;
  /** The number of the last event that it is made of; `null`: it is made of none. */
  readonly eventsThrough: number | null;
}

/** Notes that usage is on a bill, in the transaction that writes the bill: it is on no other then. */
export async function markBilled(
  transaction: DatabaseTransaction,
  { mode, userId }: Pick<BillKey, 'mode' | 'userId'>,
  usage: readonly BilledUsage[],
): Promise<void> {
  await transaction
    .insertInto('usage_totals')
    .values(
      usage.map(({ product, usagePeriod, exactQuantity, eventsThrough }) => ({
        mode,
        user_id: userId,
        product,
        period: usagePeriod,
        // Storage carried into a month without an event of its own has no row there yet.
        used_quantity: '0',
        billed_quantity: exactQuantity,
        billed_event_count: eventsThrough ?? 0,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['mode', 'user_id', 'product', 'period']).doUpdateSet((row) => ({
        billed_quantity: row('usage_totals.billed_quantity', '+', row.ref('excluded.billed_quantity')),
        billed_event_count: row.fn<number>('greatest', [
          'usage_totals.billed_event_count',
          'excluded.billed_event_count',
        ]),
      })),
    )
    .execute();
}
