import { Big } from 'big.js';
import type { Selectable } from 'kysely';
import type { BillLine, BillStatus } from '../domain/bill.ts';
import { type BillingPeriod, periodEnd, periodStart } from '../domain/billing-period.ts';
import { creditCause } from '../domain/credit-causes.ts';
import type { Mode } from '../domain/mode.ts';
import { isMeteredProduct, PRICE_LIST } from '../domain/price-list.ts';
import { storageChanges, storageGbMs } from '../domain/storage.ts';
import type { Database } from './database.ts';
import type { BillLinesTable } from './schema.ts';
import { listPartitions } from './usage-partitions.ts';

/** A bill traced back to what made it, from the database alone: Temporal forgets its histories. */
export interface BillExplanation {
  readonly mode: Mode;
  readonly billId: string;
  readonly userId: string;
  readonly stripeCustomerId: string | null;
  readonly period: BillingPeriod;
  /** Which part of the month's bill, and of how many. */
  readonly part: number;
  readonly parts: number;
  readonly status: BillStatus;
  readonly totalCents: number;
  readonly frozenAt: Date;
  /** The run of the close that froze it; `null` when no workflow did. */
  readonly workflow: { readonly workflowId: string; readonly runId: string } | null;
  readonly stripeInvoiceId: string | null;
  readonly problem: string | null;
  /** What was written to Stripe for it, in the order in which it was intended. */
  readonly stripeWrites: readonly ExplainedWrite[];
  /** All of its lines, or the one that was asked for. */
  readonly lines: readonly ExplainedLine[];
  /** Entries of the ledger that the bill made, each with what granted the credits that it used. */
  readonly creditEntries: readonly { readonly amountCents: number; readonly lot: string }[];
}

export interface ExplainedWrite {
  /** Its business identity, such as `bill:…:draft`. */
  readonly writeKey: string;
  readonly stripeObjectId: string | null;
  /** `req_…`; `null` when the outcome is unknown, or was found in Stripe after an answer that got lost. */
  readonly stripeRequestId: string | null;
  readonly completedAt: Date | null;
}

export interface ExplainedLine extends Omit<BillLine, 'events'> {
  /** `<bill id>:<number>` */
  readonly lineId: string;
  /** `null` for credits, and for bills from before this was kept. */
  readonly events: ExplainedEvents | null;
}

export interface ExplainedEvents {
  readonly count: number;
  readonly firstAt: Date | null;
  readonly lastAt: Date | null;
  /** The line holds the events of its total that are numbered above this … */
  readonly before: number;
  /** … up to this. */
  readonly through: number;
}

/**
 * Explains a bill, or one line of it.
 *
 * @param reference a bill's id (`bill_…`), a line's (`bill_…:2`), or an invoice's (`in_…`).
 * @returns `undefined` when there is no such bill or line, in neither mode.
 */
export async function explainBill(db: Database, reference: string): Promise<BillExplanation | undefined> {
  const [id = '', lineNumber] = reference.split(':', 2);
  const bill = await db
    .selectFrom('bills')
    .innerJoin('users', (join) =>
      join.onRef('users.mode', '=', 'bills.mode').onRef('users.user_id', '=', 'bills.user_id'),
    )
    .selectAll('bills')
    .select('users.stripe_customer_id')
    .where(id.startsWith('in_') ? 'bills.stripe_invoice_id' : 'bills.bill_id', '=', id)
    .executeTakeFirst();
  if (bill === undefined) return undefined;
  const { mode, bill_id: billId } = bill;
  const lines = await db
    .selectFrom('bill_lines')
    .selectAll()
    .where('mode', '=', mode)
    .where('bill_id', '=', billId)
    .$if(lineNumber !== undefined, (query) => query.where('line_number', '=', Number(lineNumber)))
    .orderBy('line_number')
    .execute();
  if (lines.length === 0) return undefined;
  return {
    mode,
    billId,
    userId: bill.user_id,
    stripeCustomerId: bill.stripe_customer_id,
    period: bill.period,
    part: bill.part,
    parts: bill.parts,
    status: bill.status,
    totalCents: bill.total_cents,
    frozenAt: bill.frozen_at,
    workflow:
      bill.workflow_id === null || bill.workflow_run_id === null
        ? null
        : { workflowId: bill.workflow_id, runId: bill.workflow_run_id },
    stripeInvoiceId: bill.stripe_invoice_id,
    problem: bill.problem,
    stripeWrites: await listWrites(db, mode, billId, bill.stripe_invoice_id),
    lines: lines.map(explainLine),
    creditEntries: await listCreditEntries(db, mode, billId),
  };
}

