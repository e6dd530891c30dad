/**
 * The oracle: what the service must answer, computed a second time and as naively as can be. Nothing is kept that can be
 * worked out anew: each question goes back to the raw events. Exact fractions, a calendar of its own, and not a line of
 * the product's: what the two have in common is only what the rules say (docs/billing.md).
 */
import { instantMs, monthEndMs, monthOf, monthStartMs, monthsFrom } from './calendar.ts';
import { consume, EMPTY_PURSE, grant, type Purse, takeBack, writeOff } from './purse.ts';
import {
  format,
  isZero,
  minus,
  nearestWhole,
  over,
  parseDecimal,
  plus,
  type Rational,
  rational,
  times,
  ZERO,
} from './rational.ts';

/** The base prices in cents, in the order in which they are sold. */
const BASE_PRICES = { cpu_hour: '10', gpu_hour: '200', storage_gb_month: '15', api_calls: '0.001' } as const;
/** Something that is sold by what is used of it. */
export type OracleProduct = keyof typeof BASE_PRICES;
/** All of them, in the order in which a bill has their lines. */
export const ORACLE_PRODUCTS = Object.keys(BASE_PRICES) as readonly OracleProduct[];

/** An event as it is written in a request. */
export interface SentEvent {
  readonly id: string;
  readonly userId: string;
  readonly product: OracleProduct;
  readonly quantity: string;
  readonly occurredAt: string;
  /** Storage only. */
  readonly resourceId?: string;
}

/** What can be asked of the service. Months are named `YYYY-MM`. */
export type Operation =
  | { readonly type: 'send'; readonly events: readonly SentEvent[] }
  | { readonly type: 'freeze'; readonly userId: string; readonly month: string }
  /** Freezes the month of every user. */
  | { readonly type: 'close'; readonly month: string }
  | {
      readonly type: 'buyCredits';
      readonly userId: string;
      readonly purchase: string;
      readonly cents: number;
      /** An instant; `null`: never. */
      readonly expiresAt: string | null;
    }
  /** All that is to be taken back of the purchase so far. */
  | {
      readonly type: 'takeBack';
      readonly userId: string;
      readonly purchase: string;
      readonly dueCents: number;
    }
  /** What a unit costs that is used from the month on; before the month is over. */
  | ({ readonly type: 'setPrice' } & PriceChange);

/** A decimal of cents for a unit, in place of the base price or of an earlier change. */
export interface PriceChange {
  readonly product: OracleProduct;
  readonly fromMonth: string;
  readonly cents: string;
}

/** What a product's use in one month comes to, rounded once. */
export interface Line {
  readonly product: OracleProduct;
  readonly month: string;
  /** Of the unit that is priced; exact, as a fraction. */
  readonly quantity: string;
  readonly unitPriceCents: string;
  readonly amountCents: number;
}

/** What a user is billed for a month, and for what was still unbilled of those before it. */
export interface Bill {
  readonly userId: string;
  readonly month: string;
  /** Without the credits, which are `creditsCents`. By product and month. */
  readonly lines: readonly Line[];
  /** Paid by credits; negative where a correction became credits. */
  readonly creditsCents: number;
  readonly totalCents: number;
}

/** What is seen of an operation from outside. */
export type Outcome =
  | {
      readonly accepted: number;
      readonly duplicates: number;
      /** `index code`, in the order of the events. */
      readonly rejected: readonly string[];
    }
  /** Made by a freeze or a close; by user. */
  | { readonly bills: readonly Bill[] }
  | 'done';

/** All that has happened. Never changed: every operation makes a new one. */
export interface Past {
  /** The clock that decides which credits have expired when some are taken back. */
  readonly nowMs: number;
  readonly users: readonly string[];
  /** Those that count, each id once. */
  readonly events: readonly SentEvent[];
  /** In the order in which they were made. */
  readonly priceChanges: readonly PriceChange[];
  readonly bills: readonly Bill[];
  /** By user. */
  readonly purses: Readonly<Record<string, Purse>>;
}

