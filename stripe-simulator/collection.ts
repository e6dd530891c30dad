/** Objects of one kind, by id, with the orders and indexes that lists need. */

/** One step of a unit of work: what to write to the journal, and how to take it back. */
export interface Change {
  readonly collection: string;
  readonly id: string;
  undo(): void;
}

/** Below this many ids holes are not worth a clean-up. */
const SMALL = 64;

/**
 * Ids in the order they came, newest reachable first; a removed one leaves a hole until there are more holes than ids.
 * Every step is O(1), on average over many. Not to be changed while one of its generators runs.
 */
export class IdOrder {
  #ids: (string | undefined)[] = [];
  readonly #position = new Map<string, number>();
  /** Before this there are only holes. */
  #start = 0;

  get size(): number {
    return this.#position.size;
  }

  /** The oldest. */
  get first(): string | undefined {
    return this.#ids[this.#start];
  }

  add(id: string): void {
    if (this.#position.has(id)) return;
    this.#position.set(id, this.#ids.length);
    this.#ids.push(id);
  }

  remove(id: string): void {
    const position = this.#position.get(id);
    if (position === undefined) return;
    this.#position.delete(id);
    this.#ids[position] = undefined;
    while (this.#ids.length > this.#start && this.#ids.at(-1) === undefined) this.#ids.pop();
    while (this.#start < this.#ids.length && this.#ids[this.#start] === undefined) this.#start += 1;
    if (this.#ids.length > SMALL && this.#position.size * 2 < this.#ids.length) this.#closeHoles();
    else if (this.#start >= this.#ids.length) this.#closeHoles();
  }

  /** The id before this one. */
  before(id: string): string | undefined {
    for (let position = (this.#position.get(id) ?? 0) - 1; position >= this.#start; position -= 1) {
      const found = this.#ids[position];
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Puts an id back to where it was: behind `before`, or first. Slow unless that is the end: for rollbacks. */
  putBack(id: string, before: string | undefined): void {
    this.remove(id);
    const last = this.#ids.at(-1);
    if (last === before) {
      this.add(id);
      return;
    }
    const ids = [...this.oldestFirst()];
    ids.splice(before === undefined ? 0 : ids.indexOf(before) + 1, 0, id);
    this.#replace(ids);
  }

  has(id: string): boolean {
    return this.#position.has(id);
  }

  /** From the newest, or from just before `after`, towards the oldest. */
  *newestFirst(after?: string): Generator<string> {
    const from = after === undefined ? this.#ids.length : (this.#position.get(after) ?? 0);
    for (let position = from - 1; position >= this.#start; position -= 1) {
      const id = this.#ids[position];
      if (id !== undefined) yield id;
    }
  }

  /** From the oldest, or from just after `before`, towards the newest. */
  *oldestFirst(before?: string): Generator<string> {
    const from = before === undefined ? this.#start : (this.#position.get(before) ?? this.#ids.length) + 1;
    for (let position = from; position < this.#ids.length; position += 1) {
      const id = this.#ids[position];
      if (id !== undefined) yield id;
    }
  }

  #closeHoles(): void {
    this.#replace(this.#ids.filter((id) => id !== undefined));
  }

  #replace(ids: string[]): void {
    this.#ids = ids;
    this.#start = 0;
    this.#position.clear();
    for (const [position, id] of ids.entries()) this.#position.set(id, position);
  }
}

const EMPTY = new IdOrder();

/** An index: most keys have one id, which then stands for itself, since an order is ten times as large. */
type Orders = Map<string, IdOrder | string>;

/** Where an id stood, for taking back what moved it. */
interface Place {
  readonly order: () => IdOrder | string | undefined;
  readonly behind: string | undefined;
}

function orderOf(...ids: string[]): IdOrder {
  const order = new IdOrder();
  for (const id of ids) order.add(id);
  return order;
}

/** Which field an index follows; `undefined` or `null` keeps the object out of it. */
export type IndexKey<T> = (value: T) => string | null | undefined;

/**
 * A table in memory. Values are replaced, never mutated: an event's snapshot is a reference to the value of that moment.
 * `I` are the names of its indexes.
 */
export class Collection<T extends { id: string }, I extends string = never> {
  readonly name: string;
  readonly order = new IdOrder();
  readonly #values = new Map<string, T>();
  readonly #indexes: { name: I; key: IndexKey<T>; orders: Orders }[];
  readonly #changes: Change[];

  /** `changes` is the running unit of work, which the store shares between its collections. */
  constructor(name: string, changes: Change[], indexes: { [K in I]: IndexKey<T> }) {
    this.name = name;
    this.#changes = changes;
    this.#indexes = [];
    for (const index in indexes) {
      this.#indexes.push({ name: index, key: indexes[index], orders: new Map() });
    }
  }

  get size(): number {
    return this.#values.size;
  }

  get(id: string): T | undefined {
    return this.#values.get(id);
  }

  /** Inserts or replaces; returns the value, for chaining into an event. */
  put(value: T): T {
    const { id } = value;
    const previous = this.#values.get(id);
    const places = previous === undefined ? [] : this.#placesLeft(previous, value);
    this.#set(id, value);
    this.#changes.push({ collection: this.name, id, undo: () => this.#undo(id, previous, places) });
    return value;
  }

  remove(id: string): void {
    const previous = this.#values.get(id);
    if (previous === undefined) return;
    const places = this.#placesLeft(previous, undefined);
    this.#set(id, undefined);
    this.#changes.push({ collection: this.name, id, undo: () => this.#undo(id, previous, places) });
  }

  /** The orders that `previous` leaves when `next` takes its place, and behind which id it stood there. */
  #placesLeft(previous: T, next: T | undefined): Place[] {
    const places: Place[] = [];
    const { id } = previous;
    for (const { key, orders } of this.#indexes) {
      const before = key(previous) ?? undefined;
      if (before === undefined || (next !== undefined && before === (key(next) ?? undefined))) continue;
      const order = orders.get(before);
      if (order instanceof IdOrder)
        places.push({ order: () => orders.get(before), behind: order.before(id) });
    }
    if (next === undefined) places.push({ order: () => this.order, behind: this.order.before(id) });
    return places;
  }

  #undo(id: string, previous: T | undefined, places: readonly Place[]): void {
    this.#set(id, previous);
    for (const { order, behind } of places) {
      const found = order();
      if (found instanceof IdOrder) found.putBack(id, behind);
    }
  }

  /** Puts back what the journal holds, outside of any unit of work. */
  restore(value: T): void {
    this.#set(value.id, value);
  }

  /** Takes out what the journal says is gone, outside of any unit of work. */
  forget(id: string): void {
    this.#set(id, undefined);
  }

  /** The ids whose index key is `key`, in order. */
  where(index: I, key: string): IdOrder {
    const found = this.#indexes.find(({ name }) => name === index)?.orders.get(key);
    return typeof found === 'string' ? orderOf(found) : (found ?? EMPTY);
  }

  /** The values whose index key is `key`, oldest first. */
  all(index: I, key: string): T[] {
    return this.values(this.where(index, key).oldestFirst());
  }

  values(ids: Iterable<string> = this.order.oldestFirst()): T[] {
    const found: T[] = [];
    for (const id of ids) {
      const value = this.#values.get(id);
      if (value !== undefined) found.push(value);
    }
    return found;
  }

  /** The newest `count` values that match. */
  newest(count: number, matches: (value: T) => boolean = () => true): T[] {
    const found: T[] = [];
    for (const id of this.order.newestFirst()) {
      const value = this.#values.get(id);
      if (value === undefined || !matches(value)) continue;
      if (found.push(value) === count) break;
    }
    return found;
  }

  #set(id: string, value: T | undefined): void {
    const previous = this.#values.get(id);
    for (const { key, orders } of this.#indexes) {
      const before = previous === undefined ? undefined : (key(previous) ?? undefined);
      const after = value === undefined ? undefined : (key(value) ?? undefined);
      if (before === after) continue;
      if (before !== undefined) removeFrom(orders, before, id);
      if (after !== undefined) addTo(orders, after, id);
    }
    if (value === undefined) {
      this.#values.delete(id);
      this.order.remove(id);
    } else {
      this.#values.set(id, value);
      this.order.add(id);
    }
  }
}

function addTo(orders: Orders, key: string, id: string): void {
  const found = orders.get(key);
  if (found === undefined) orders.set(key, id);
  else if (typeof found !== 'string') found.add(id);
  else if (found !== id) orders.set(key, orderOf(found, id));
}

function removeFrom(orders: Orders, key: string, id: string): void {
  const found = orders.get(key);
  if (found === undefined) return;
  if (typeof found === 'string') {
    if (found === id) orders.delete(key);
    return;
  }
  found.remove(id);
  if (found.size === 0) orders.delete(key);
}