function explainLine(row: Selectable<BillLinesTable>): ExplainedLine {
  const { events_before: before, events_through: through } = row;
  return {
    lineId: `${row.bill_id}:${row.line_number}`,
    product: row.product,
    usagePeriod: row.usage_period,
    quantity: row.quantity,
    exactQuantity: row.exact_quantity,
    unitPriceCents: row.unit_price_cents,
    amountCents: row.amount_cents,
    description: row.description,
    events:
      before === null || through === null
        ? null
        : {
            count: through - before,
            firstAt: row.first_event_at,
            lastAt: row.last_event_at,
            before,
            through,
          },
  };
}

async function listWrites(
  db: Database,
  mode: Mode,
  billId: string,
  stripeInvoiceId: string | null,
): Promise<ExplainedWrite[]> {
  const rows = await db
    .selectFrom('stripe_writes')
    .select(['write_key', 'stripe_object_id', 'stripe_request_id', 'completed_at'])
    .where('mode', '=', mode)
    .where((write) =>
      write.or([
        write('write_key', '^@', `bill:${billId}:`),
        ...(stripeInvoiceId === null ? [] : [write('write_key', '^@', `invoice:${stripeInvoiceId}:`)]),
      ]),
    )
    .orderBy('key_issued_at')
    .execute();
  return rows.map((row) => ({
    writeKey: row.write_key,
    stripeObjectId: row.stripe_object_id,
    stripeRequestId: row.stripe_request_id,
    completedAt: row.completed_at,
  }));
}

async function listCreditEntries(db: Database, mode: Mode, billId: string) {
  const rows = await db
    .selectFrom('credit_entries')
    .select(['amount_cents', 'lot'])
    .where('mode', '=', mode)
    .where('cause', '=', creditCause.bill(billId))
    .orderBy('entry_id')
    .execute();
  return rows.map((row) => ({ amountCents: row.amount_cents, lot: row.lot }));
}

/** A raw event, or a level of storage. */
export interface RawEvent {
  readonly eventId: string;
  readonly occurredAt: Date;
  readonly quantity: string;
  /** Which disk; `null` where events are summed. */
  readonly resourceId: string | null;
}

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
 * @returns `null` when they were dropped, or are not known because the bill is older than that.
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
  const rows = await db
    .selectFrom('storage_levels')
    .select(['event_id', 'occurred_at', 'gb', 'resource_id'])
    .where('mode', '=', bill.mode)
    .where('user_id', '=', bill.userId)
    .where('occurred_at', '<', periodEnd(line.usagePeriod))
    .orderBy('occurred_at')
    .orderBy('event_id')
    .execute();
  const disks = new Map<string, typeof rows>();
  for (const row of rows) disks.set(row.resource_id, [...(disks.get(row.resource_id) ?? []), row]);
  const held = [...disks.values()].flatMap((levels) => {
    const lastBefore = levels.findLastIndex((level) => level.occurred_at < periodStart(line.usagePeriod));
    return levels.slice(Math.max(0, lastBefore));
  });
  return {
    events: held.map((row) => ({
      eventId: row.event_id,
      occurredAt: row.occurred_at,
      quantity: row.gb,
      resourceId: row.resource_id,
    })),
    areWhatWasBilled: gbMsOf([...disks.values()], line.usagePeriod).eq(await billedThrough(db, bill, line)),
  };
}

function gbMsOf(
  disks: readonly (readonly { event_id: string; occurred_at: Date; gb: string }[])[],
  period: BillingPeriod,
): Big {
  return disks.reduce((sum, levels) => {
    const known = levels.map((row) => ({ eventId: row.event_id, occurredAt: row.occurred_at, gb: row.gb }));
    return sum.plus(storageGbMs(period, storageChanges([], known)));
  }, new Big(0));
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
