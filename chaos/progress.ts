/** How far a run has come, from 0 to 1, for those who wait for a moment of it. */
export class Progress {
  #at = 0;
  #waiting: { readonly at: number; readonly go: () => void }[] = [];

  /** Resolves when the run has come so far. */
  reaches(at: number): Promise<void> {
    if (at <= this.#at) return Promise.resolve();
    return new Promise((go) => this.#waiting.push({ at, go }));
  }

  moveTo(at: number): void {
    this.#at = Math.max(this.#at, at);
    const due = this.#waiting.filter((each) => each.at <= this.#at);
    this.#waiting = this.#waiting.filter((each) => each.at > this.#at);
    for (const { go } of due) go();
  }
}
