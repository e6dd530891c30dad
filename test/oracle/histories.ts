import type fc from 'fast-check';
import {
  type AnyEvent,
  type AnyOperation,
  type AnyQuantity,
  type AnyStep,
  anyHistory,
  type Gate,
} from './any-history.ts';
import { monthAfter, monthEndMs, monthStartMs } from './calendar.ts';
import type { Operation, OracleProduct, SentEvent } from './oracle.ts';

/** What is done next in a history: one operation, or several at once. */
export type Step =
  | { readonly kind: 'alone'; readonly operation: Operation }
  /** Begun at the same time, each so many milliseconds after the one before. */
  | { readonly kind: 'race'; readonly operations: readonly Operation[]; readonly apartMs: number }
  /** `first` begins while the gate is closed, then `meanwhile`; the gate opens when nothing moves any more. */
  | {
      readonly kind: 'held';
      readonly gate: Gate;
      readonly first: readonly Operation[];
      readonly meanwhile: readonly Operation[];
    };

/** Some months of some users. */
export interface History {
  readonly users: readonly string[];
  /** In which something is used. */
  readonly months: readonly string[];
  readonly steps: readonly Step[];
}

/** One that nobody registered. */
const STRANGER = 'stranger';

/** Histories at random: each is small by itself, and shrinks to the part that matters. */
export const histories: fc.Arbitrary<History> = anyHistory.map(
  ({ firstMonth, monthCount, userCount, purchases, steps }) => {
    const months = monthsAfter(firstMonth, monthCount);
    const users = Array.from({ length: userCount }, (_, index) => `u${index + 1}`);
    const scribe = new Scribe(users, months);
    const bought = purchases.map((operation): AnyStep => ({ kind: 'alone', operation }));
    return { users, months, steps: [...bought, ...steps].flatMap((step) => scribe.step(step)) };
  },
);

function monthsAfter(first: string, count: number): string[] {
  const months = [first];
  while (months.length < count) months.push(monthAfter(months.at(-1) ?? first));
  return months;
}

/** Writes out what was generated, with the names of what came before. */
class Scribe {
  readonly #users: readonly string[];
  readonly #months: readonly string[];
  readonly #events: SentEvent[] = [];
  readonly #purchases: { readonly userId: string; readonly cents: number; dueCents: number }[] = [];

  constructor(users: readonly string[], months: readonly string[]) {
    this.#users = users;
    this.#months = months;
  }

