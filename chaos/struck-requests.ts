import { setTimeout as sleep } from 'node:timers/promises';
import type { LoggedRequest } from '../stripe-simulator/request-log.ts';
import type { RunningBilling } from './world/running-billing.ts';

const EVERY_MS = 1_000;

/** Counts what struck requests to Stripe. The simulator's log ends with its process, so what came just before is missed. */
export class StruckRequests {
  /** Requests by the kind of their fault; those over a rate limit are `rate_limit`. */
  readonly counts: Record<string, number> = {};
  readonly #service: RunningBilling;
  #after = 0;
  #isOver = false;

  constructor(service: RunningBilling) {
    this.#service = service;
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
    const response = await fetch(`${this.#service.simulatorUrl}/_sim/requests?after=${this.#after}`);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the simulator's log
    const { requests } = (await response.json()) as { readonly requests: readonly LoggedRequest[] };
    for (const { fault, status, sequence } of requests) {
      const what = fault ?? (status === 429 ? 'rate_limit' : null);
      if (what !== null) this.counts[what] = (this.counts[what] ?? 0) + 1;
      this.#after = sequence;
    }
  }
}
