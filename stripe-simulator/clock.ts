/** Seconds in a day, as Stripe counts them: unix time has no leap seconds. */
export const DAY_SECONDS = 86_400;

/**
 * The simulator's clock: the machine's, plus an offset that `POST /_sim/clock` sets. Time runs on after it was set.
 * Everything that waits (collection, webhook retries, idempotency keys) goes by this clock.
 */
export class Clock {
  #offsetMs: number;

  constructor(offsetMs = 0) {
    this.#offsetMs = offsetMs;
  }

  /** Unix milliseconds. */
  nowMs(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Unix seconds, the unit of every timestamp in Stripe's API. */
  now(): number {
    return Math.floor(this.nowMs() / 1_000);
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Makes it `nowMs` (unix milliseconds), forwards or back. */
  set(nowMs: number): void {
    this.#offsetMs = nowMs - Date.now();
  }
}
