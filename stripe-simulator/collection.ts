/** Objects of one kind, by id, with the orders and indexes that lists need. */

/** One step of a unit of work: what to write to the journal, and how to take it back. */
export interface Change {
  readonly collection: string;
  readonly id: string;
  undo(): void;
}

/** Ids in the order they came, newest reachable first, a removed one leaves a hole: every step is O(1). */
export class IdOrder {
  readonly #ids: (string | undefined)[] = [];
  readonly #position = new Map<string, number>();

  get size(): number {
    return this.#position.size;
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
    while (this.#ids.length > 0 && this.#ids.at(-1) === undefined) this.#ids.pop();
  }

  has(id: string): boolean {
    return this.#position.has(id);
  }

  /** From the newest, or from just before `after`, towards the oldest. */
  *newestFirst(after?: string): Generator<string> {
    const start = after === undefined ? this.#ids.length : (this.#position.get(after) ?? 0);
    for (let position = start - 1; position >= 0; position -= 1) {
      const id = this.#ids[position];
      if (id !== undefined) yield id;
    }
  }

  /** From the oldest, or from just after `after`, towards the newest. */
  *oldestFirst(after?: string): Generator<string> {
    const start = after === undefined ? 0 : (this.#position.get(after) ?? this.#ids.length) + 1;
    for (let position = start; position < this.#ids.length; position += 1) {
      const id = this.#ids[position];
      if (id !== undefined) yield id;
    }
  }
}

const EMPTY = new IdOrder();

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
  readonly #indexes: { name: I; key: IndexKey<T>; orders: Map<string, IdOrder> }[];
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
    this.#set(id, value);
    this.#changes.push({ collection: this.name, id, undo: () => this.#set(id, previous) });
    return value;
  }

  remove(id: string): void {
    const previous = this.#values.get(id);
    if (previous === undefined) return;
    this.#set(id, undefined);
    this.#changes.push({ collection: this.name, id, undo: () => this.#set(id, previous) });
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
    return this.#indexes.find(({ name }) => name === index)?.orders.get(key) ?? EMPTY;
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

function addTo(orders: Map<string, IdOrder>, key: string, id: string): void {
  const order = orders.get(key) ?? new IdOrder();
  order.add(id);
  orders.set(key, order);
}

function removeFrom(orders: Map<string, IdOrder>, key: string, id: string): void {
  const order = orders.get(key);
  order?.remove(id);
  if (order?.size === 0) orders.delete(key);
}