/** These users are registered, and nothing else has happened. */
export function nothingYet(users: readonly string[], nowMs: number): Past {
  return { nowMs, users, events: [], priceChanges: [], bills: [], purses: {} };
}

/** What `operation` comes to after `past`, and what must be seen of it. */
export function happen(past: Past, operation: Operation): { readonly past: Past; readonly outcome: Outcome } {
  switch (operation.type) {
    case 'send':
      return send(past, operation.events);
    case 'freeze':
      return freezeAll(past, [operation.userId], operation.month);
    case 'close':
      return freezeAll(past, past.users, operation.month);
    case 'buyCredits': {
      const { userId, purchase, cents, expiresAt } = operation;
      const expiresAtMs = expiresAt === null ? null : instantMs(expiresAt);
      const lot = { purchase, expiresAtMs, leftCents: cents };
      const purse = grant(purseOf(past, userId), lot, past.nowMs);
      return { past: withPurse(past, userId, purse), outcome: 'done' };
    }
    case 'takeBack': {
      const { userId, purchase, dueCents } = operation;
      const purse = takeBack(purseOf(past, userId), purchase, dueCents, past.nowMs);
      return { past: withPurse(past, userId, purse), outcome: 'done' };
    }
    case 'setPrice': {
      const { product, fromMonth, cents } = operation;
      const priceChanges = [...past.priceChanges, { product, fromMonth, cents }];
      return { past: { ...past, priceChanges }, outcome: 'done' };
    }
  }
}

function send(past: Past, events: readonly SentEvent[]): { readonly past: Past; readonly outcome: Outcome } {
  const counted = [...past.events];
  let duplicates = 0;
  const rejected: string[] = [];
  for (const [index, event] of events.entries()) {
    const known = counted.find(({ id }) => id === event.id);
    if (!past.users.includes(event.userId)) rejected.push(`${index} unknown_user`);
    else if (known === undefined) counted.push(event);
    else if (saysTheSame(known, event)) duplicates += 1;
    else rejected.push(`${index} id_reused`);
  }
  const accepted = counted.length - past.events.length;
  return { past: { ...past, events: counted }, outcome: { accepted, duplicates, rejected } };
}

function saysTheSame(a: SentEvent, b: SentEvent): boolean {
  return (
    a.userId === b.userId &&
    a.product === b.product &&
    a.resourceId === b.resourceId &&
    instantMs(a.occurredAt) === instantMs(b.occurredAt) &&
    isZero(minus(parseDecimal(a.quantity), parseDecimal(b.quantity)))
  );
}

/** What the user used of the product in the month, in the unit that is priced, as far as the events tell. */
export function used(past: Past, userId: string, product: OracleProduct, month: string): Rational {
  const events = past.events.filter((event) => event.userId === userId && event.product === product);
  return product === 'storage_gb_month' ? gbMonths(events, month) : sumOfMonth(events, month);
}

function sumOfMonth(events: readonly SentEvent[], month: string): Rational {
  return events
    .filter(({ occurredAt }) => {
      const at = instantMs(occurredAt);
      return monthStartMs(month) <= at && at < monthEndMs(month);
    })
    .reduce((sum, { quantity }) => plus(sum, parseDecimal(quantity)), ZERO);
}

/** The integral of what is held over the month, by the month's real length. */
function gbMonths(levels: readonly SentEvent[], month: string): Rational {
  const start = monthStartMs(month);
  const end = monthEndMs(month);
  let gbMs = ZERO;
  for (const resource of new Set(levels.map(({ resourceId }) => resourceId))) {
    const ofResource = levels.filter(({ resourceId }) => resourceId === resource).toSorted(byTimeThenId);
    for (const [index, { occurredAt, quantity }] of ofResource.entries()) {
      const next = ofResource[index + 1];
      const from = Math.max(instantMs(occurredAt), start);
      const until = Math.min(next === undefined ? end : instantMs(next.occurredAt), end);
      if (from < until) gbMs = plus(gbMs, times(parseDecimal(quantity), rational(BigInt(until - from))));
    }
  }
  return over(gbMs, rational(BigInt(end - start)));
}