  step(step: AnyStep): Step[] {
    switch (step.kind) {
      case 'alone':
        return this.#operations([step.operation]).map((operation) => ({ kind: 'alone', operation }));
      case 'race': {
        const operations = this.#operations(step.operations);
        return [{ kind: 'race', operations, apartMs: step.apartMs }];
      }
      default: {
        const first = this.#operations(step.first);
        return [{ kind: 'held', gate: step.gate, first, meanwhile: this.#operations(step.meanwhile) }];
      }
    }
  }

  #operations(all: readonly AnyOperation[]): Operation[] {
    return all.flatMap((each) => this.#operation(each) ?? []);
  }

  #operation(any: AnyOperation): Operation | null {
    switch (any.type) {
      case 'send': {
        const events = any.events.flatMap((event) => this.#event(event) ?? []);
        return events.length === 0 ? null : { type: 'send', events };
      }
      case 'freeze':
        return { type: 'freeze', userId: this.#user(any.user), month: this.#monthToFreeze(any.month) };
      case 'close':
        return { type: 'close', month: this.#monthToFreeze(any.month) };
      case 'buyCredits': {
        const { cents, expires } = any;
        const userId = this.#user(any.user);
        const purchase = `p${this.#purchases.push({ userId, cents, dueCents: 0 })}`;
        const expiresAt =
          expires === null
            ? null
            : written(placeInMonth(this.#monthToFreeze(expires.month), expires.place), 0);
        return { type: 'buyCredits', userId, purchase, cents, expiresAt };
      }
      case 'setPrice': {
        const { product, cents } = any;
        return { type: 'setPrice', product, fromMonth: this.#monthToFreeze(any.month), cents };
      }
      default: {
        const index = any.of % Math.max(this.#purchases.length, 1);
        const purchase = this.#purchases[index];
        if (purchase === undefined) return null;
        purchase.dueCents = Math.max(purchase.dueCents, Math.ceil((purchase.cents * any.percent) / 100));
        const { userId, dueCents } = purchase;
        return { type: 'takeBack', userId, purchase: `p${index + 1}`, dueCents };
      }
    }
  }

  #user(number: number): string {
    return around(this.#users, number) ?? STRANGER;
  }

  /** A month of the history, or the one after it. */
  #monthToFreeze(number: number): string {
    return around(monthsAfter(this.#months[0] ?? '', this.#months.length + 1), number) ?? '';
  }

  #event(any: AnyEvent): SentEvent | null {
    const event = any.kind === 'new' ? this.#newEvent(any) : this.#oldEvent(any);
    if (event !== null && any.kind === 'new') this.#events.push(event);
    return event;
  }

  #newEvent(any: Extract<AnyEvent, { kind: 'new' }>): SentEvent {
    const month = around(this.#months, any.month) ?? '';
    const { product } = any;
    return {
      id: `${any.letter}${this.#events.length + 1}`,
      userId: this.#user(any.user),
      product,
      quantity: quantityOf(product, any.quantity),
      occurredAt: written(placeInMonth(month, any.place), any.zone),
      ...(product === 'storage_gb_month' ? { resourceId: `d${any.disk + 1}` } : {}),
    };
  }

  /** Something of an earlier event; there may be none. */
  #oldEvent(any: Exclude<AnyEvent, { kind: 'new' }>): SentEvent | null {
    const event = around(this.#events, any.of);
    if (event === undefined) return null;
    if (any.kind === 'again') return event;
    if (any.kind === 'stranger') return { ...event, id: `${event.id}s`, userId: STRANGER };
    switch (any.change) {
      case 'quantity':
        return { ...event, quantity: event.quantity === '7' ? '8' : '7' };
      case 'userId':
        return { ...event, userId: this.#users.find((each) => each !== event.userId) ?? event.userId };
      default: {
        const [first = ''] = this.#months;
        return { ...event, occurredAt: written(monthStartMs(first) + 86_400_001, 0) };
      }
    }
  }
}

function around<Item>(items: readonly Item[], number: number): Item | undefined {
  return items[number % Math.max(items.length, 1)];
}

/** Quantities that are worth half a cent: where rounding shows. */
const HALF_A_CENT: Readonly<Record<OracleProduct, { readonly digits: number; readonly decimals: number }>> = {
  cpu_hour: { digits: 5, decimals: 2 },
  gpu_hour: { digits: 25, decimals: 4 },
  storage_gb_month: { digits: 1, decimals: 1 },
  api_calls: { digits: 500, decimals: 0 },
};

function quantityOf(product: OracleProduct, any: AnyQuantity): string {
  if (typeof any === 'string') return any;
  if ('digits' in any) return decimal(any.digits, any.decimals);
  const { digits, decimals } = HALF_A_CENT[product];
  return decimal(digits * any.halves, decimals);
}

function decimal(digits: number, decimals: number): string {
  const text = String(digits).padStart(decimals + 1, '0');
  return decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
}

const HOUR_MS = 3_600_000;

function placeInMonth(month: string, place: string | number): number {
  const start = monthStartMs(month);
  const end = monthEndMs(month);
  if (typeof place === 'number') return Math.min(start + place * HOUR_MS, end - 1);
  const places: Readonly<Record<string, number>> = {
    first: start,
    second: start + 1,
    last: end - 1,
    past: end,
  };
  return places[place] ?? start;
}

/** In ISO 8601, as a clock shows it that is so many minutes ahead of UTC. */
function written(ms: number, aheadMinutes: number): string {
  const local = new Date(ms + aheadMinutes * 60_000).toISOString();
  if (aheadMinutes === 0) return local;
  const minutes = Math.abs(aheadMinutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  const zone = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return local.replace('Z', `${aheadMinutes < 0 ? '-' : '+'}${zone}`);
}
