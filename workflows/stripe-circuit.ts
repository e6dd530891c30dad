import { condition, sleep } from '@temporalio/workflow';
import type { StandStill } from '../domain/monthly-close.ts';

/** Waits between two tries while nothing gets through: longer each time, up to … */
const FIRST_WAIT_MS = 5_000;
/** … this. */
const LONGEST_WAIT_MS = 5 * 60_000;

/**
 * Keeps a hundred thousand bills from being tried in vain, one after the other, while Stripe is down. It is closed as long as bills
 * get through. One that fails opens it: all others wait until Stripe answers; then a single bill is tried, and with its success
 * the others follow. The one that failed stands last in line, so that a bill which never gets through holds up nobody.
 */
export class StripeCircuit {
  /** How many bills have got through. */
  successes = 0;
  #state: 'closed' | 'open' | 'trial' = 'closed';
  #trialIsTaken = false;
  /** Times it was opened without a success in between. */
  #openings = 0;
  #standStill: StandStill | null = null;
  readonly #stripeAnswers: () => Promise<void>;
  readonly #show: (standStill: StandStill | null) => Promise<void>;

  /** @param stripeAnswers resolves when Stripe is there. */
  constructor(stripeAnswers: () => Promise<void>, show: (standStill: StandStill | null) => Promise<void>) {
    this.#stripeAnswers = stripeAnswers;
    this.#show = show;
  }

  /** Waits until a bill may be tried. Whoever has entered must tell how it went. */
  async enter(): Promise<void> {
    // Of several who find the trial free at the same time, the first takes it.
    while (!this.#canEnter()) await condition(() => this.#canEnter());
    if (this.#state === 'trial') this.#trialIsTaken = true;
  }

  async succeeded(): Promise<void> {
    this.successes += 1;
    // One that was under way when another failed shows that Stripe is there.
    this.#state = 'closed';
    this.#trialIsTaken = false;
    this.#openings = 0;
    if (this.#standStill === null) return;
    this.#standStill = null;
    await this.#show(null);
  }

  /** Waits until Stripe answers, and at least for a while when that was not enough the last time. */
  async failed(problem: string): Promise<void> {
    if (this.#state === 'open') {
      await condition(() => this.#state !== 'open');
      return;
    }
    this.#state = 'open';
    this.#trialIsTaken = false;
    this.#standStill = { sinceMs: this.#standStill?.sinceMs ?? Date.now(), problem };
    await this.#show(this.#standStill);
    if (this.#openings > 0) {
      await sleep(Math.min(FIRST_WAIT_MS * 2 ** (this.#openings - 1), LONGEST_WAIT_MS));
    }
    this.#openings += 1;
    await this.#stripeAnswers();
    if (this.#isOpen()) this.#state = 'trial';
  }

  /** Asked again after a wait, in which a success may have closed it. */
  #isOpen(): boolean {
    return this.#state === 'open';
  }

  #canEnter(): boolean {
    return this.#state === 'closed' || (this.#state === 'trial' && !this.#trialIsTaken);
  }
}
