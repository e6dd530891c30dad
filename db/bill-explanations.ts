import type { Selectable } from 'kysely';
import type { BillLine, BillStatus } from '../domain/bill.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import { creditCause } from '../domain/credit-causes.ts';
import type { Mode } from '../domain/mode.ts';
import { billLineOf } from './bills.ts';
import type { Database } from './database.ts';
import type { BillLinesTable } from './schema.ts';

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

/** One write to Stripe, as it was noted before and after. */
export interface ExplainedWrite {
  /** Its business identity, such as `bill:…:draft`. */
  readonly writeKey: string;
  readonly stripeObjectId: string | null;
  /** `req_…`; `null` when the outcome is unknown, or was found in Stripe after an answer that got lost. */
  readonly stripeRequestId: string | null;
  readonly completedAt: Date | null;
}

/** A line with the events that it was made of. */
export interface ExplainedLine extends Omit<BillLine, 'events'> {
  /** `<bill id>:<number>` */
  readonly lineId: string;
  /** `null` for credits, and for bills from before this was kept. */
  readonly events: ExplainedEvents | null;
}

/** How many events a line was made of, when they occurred, and by which numbers db/line-events.ts finds them. */
export interface ExplainedEvents {
  readonly count: number;
  readonly firstAt: Date | null;
  readonly lastAt: Date | null;
  /** The line holds the events of its total that are numbered above this … */
  readonly before: number;
  /** … up to this. */
  readonly through: number;
}

/** As PostgreSQL's integer takes it. */
const LINE_NUMBER = /^[1-9]\d{0,8}$/;

/**
 * Explains a bill, or one line of it.
 *
 * @param reference a bill's id (`bill_…`), a line's (`bill_…:2`), or an invoice's (`in_…`).
 * @returns `undefined` when there is no such bill or line, in neither mode.
 */
export async function explainBill(db: Database, reference: string): Promise<BillExplanation | undefined> {
  const [id = '', lineNumber] = reference.split(':', 2);
  if (lineNumber !== undefined && !LINE_NUMBER.test(lineNumber)) return undefined;
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
    ...billLineOf(row),
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
