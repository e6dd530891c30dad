import type { Disturbance } from './schedule.ts';
import type { RunningBilling } from './world/running-billing.ts';
import { letStripeTimePass } from './world/stripe-clock.ts';

const HOUR_MS = 60 * 60_000;
/** Few enough that ours meets them. */
const RATE_LIMITS = { live: 25, test: 25, perEndpoint: 10 };
/** Those that a simulator that is started again is told once more: they ended with its process. */
const REMEMBERED = 3;

/** Sets what befalls Stripe's requests, webhooks and clock. */
export class Disturber {
  readonly #service: RunningBilling;
  #latest: Disturbance[] = [];

  constructor(service: RunningBilling) {
    this.#service = service;
  }

  /** @returns whether Stripe's stand-in was there to be told. */
  async disturb(disturbance: Disturbance): Promise<boolean> {
    if (disturbance.type !== 'clock') this.#latest = [...this.#latest, disturbance].slice(-REMEMBERED);
    return await this.#set(disturbance);
  }

  /** After the simulator was started again. */
  async setAnew(): Promise<void> {
    for (const disturbance of this.#latest) await this.#set(disturbance);
  }

  /** Ends all of it. */
  async calm(): Promise<void> {
    const { simulator } = this.#service;
    this.#latest = [];
    await simulator.clearFaults();
    await simulator.clearMischief();
    await simulator.limitRates({ enabled: false });
  }

  async #set(disturbance: Disturbance): Promise<boolean> {
    try {
      await this.#tell(disturbance);
      return true;
    } catch {
      // It is dead just now.
      return false;
    }
  }

  async #tell(disturbance: Disturbance): Promise<void> {
    const { simulator } = this.#service;
    switch (disturbance.type) {
      case 'fault': {
        const { type: _, ...fault } = disturbance;
        await simulator.addFault(fault);
        return;
      }
      case 'mischief': {
        const { type: _, ...mischief } = disturbance;
        await simulator.addMischief(mischief);
        return;
      }
      case 'rateLimit':
        await simulator.limitRates({ ...RATE_LIMITS, enabled: disturbance.enabled });
        return;
      case 'clock':
        await letStripeTimePass(this.#service, disturbance.hours * HOUR_MS);
    }
  }
}
