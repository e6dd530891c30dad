import { Big } from 'big.js';
import { periodEnd, periodStart } from '../domain/billing-period.ts';
import { isMeteredProduct, PRICE_LIST } from '../domain/price-list.ts';
import { inOrder, storageChanges, storageGbMs } from '../domain/storage.ts';
import type { BillExplanation, ExplainedLine } from './bill-explanations.ts';
import type { Database } from './database.ts';
import { loadMonthLevels } from './month-levels.ts';
import { listPartitions } from './usage-partitions.ts';

/** A raw event, or a level of storage. */
export interface RawEvent {
  readonly eventId: string;
  readonly occurredAt: Date;
  readonly quantity: string;
  /** Which disk; `null` where events are summed. */
  readonly resourceId: string | null;
}

/** The raw events of one line, and whether they still come to it. */
export interface EventsOfLine {
  /** In the order in which they occurred. Of storage all levels that say what was held in the month, also those of months before. */
  readonly events: readonly RawEvent[];
  /**
   * Whether these events, added up anew, come to what the line and the lines before it say; of storage, `false` also when
   * levels have come since, whose correction a later bill has.
   */
  readonly areWhatWasBilled: boolean;
}

/**
 * Reads the raw events that a line comes from. It reads the whole month's events, so it takes its time where there are
 * millions.
 *
 * @returns `null` for credits, and when the events were dropped, or are not known because the bill is older than that.
 */
export async function listEventsOfLine(
  db: Database,
  bill: Pick<BillExplanation, 'mode' | 'billId' | 'userId'>,
  line: ExplainedLine,
): Promise<EventsOfLine | null> {
  if (!isMeteredProduct(line.product)) return null;
  if (PRICE_LIST[line.product].aggregation === 'level') return await listLevels(db, bill, line);
  return await listSummed(db, bill, line);
}

async function listSummed(
  db: Database,
  { mode, userId }: Pick<BillExplanation, 'mode' | 'userId'>,
  line: ExplainedLine,
): Promise<EventsOfLine | null> {
  const { product, usagePeriod, events } = line;
  if (events === null || !isMeteredProduct(product)) return null;
  if (!(await listPartitions(db)).includes(usagePeriod)) return null;
  const rows = await db
    .selectFrom('usage_events')
    .select(['event_id', 'occurred_at', 'quantity'])
    .where('occurred_at', '>=', periodStart(usagePeriod))
    .where('occurred_at', '<', periodEnd(usagePeriod))
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('product', '=', product)
    .where('number', '>', events.before)
    .where('number', '<=', events.through)
    .orderBy('occurred_at')
    .orderBy('event_id')
    .execute();
  const sum = rows.reduce((total, row) => total.plus(row.quantity), new Big(0));
  return {
    events: rows.map((row) => ({
      eventId: row.event_id,
      occurredAt: row.occurred_at,
      quantity: row.quantity,
      resourceId: null,
    })),
    areWhatWasBilled: sum.eq(line.exactQuantity),
  };
}

async function listLevels(
  db: Database,
  bill: Pick<BillExplanation, 'mode' | 'billId' | 'userId'>,
  line: ExplainedLine,
): Promise<EventsOfLine> {
  const { usagePeriod } = line;
  const start = periodStart(usagePeriod);
  const disks = [...(await loadMonthLevels(db, bill, usagePeriod))];
  const events = disks.flatMap(([resourceId, unordered]) => {
    const levels = inOrder(unordered);
    // Of those at one instant before the month, the last one holds.
    const lastBefore = levels.findLastIndex(({ occurredAt }) => occurredAt < start);
    return levels
      .slice(Math.max(0, lastBefore))
      .map(({ eventId, occurredAt, gb }) => ({ eventId, occurredAt, quantity: gb, resourceId }));
  });
  const gbMs = disks.reduce(
    (sum, [, levels]) => sum.plus(storageGbMs(usagePeriod, storageChanges([], levels))),
    new Big(0),
  );
  return {
    events: events.toSorted((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime()),
    areWhatWasBilled: gbMs.eq(await billedThrough(db, bill, line)),
  };
}

/** Of the line's product and month, by this bill and those that were frozen before it. Its other parts hold nothing of it. */
async function billedThrough(
  db: Database,
  { mode, billId, userId }: Pick<BillExplanation, 'mode' | 'billId' | 'userId'>,
  { product, usagePeriod }: ExplainedLine,
): Promise<Big> {
  const rows = await db
    .selectFrom('bill_lines')
    .innerJoin('bills', (join) =>
      join.onRef('bills.mode', '=', 'bill_lines.mode').onRef('bills.bill_id', '=', 'bill_lines.bill_id'),
    )
    .select('bill_lines.exact_quantity')
    .where('bills.mode', '=', mode)
    .where('bills.user_id', '=', userId)
    .where('bills.frozen_at', '<=', (query) =>
      // Read where it is exact: a Date holds milliseconds.
      query
        .selectFrom('bills as this')
        .select('this.frozen_at')
        .where('this.mode', '=', mode)
        .where('this.bill_id', '=', billId),
    )
    .where('bill_lines.product', '=', product)
    .where('bill_lines.usage_period', '=', usagePeriod)
    .execute();
  return rows.reduce((sum, row) => sum.plus(row.exact_quantity), new Big(0));
}
