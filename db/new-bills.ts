import { createHash } from 'node:crypto';
import type { Insertable } from 'kysely';
import type { BillLine, RatedBill } from '../domain/bill.ts';
import { drawsOfParts } from '../domain/bill-parts.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import { creditCause } from '../domain/credit-causes.ts';
import type { CreditLot } from '../domain/credits.ts';
import type { UserKey } from '../domain/customer-key.ts';
import { sumCents } from '../domain/money.ts';
import { grantCreditLot, settleCredits, takeFromLots } from './credits.ts';
import type { DatabaseTransaction } from './database.ts';
import type { BillsTable } from './schema.ts';

/** What a user owes for a month. */
export interface BillKey extends UserKey {
  readonly period: BillingPeriod;
}

/** Who freezes: kept with the bill, for Temporal forgets its histories. */
export interface WorkflowRun {
  readonly workflowId: string;
  readonly runId: string;
}

interface NewBill extends RatedBill {
  readonly billId: string;
}

interface Circumstances {
  /** Who freezes. */
  readonly workflow: WorkflowRun | undefined;
  /** Why a person must look at the bill before it goes out; `null`: it needs nobody. */
  readonly holdReason: string | null;
  /** Why it never goes out; `null`: it does. */
  readonly writtenOff: string | null;
}

/** Writes the parts of a month's bill with their lines; most bills are their only part. */
export async function insertBills(
  transaction: DatabaseTransaction,
  { mode, userId, period }: BillKey,
  parts: readonly RatedBill[],
  { workflow, ...fate }: Circumstances,
): Promise<NewBill[]> {
  const bills = parts.map((part, index) => ({
    ...part,
    billId: billIdOf({ mode, userId, period }, index + 1),
  }));
  for (const [index, bill] of bills.entries()) {
    const row = {
      mode,
      bill_id: bill.billId,
      user_id: userId,
      period,
      part: index + 1,
      parts: parts.length,
      ...statusOf(bill, fate),
      total_cents: bill.totalCents,
      credits_applied_cents: bill.creditsAppliedCents,
      workflow_id: workflow?.workflowId ?? null,
      workflow_run_id: workflow?.runId ?? null,
    };
    await insertBill(transaction, row, bill.lines);
  }
  return bills;
}

/** Writes a bill and its lines, in their order. */
export async function insertBill(
  transaction: DatabaseTransaction,
  bill: Insertable<BillsTable> & { readonly bill_id: string },
  lines: readonly BillLine[],
): Promise<void> {
  await transaction.insertInto('bills').values(bill).execute();
  await transaction
    .insertInto('bill_lines')
    .values(
      lines.map((line, index) => ({
        mode: bill.mode,
        bill_id: bill.bill_id,
        line_number: index + 1,
        product: line.product,
        usage_period: line.usagePeriod,
        quantity: line.quantity,
        exact_quantity: line.exactQuantity,
        unit_price_cents: line.unitPriceCents,
        amount_cents: line.amountCents,
        description: line.description,
        events_before: line.events?.before ?? null,
        events_through: line.events?.through ?? null,
        first_event_at: line.events?.firstAt ?? null,
        last_event_at: line.events?.lastAt ?? null,
      })),
    )
    .execute();
}

/** Whether the user has a bill of the month: any part of it, or this one. */
export async function isBilled(
  transaction: DatabaseTransaction,
  { mode, userId, period }: BillKey,
  part?: number,
): Promise<boolean> {
  let bills = transaction
    .selectFrom('bills')
    .select('bill_id')
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('period', '=', period)
    .where('kind', '=', 'monthly');
  if (part !== undefined) bills = bills.where('part', '=', part);
  return (await bills.executeTakeFirst()) !== undefined;
}

/**
 * By what the bill is of, and by nothing else: frozen anew in a database that was put back to a backup, it is the bill whose invoice
 * Stripe has.
 */
function billIdOf({ mode, userId, period }: BillKey, part: number): string {
  const identity = JSON.stringify([mode, userId, period, 'monthly', part]);
  return `bill_${createHash('sha256').update(identity).digest('hex').slice(0, 32)}`;
}

function statusOf(
  { totalCents }: RatedBill,
  { holdReason, writtenOff }: Pick<Circumstances, 'holdReason' | 'writtenOff'>,
) {
  // Nothing to collect: credits paid for all of it, or it came to less than half a cent.
  if (totalCents === 0) return { status: 'paid', problem: null } as const;
  if (writtenOff !== null) return { status: 'void', problem: writtenOff } as const;
  return { status: holdReason === null ? 'frozen' : 'held', problem: holdReason } as const;
}

/** Takes from the lots what each part uses of credits, or grants what it gives. */
export async function changeCredits(
  transaction: DatabaseTransaction,
  key: BillKey,
  bills: readonly Pick<NewBill, 'billId' | 'creditsAppliedCents'>[],
  usableLots: readonly CreditLot[],
): Promise<void> {
  const parts = bills.map(({ billId, creditsAppliedCents }) => ({
    lot: creditCause.bill(billId),
    creditsAppliedCents,
  }));
  const draws = drawsOfParts(parts, usableLots);
  for (const [index, { lot: cause, creditsAppliedCents }] of parts.entries()) {
    if (creditsAppliedCents < 0)
      await grantCreditLot(transaction, key, { cause, cents: -creditsAppliedCents, expiresAt: null });
    else await takeFromLots(transaction, key, draws[index] ?? [], cause);
  }
  // What a correction gives comes back as credits, and what is due from refunded purchases is taken from them.
  if (sumCents(parts.map((part) => part.creditsAppliedCents)) < 0) await settleCredits(transaction, key);
}
