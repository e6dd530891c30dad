import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Customer,
  callApi,
  completeCheckout,
  newCustomer,
  settled,
  subscribedCustomer,
  subscriptionsOf,
} from '../chaos/world/customers.ts';
import { sendUsage } from '../chaos/world/host-product.ts';
import type { RunningBilling } from '../chaos/world/running-billing.ts';

/** What was asked while processes were replaced. Each request is sent once: what fails, fails. */
export interface LoadFigures {
  readonly requests: Readonly<Record<LoadKind, number>>;
  readonly usageEvents: number;
  readonly slowestMs: Readonly<Record<LoadKind, number>>;
  readonly failures: readonly string[];
}

const KINDS = ['billing', 'usage', 'checkout', 'stripe'] as const;
type LoadKind = (typeof KINDS)[number];

const CUSTOMERS = 20;
const EVENTS_PER_BATCH = 20;
/** Of each kind, one after the other. */
const PAUSES_MS: Readonly<Record<LoadKind, number>> = { billing: 25, usage: 50, checkout: 400, stripe: 100 };

/**
 * A host product, people at Checkout, and Stripe, who never stop asking: standings and usage (the api alone), new customers (the api and
 * a worker, within the time of a request), and changes in Stripe (webhooks).
 */
export class Load {
  readonly #service: RunningBilling;
  readonly #customers: readonly Customer[];
  readonly #figures = {
    requests: zeros(),
    slowestMs: zeros(),
    usageEvents: 0,
    failures: [] as string[],
  };
  readonly #newcomers: Customer[] = [];
  readonly #ending = new AbortController();
  readonly #ended: Promise<unknown>;

  private constructor(service: RunningBilling, customers: readonly Customer[]) {
    this.#service = service;
    this.#customers = customers;
    this.#ended = Promise.all(KINDS.map((kind) => this.#goOn(kind)));
  }

  static async start(service: RunningBilling): Promise<Load> {
    const customers: Customer[] = [];
    for (let count = 0; count < CUSTOMERS; count += 1)
      customers.push(await subscribedCustomer(service, { mode: 'test' }));
    return new Load(service, customers);
  }

  /** Ends it, and waits until all that it has set off has had its effect. */
  async stop(): Promise<LoadFigures> {
    this.#ending.abort();
    await this.#ended;
    for (const customer of [...this.#customers, ...this.#newcomers]) await settled(this.#service, customer);
    return this.#figures;
  }

  async #goOn(kind: LoadKind): Promise<void> {
    for (let count = 0; !this.#ending.signal.aborted; count += 1) {
      const since = performance.now();
      try {
        await this.#ask(kind, count);
      } catch (error) {
        this.#figures.failures.push(`${kind}: ${String(error)}`);
      }
      const { requests, slowestMs } = this.#figures;
      requests[kind] += 1;
      slowestMs[kind] = Math.max(slowestMs[kind], performance.now() - since);
      await sleep(PAUSES_MS[kind]);
    }
  }

  async #ask(kind: LoadKind, count: number): Promise<void> {
    const customer = this.#customers[count % this.#customers.length];
    if (customer === undefined) throw new Error('there is nobody');
    const { mode, userId } = customer;
    switch (kind) {
      case 'billing':
        await callApi(this.#service, mode, 'GET', `/api/users/${userId}/billing`);
        return;
      case 'usage': {
        const occurredAt = new Date().toISOString();
        const events = Array.from({ length: EVENTS_PER_BATCH }, () => ({
          id: randomUUID(),
          userId,
          product: 'cpu_hour' as const,
          quantity: '0.01',
          occurredAt,
        }));
        await sendUsage(this.#service, mode, events);
        this.#figures.usageEvents += events.length;
        return;
      }
      case 'checkout': {
        const newcomer = await newCustomer(this.#service, mode);
        await completeCheckout(this.#service, newcomer.checkout.id);
        this.#newcomers.push(newcomer);
        return;
      }
      case 'stripe': {
        const [subscription] = await subscriptionsOf(this.#service, customer);
        if (subscription === undefined) throw new Error(`${userId} has no subscription`);
        const metadata = { change: String(count) };
        await this.#service.stripe.test.subscriptions.update(subscription.id, { metadata });
      }
    }
  }
}

function zeros(): Record<LoadKind, number> {
  return { billing: 0, usage: 0, checkout: 0, stripe: 0 };
}
