import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatorControl } from '../stack/simulator-control.ts';

const EVERY_MS = 1_000;

/** Counts what struck requests to Stripe. The simulator's log ends with its process, so what came just before is missed. */
export class StruckRequests {
  /** Requests by the kind of their fault; those over a rate limit are `rate_limit`. */
  readonly counts: Record<string, number> = {};
  readonly #simulator: SimulatorControl;
  #after = 0;
  #isOver = false;

  constructor(simulator: SimulatorControl) {
    this.#simulator = simulator;
  }

  async count(): Promise<void> {
    for (; !this.#isOver; await sleep(EVERY_MS)) await this.#read().catch(() => undefined);
  }

  /** The simulator was started again, with an empty log. */
  beginAnew(): void {
    this.#after = 0;
  }

  stop(): void {
    this.#isOver = true;
  }

  async #read(): Promise<void> {
    for (const { fault, status, sequence } of await this.#simulator.requestsAfter(this.#after)) {
      const what = fault ?? (status === 429 ? 'rate_limit' : null);
      if (what !== null) this.counts[what] = (this.counts[what] ?? 0) + 1;
      this.#after = sequence;
    }
  }
}