function byTimeThenId(a: SentEvent, b: SentEvent): number {
  return instantMs(a.occurredAt) - instantMs(b.occurredAt) || (a.id < b.id ? -1 : 1);
}

function freezeAll(
  past: Past,
  users: readonly string[],
  month: string,
): { readonly past: Past; readonly outcome: Outcome } {
  let now = past;
  for (const userId of users) now = freeze(now, userId, month);
  return { past: now, outcome: { bills: now.bills.slice(past.bills.length) } };
}

function freeze(past: Past, userId: string, month: string): Past {
  if (past.bills.some((bill) => bill.userId === userId && bill.month === month)) return past;
  const lines = unbilledLines(past, userId, month);
  const purse = writeOff(purseOf(past, userId), monthEndMs(month));
  if (lines.length === 0) return withPurse(past, userId, purse);
  const usedCents = lines.reduce((sum, { amountCents }) => sum + amountCents, 0);
  const paid = consume(purse, Math.max(0, usedCents));
  const creditsCents = usedCents < 0 ? usedCents : paid.takenCents;
  const bill = { userId, month, lines, creditsCents, totalCents: usedCents - creditsCents };
  const correction = { purchase: null, expiresAtMs: null, leftCents: -creditsCents };
  const purseAfter = usedCents < 0 ? grant(purse, correction, past.nowMs) : paid.purse;
  return withPurse({ ...past, bills: [...past.bills, bill] }, userId, purseAfter);
}

function unbilledLines(past: Past, userId: string, lastMonth: string): Line[] {
  const first = firstMonth(past, userId);
  if (first === null) return [];
  return ORACLE_PRODUCTS.flatMap((product) =>
    monthsFrom(first, lastMonth).flatMap((month) => {
      const quantity = minus(used(past, userId, product, month), billed(past, userId, product, month));
      return isZero(quantity) ? [] : [lineOf(past, product, month, quantity)];
    }),
  );
}

function lineOf(past: Past, product: OracleProduct, month: string, quantity: Rational): Line {
  const price = priceOf(past, product, month);
  const amountCents = Number(nearestWhole(times(quantity, price)));
  return { product, month, quantity: format(quantity), unitPriceCents: format(price), amountCents };
}

/** Usage costs what its own month costs, whenever it is billed. */
function priceOf({ priceChanges }: Past, product: OracleProduct, month: string): Rational {
  let latest: PriceChange | null = null;
  for (const change of priceChanges) {
    if (change.product !== product || change.fromMonth > month) continue;
    if (latest === null || change.fromMonth >= latest.fromMonth) latest = change;
  }
  return parseDecimal(latest?.cents ?? BASE_PRICES[product]);
}

/** What the user's bills hold of the product and month. */
export function billed(past: Past, userId: string, product: OracleProduct, month: string): Rational {
  return past.bills
    .filter((bill) => bill.userId === userId)
    .flatMap((bill) => bill.lines)
    .filter((line) => line.product === product && line.month === month)
    .reduce((sum, line) => plus(sum, parseFraction(line.quantity)), ZERO);
}

function parseFraction(text: string): Rational {
  const [numerator = '', denominator = '1'] = text.split('/');
  return rational(BigInt(numerator), BigInt(denominator));
}

/** The month of the user's first event, `null` without any. */
function firstMonth(past: Past, userId: string): string | null {
  const instants = past.events
    .filter((event) => event.userId === userId)
    .map(({ occurredAt }) => instantMs(occurredAt));
  return instants.length === 0 ? null : monthOf(Math.min(...instants));
}

/** The user's credits; empty where none ever came in. */
export function purseOf(past: Past, userId: string): Purse {
  return past.purses[userId] ?? EMPTY_PURSE;
}

function withPurse(past: Past, userId: string, purse: Purse): Past {
  return { ...past, purses: { ...past.purses, [userId]: purse } };
}
