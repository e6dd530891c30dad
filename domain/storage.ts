import { Big } from 'big.js';
import { type BillingPeriod, billingPeriodOf, periodEnd, periodLengthMs } from './billing-period.ts';
import type { DecimalString } from './money.ts';

/**
 * Storage is billed by level: "resource r holds q GB from t on", until the next level of r says otherwise, however many
 * months later. A GB-month is the time-weighted average over the month's real length.
 *
 * A level that replaces another is a *change* of `q − previous q` at `t`. A change adds
 *  - to its own month: change × the time left in it (GB × ms), and
 *  - to every later month: change × that month's whole length.
 * So two numbers per month suffice, and both only ever grow by sums, in any order of arrival:
 * {@link StorageTotal.gbMs} and {@link StorageTotal.levelChangeGb}.
 */
export interface StorageLevel {
  readonly eventId: string;
  readonly occurredAt: Date;
  readonly gb: DecimalString;
}

/**
 * What the changes of one month come to: of one resource ({@link storageChanges}), or of all that a user has. Either
 * number may be negative.
 */
export interface StorageTotal {
  /** GB × milliseconds that the changes made in this month add to this month. */
  readonly gbMs: Big;
  /** Sum of the changes made in this month, in GB: what is carried into each later month. */
  readonly levelChangeGb: Big;
}

/** Levels of one resource in the order they hold. Two at the same instant: the greater event id wins, whichever came first. */
export function inOrder(levels: readonly StorageLevel[]): StorageLevel[] {
  return levels.toSorted(
    (a, b) =>
      a.occurredAt.getTime() - b.occurredAt.getTime() ||
      (a.eventId < b.eventId ? -1 : a.eventId > b.eventId ? 1 : 0),
  );
}

/**
 * What the totals of each month change by when `added` levels of one resource join `known` ones.
 * `known` needs only the level before the earliest added one, those in between, and the one after the latest: the others
 * stay as they are.
 */
export function storageChanges(
  known: readonly StorageLevel[],
  added: readonly StorageLevel[],
): Map<BillingPeriod, StorageTotal> {
  const changes = totalsOf(inOrder([...known, ...added]));
  for (const [period, before] of totalsOf(inOrder(known))) {
    const after = changes.get(period) ?? NOTHING;
    changes.set(period, {
      gbMs: after.gbMs.minus(before.gbMs),
      levelChangeGb: after.levelChangeGb.minus(before.levelChangeGb),
    });
  }
  return changes;
}

/**
 * GB × milliseconds of `period`, from the totals of that month and all before it.
 * Divided by {@link periodLengthMs} that is the month's GB-months.
 */
export function storageGbMs(
  period: BillingPeriod,
  totals: Iterable<readonly [BillingPeriod, StorageTotal]>,
): Big {
  let gbMs = new Big(0);
  for (const [month, total] of totals) {
    if (month === period) gbMs = gbMs.plus(total.gbMs);
    if (month < period) gbMs = gbMs.plus(total.levelChangeGb.times(periodLengthMs(period)));
  }
  return gbMs;
}

const NOTHING: StorageTotal = { gbMs: new Big(0), levelChangeGb: new Big(0) };

function totalsOf(levels: readonly StorageLevel[]): Map<BillingPeriod, StorageTotal> {
  const totals = new Map<BillingPeriod, StorageTotal>();
  let previousGb = new Big(0);
  for (const level of levels) {
    const gb = new Big(level.gb);
    const change = gb.minus(previousGb);
    const period = billingPeriodOf(level.occurredAt);
    const total = totals.get(period) ?? NOTHING;
    const timeLeftMs = periodEnd(period).getTime() - level.occurredAt.getTime();
    totals.set(period, {
      gbMs: total.gbMs.plus(change.times(timeLeftMs)),
      levelChangeGb: total.levelChangeGb.plus(change),
    });
    previousGb = gb;
  }
  return totals;
}
