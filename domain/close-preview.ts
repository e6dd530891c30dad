import type { BillStatus } from './bill.ts';
import { sumCents } from './money.ts';

/** What the close of a month would come to for one user, all parts of the bill together. Amounts in cents. */
export interface PreviewedBill {
  readonly userId: string;
  /**
   * `new`: the close would make it. `none`: nothing to bill, and there was in the month before. Otherwise it is frozen already;
   * of parts that differ, that of the one with most ahead of it.
   */
  readonly status: 'new' | 'none' | BillStatus;
  /** How many parts it has, each with an invoice of its own (domain/bill-parts.ts). */
  readonly parts: number;
  /** Of all lines but credits. */
  readonly usedCents: number;
  /** Paid by credits; negative where corrections become credits. */
  readonly creditsCents: number;
  /** What Stripe is to collect. */
  readonly totalCents: number;
  /** The total of the month before; 0 when there was no bill. */
  readonly previousTotalCents: number;
  /** Why it can't be collected. */
  readonly problem: PreviewProblem | null;
  /** Why it is held, or the close would hold it, for a person to look at (domain/outlier.ts). */
  readonly held: string | null;
}

/** What is furthest from its end first. */
const MOST_AHEAD_FIRST: readonly BillStatus[] = [
  'parked',
  'held',
  'frozen',
  'payment_failed',
  'open',
  'paid',
  'void',
];

/** The parts of a frozen bill as one. */
export function joinParts(
  parts: readonly {
    readonly status: BillStatus;
    readonly totalCents: number;
    readonly creditsCents: number;
    readonly problem: string | null;
  }[],
): Omit<PreviewedBill, 'userId' | 'previousTotalCents' | 'problem'> {
  const totalCents = sumCents(parts.map((part) => part.totalCents));
  const creditsCents = sumCents(parts.map((part) => part.creditsCents));
  const status = MOST_AHEAD_FIRST.find((each) => parts.some((part) => part.status === each)) ?? 'paid';
  const held = parts.find((part) => part.status === 'held')?.problem ?? null;
  return {
    status,
    parts: parts.length,
    held,
    usedCents: totalCents + creditsCents,
    creditsCents,
    totalCents,
  };
}

/** A user who never began a Checkout has no customer in Stripe: their bill would be parked. Without a payment method it would fail. */
export type PreviewProblem = 'no_customer' | 'no_payment_method';

/** Why a bill of this total could not be collected from the user; `null`: it could, or there is nothing to collect. */
export function problemOfBill(user: {
  readonly totalCents: number;
  readonly stripeCustomerId: string | null;
  readonly defaultPaymentMethodId: string | null;
}): PreviewProblem | null {
  if (user.totalCents === 0) return null;
  if (user.stripeCustomerId === null) return 'no_customer';
  return user.defaultPaymentMethodId === null ? 'no_payment_method' : null;
}

/** A month at a glance. Amounts in cents. */
export interface PreviewSummary {
  /** Each part is one. */
  readonly bills: number;
  /** Of them those that the close would make; the others are frozen already. */
  readonly newBills: number;
  readonly usedCents: number;
  readonly creditsCents: number;
  readonly totalCents: number;
  /** Of all bills of the month before. */
  readonly previousTotalCents: number;
  readonly biggest: readonly PreviewedBill[];
  /** Those that grew or fell most against the month before. */
  readonly mostChanged: readonly PreviewedBill[];
  /** Those that can't be collected. */
  readonly problems: readonly PreviewedBill[];
  /** Those that wait for a person, or would. */
  readonly held: readonly PreviewedBill[];
}

/**
 * The bills of a month as a person looks them over: sums, the ones that stand out, and the ones that need somebody.
 *
 * @param previousTotalCents all bills of the month before.
 * @param listed how many of the biggest, and of the most changed, to name.
 */
export function summarizePreview(
  bills: readonly PreviewedBill[],
  previousTotalCents: number,
  listed: number,
): PreviewSummary {
  const sum = (of: (bill: PreviewedBill) => number) => sumCents(bills.map(of));
  const changeOf = (bill: PreviewedBill) => Math.abs(bill.totalCents - bill.previousTotalCents);
  return {
    bills: partsOf(bills),
    newBills: partsOf(bills.filter(({ status }) => status === 'new')),
    usedCents: sum((bill) => bill.usedCents),
    creditsCents: sum((bill) => bill.creditsCents),
    totalCents: sum((bill) => bill.totalCents),
    previousTotalCents,
    biggest: greatest(
      bills.filter(({ status }) => status !== 'none'),
      ({ totalCents }) => totalCents,
      listed,
    ),
    mostChanged: greatest(
      bills.filter((bill) => changeOf(bill) > 0),
      changeOf,
      listed,
    ),
    problems: bills.filter(({ problem }) => problem !== null),
    held: bills.filter(({ held }) => held !== null),
  };
}

/** Two summaries of different bills as one; what the month before came to is of all, and stays. */
export function joinSummaries(one: PreviewSummary, other: PreviewSummary, listed: number): PreviewSummary {
  const changeOf = (bill: PreviewedBill) => Math.abs(bill.totalCents - bill.previousTotalCents);
  return {
    bills: one.bills + other.bills,
    newBills: one.newBills + other.newBills,
    usedCents: one.usedCents + other.usedCents,
    creditsCents: one.creditsCents + other.creditsCents,
    totalCents: one.totalCents + other.totalCents,
    previousTotalCents: one.previousTotalCents,
    biggest: greatest([...one.biggest, ...other.biggest], ({ totalCents }) => totalCents, listed),
    mostChanged: greatest([...one.mostChanged, ...other.mostChanged], changeOf, listed),
    problems: [...one.problems, ...other.problems],
    held: [...one.held, ...other.held],
  };
}

function partsOf(bills: readonly PreviewedBill[]): number {
  return bills.reduce((count, { parts }) => count + parts, 0);
}

/** Equal ones by their users, so that the same month is always shown the same. */
function greatest(
  bills: readonly PreviewedBill[],
  by: (bill: PreviewedBill) => number,
  count: number,
): PreviewedBill[] {
  return bills.toSorted((a, b) => by(b) - by(a) || (a.userId < b.userId ? -1 : 1)).slice(0, count);
}
