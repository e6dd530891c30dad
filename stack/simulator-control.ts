import type { z } from 'zod';
import type { faultSchema } from '../stripe-simulator/faults.ts';
import type { mischiefSchema } from '../stripe-simulator/mischief.ts';
import type { rateLimitSchema } from '../stripe-simulator/rate-limits.ts';
import type { LoggedRequest } from '../stripe-simulator/request-log.ts';
import type { Delivery } from '../stripe-simulator/store.ts';
import { requestJson } from './json-request.ts';

/**
 * What a person, a test or the outside world does to the Stripe simulator: its routes under `/_sim`, see stripe-simulator/README.md.
 * Each call throws RefusedError when the simulator refuses it.
 */
export class SimulatorControl {
  readonly #url: string;

  /** @param simulatorUrl where it listens. */
  constructor(simulatorUrl: string) {
    this.#url = `${simulatorUrl}/_sim`;
  }

  /** What Stripe was asked for, oldest first, as far as it is remembered: the last 10,000 requests. */
  async requestsAfter(sequence: number): Promise<readonly LoggedRequest[]> {
    return (await this.#call<{ requests: readonly LoggedRequest[] }>('GET', `requests?after=${sequence}`))
      .requests;
  }

  /** How often Stripe has been asked since the simulator began. */
  async lastSequence(): Promise<number> {
    return (await this.requestsAfter(0)).at(-1)?.sequence ?? 0;
  }

  /** By its clock, by which Stripe dates what it makes and sends webhooks again; Unix milliseconds. */
  async nowMs(): Promise<number> {
    return Date.parse((await this.#call<{ now: string }>('GET', 'clock')).now);
  }

  /** What is due by then happens. */
  async setClock(nowMs: number): Promise<void> {
    await this.tell('clock', { now: new Date(nowMs).toISOString() });
  }

  /** What a person does on Stripe's page. */
  async completeCheckout(checkoutSessionId: string, cardNumber: string): Promise<void> {
    await this.tell(`checkout/${checkoutSessionId}/complete`, { cardNumber });
  }

  /** Those that have requests left to strike. */
  async faults(): Promise<readonly unknown[]> {
    return (await this.#call<{ faults: readonly unknown[] }>('GET', 'faults')).faults;
  }

  async addFault(fault: z.input<typeof faultSchema>): Promise<void> {
    await this.tell('faults', fault);
  }

  async clearFaults(): Promise<void> {
    await this.#call('DELETE', 'faults');
  }

  /** What befalls webhooks. */
  async addMischief(mischief: z.input<typeof mischiefSchema>): Promise<void> {
    await this.tell('webhooks/mischief', mischief);
  }

  async clearMischief(): Promise<void> {
    await this.#call('DELETE', 'webhooks/mischief');
  }

  async limitRates(limits: z.input<typeof rateLimitSchema>): Promise<void> {
    await this.tell('rate-limits', limits);
  }

  /** Every webhook that was sent, or is to be, of both modes. */
  async deliveries(): Promise<readonly Delivery[]> {
    return (await this.#call<{ deliveries: readonly Delivery[] }>('GET', 'webhooks')).deliveries;
  }

  /** Sends an event's webhooks once more. */
  async redeliver(eventId: string): Promise<void> {
    await this.tell('webhooks/redeliver', { eventId });
  }

  /** Posts to any of its routes. */
  async tell(path: string, body: unknown): Promise<unknown> {
    return await this.#call('POST', path, body);
  }

  async #call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    return await requestJson<Answer>(method, `${this.#url}/${path}`, { body });
  }
}
