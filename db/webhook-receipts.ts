import { type Selectable, sql } from 'kysely';
import type { Mode } from '../domain/mode.ts';
import { HANDLED_EVENT_TYPES } from '../domain/stripe-event.ts';
import type { WebhookOutcome, WebhookReceipt } from '../domain/webhook-receipt.ts';
import type { Database } from './database.ts';
import type { WebhookReceiptsTable } from './schema.ts';

/** Stripe sends an event again for three days; what is older is history. */
export const RECEIPTS_KEPT_DAYS = 30;

/** A receipt with what it led to. */
export interface ListedReceipt extends WebhookReceipt {
  /** The user whom Stripe knows as its customer. */
  readonly userId: string | null;
  /** When the event had its effect; by the database's clock. */
  readonly appliedAt: Date | null;
}

/** Where a page of receipts begins: after this one. */
export interface ReceiptCursor {
  readonly receivedAt: Date;
  readonly receiptId: string;
}

/** Writes receipts; once each, however often it is tried. */
export async function saveReceipts(db: Database, receipts: readonly WebhookReceipt[]): Promise<void> {
  if (receipts.length === 0) return;
  await db
    .insertInto('webhook_receipts')
    .values(
      receipts.map((receipt) => ({
        mode: receipt.mode,
        receipt_id: receipt.receiptId,
        event_id: receipt.eventId,
        type: receipt.type,
        outcome: receipt.outcome,
        reason: receipt.reason,
        stripe_customer_id: receipt.stripeCustomerId,
        object_id: receipt.envelope?.objectId ?? null,
        charge_id: receipt.envelope?.chargeId ?? null,
        event_created: receipt.envelope?.created ?? null,
        received_at: receipt.receivedAt,
        verified_at: receipt.verifiedAt,
        signalled_at: receipt.signalledAt,
      })),
    )
    .onConflict((conflict) => conflict.columns(['receipt_id', 'mode']).doNothing())
    .execute();
}

/** A mode's receipts, newest first. */
export async function listReceipts(
  db: Database,
  mode: Mode,
  filter: {
    readonly outcome?: WebhookOutcome | undefined;
    readonly type?: string | undefined;
    readonly after?: ReceiptCursor | undefined;
    readonly limit: number;
  },
): Promise<ListedReceipt[]> {
  const { outcome, type, after, limit } = filter;
  const rows = await receiptsWithEffect(db, mode)
    .$if(outcome !== undefined, (receipts) => receipts.where('outcome', '=', outcome ?? 'accepted'))
    .$if(type !== undefined, (receipts) => receipts.where('webhook_receipts.type', '=', type ?? null))
    .$if(after !== undefined, (receipts) =>
      receipts.where(
        sql<boolean>`(received_at, receipt_id) < (${after?.receivedAt}, ${after?.receiptId}::uuid)`,
      ),
    )
    .orderBy('received_at', 'desc')
    .orderBy('receipt_id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(listedReceipt);
}

/** The deliveries of an event, newest first. */
export async function findReceipts(db: Database, mode: Mode, eventId: string): Promise<ListedReceipt[]> {
  const rows = await receiptsWithEffect(db, mode)
    .where('webhook_receipts.event_id', '=', eventId)
    .orderBy('received_at', 'desc')
    .execute();
  return rows.map(listedReceipt);
}

/** When a mode's last delivery came in that was Stripe's, and how many of each outcome did since `since`. */
export async function countReceipts(
  db: Database,
  mode: Mode,
  since: Date,
): Promise<{ readonly lastVerifiedAt: Date | null } & Readonly<Record<WebhookOutcome, number>>> {
  const last = await db
    .selectFrom('webhook_receipts')
    .select('received_at')
    .where('mode', '=', mode)
    .where('verified_at', 'is not', null)
    .orderBy('received_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  const rows = await db
    .selectFrom('webhook_receipts')
    .select((query) => ['outcome', query.fn.countAll<number>().as('count')])
    .where('mode', '=', mode)
    .where('received_at', '>=', since)
    .groupBy('outcome')
    .execute();
  const countOf = (outcome: WebhookOutcome) => rows.find((row) => row.outcome === outcome)?.count ?? 0;
  return {
    lastVerifiedAt: last?.received_at ?? null,
    accepted: countOf('accepted'),
    ignored: countOf('ignored'),
    refused: countOf('refused'),
    failed: countOf('failed'),
  };
}

/**
 * When the oldest event came in that Temporal has stored since `since`, of a customer whom we know, and that has had no effect yet; `null`
 * when there is none. What only test purchases wait for is left out. Reads the receipts of that time by `webhook_receipts_by_time`, and looks each event up by its key.
 */
export async function oldestUnappliedEvent(db: Database, mode: Mode, since: Date): Promise<Date | null> {
  const oldest = await receiptsWithEffect(db, mode)
    .clearSelect()
    .select('received_at')
    .where('received_at', '>=', since)
    .where('outcome', '=', 'accepted')
    .where('webhook_receipts.type', 'in', HANDLED_EVENT_TYPES)
    .where('applied_at', 'is', null)
    .where('users.user_id', 'is not', null)
    .orderBy('received_at')
    .limit(1)
    .executeTakeFirst();
  return oldest?.received_at ?? null;
}

/** Deletes what came in before. */
export async function pruneReceipts(db: Database, before: Date): Promise<void> {
  await db.deleteFrom('webhook_receipts').where('received_at', '<', before).execute();
}

function receiptsWithEffect(db: Database, mode: Mode) {
  return db
    .selectFrom('webhook_receipts')
    .leftJoin('applied_stripe_events', (join) =>
      join
        .onRef('applied_stripe_events.mode', '=', 'webhook_receipts.mode')
        .onRef('applied_stripe_events.event_id', '=', 'webhook_receipts.event_id'),
    )
    .leftJoin('users', (join) =>
      join
        .onRef('users.mode', '=', 'webhook_receipts.mode')
        .onRef('users.stripe_customer_id', '=', 'webhook_receipts.stripe_customer_id'),
    )
    .selectAll('webhook_receipts')
    .select(['applied_at', 'users.user_id'])
    .where('webhook_receipts.mode', '=', mode);
}

type Row = Selectable<WebhookReceiptsTable> & {
  readonly applied_at: Date | null;
  readonly user_id: string | null;
};

function listedReceipt(row: Row): ListedReceipt {
  return {
    mode: row.mode,
    receiptId: row.receipt_id,
    eventId: row.event_id,
    type: row.type,
    outcome: row.outcome,
    reason: row.reason,
    stripeCustomerId: row.stripe_customer_id,
    userId: row.user_id,
    envelope: envelopeOf(row),
    receivedAt: row.received_at,
    verifiedAt: row.verified_at,
    signalledAt: row.signalled_at,
    appliedAt: row.applied_at,
  };
}

function envelopeOf(row: Row): WebhookReceipt['envelope'] {
  const { event_id: eventId, type, object_id: objectId, event_created: created, charge_id: chargeId } = row;
  if (eventId === null || type === null || objectId === null || created === null) return null;
  return { eventId, type, objectId, created, ...(chargeId === null ? {} : { chargeId }) };
}
