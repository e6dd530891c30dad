/** A binary heap of what waits for a moment; ties leave in the order they came. */
export class DueQueue<T> {
  readonly #heap: { dueAtMs: number; sequence: number; item: T }[] = [];
  #sequence = 0;

  get nextDueAtMs(): number | undefined {
    return this.#heap[0]?.dueAtMs;
  }

  push(dueAtMs: number, item: T): void {
    const entry = { dueAtMs, sequence: this.#sequence, item };
    this.#sequence += 1;
    let index = this.#heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(index, parent)) break;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** Takes the earliest item out if it is due at `nowMs`. */
  popDue(nowMs: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.dueAtMs > nowMs) return undefined;
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) {
      this.#heap[0] = last;
      this.#sink();
    }
    return first.item;
  }

  #sink(): void {
    let index = 0;
    for (;;) {
      const left = index * 2 + 1;
      let smallest = index;
      if (this.#before(left, smallest)) smallest = left;
      if (this.#before(left + 1, smallest)) smallest = left + 1;
      if (smallest === index) return;
      this.#swap(index, smallest);
      index = smallest;
    }
  }

  #before(left: number, right: number): boolean {
    const a = this.#heap[left];
    const b = this.#heap[right];
    if (a === undefined || b === undefined) return false;
    return a.dueAtMs < b.dueAtMs || (a.dueAtMs === b.dueAtMs && a.sequence < b.sequence);
  }

  #swap(left: number, right: number): void {
    const a = this.#heap[left];
    const b = this.#heap[right];
    if (a === undefined || b === undefined) return;
    this.#heap[left] = b;
    this.#heap[right] = a;
  }
}
