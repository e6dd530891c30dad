import { isDeepStrictEqual } from 'node:util';
import {
  type Customer,
  callApi,
  completeCheckout,
  defaultCardOf,
  eventsOf,
  newCustomer,
  type StartedCheckout,
  simulate,
  startCheckout,
  stateOf,
  subscriptionsOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { useGpu } from '../../chaos/world/usage.ts';
import { closeMonth } from '../../cli/close.ts';
import { appliedEventIds } from '../../db/applied-events.ts';
import {
  type BillingPeriod,
  billingPeriodOf,
  nextPeriod,
  periodEnd,
  periodStart,
} from '../../domain/billing-period.ts';
import type { CustomerBillingState } from '../../domain/customer-workflow.ts';
import { type BillingService, startBilling } from '../support/billing-worker.ts';
import { createTestDatabase } from '../support/database.ts';
import { startTimeSkippingTemporal } from '../support/time-skipping.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';

/** A day in milliseconds. */
export const DAY_MS = 24 * 60 * 60_000;
/** How far Stripe's clock is behind Temporal's while that is moved: what falls due with us is never late with Stripe. */
const STRIPE_BEHIND_MS = 60_000;

/** The whole service with two clocks that are moved together: Temporal's and Stripe's. Both run on by themselves as well. */
export interface MovableService {
  readonly billing: BillingService;
  /** Temporal's time, Unix milliseconds. Stripe's is never ahead of it: nothing is heard of before it has happened. */
  nowMs(): Promise<number>;
  /** Moves both clocks on. What is due in between happens with us at its moment, and with Stripe when the move is over. */
  moveTo(instantMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it at the first moment of the month after this one. */
export async function startMovableService(): Promise<MovableService> {
  const started: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of started.splice(0).toReversed()) await end();
  };
  try {
    const environment = await startTimeSkippingTemporal();
    started.push(() => environment.teardown());
    const database = await createTestDatabase();
    started.push(() => database.drop());
    let stripeAheadMs = 0;
    const billing = await startBilling({
      db: database.db,
      temporalAddress: environment.address,
      namespace: environment.client.options.namespace,
      workflowBundle: workflowBundle(),
      now: () => new Date(Date.now() + stripeAheadMs),
    });
    started.push(() => billing.stop());
    await billing.startWorker();

    const moveStripeTo = async (instantMs: number): Promise<void> => {
      const aheadMs = instantMs - Date.now();
      if (aheadMs <= stripeAheadMs) return;
      stripeAheadMs = aheadMs;
      await simulate(billing, 'clock', { now: new Date(instantMs).toISOString() });
    };
    const nowMs = () => environment.currentTimeMs();
    const moveTo = async (instantMs: number): Promise<void> => {
      await moveStripeTo(instantMs - STRIPE_BEHIND_MS);
      await environment.sleep(Math.max(instantMs - (await nowMs()), 0));
      await moveStripeTo(instantMs);
    };
    await moveTo(periodEnd(billingPeriodOf(new Date(await nowMs()))).getTime());
    return { billing, nowMs, moveTo, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What `GET /api/users/{userId}/billing` says. */
export interface PublicBilling {
  readonly status: string;
  readonly waitingFor?: string;
  readonly clusterId: string | null;
  readonly owedCents: number;
  readonly graceEndsAt?: string;
  readonly hostedInvoiceUrl?: string;
}

/** A bill as `GET /api/users/{userId}/bills` shows it. */
export interface PublicBill {
  readonly period: string;
  readonly status: string;
  readonly totalCents: number;
  readonly stripeInvoiceId: string | null;
}

/** Where a customer stands once a month is closed. */
export interface MonthEnd {
  readonly status: string;
  readonly waitingFor: string | null;
  readonly graceEndsAt: string | null;
  readonly cluster: string | null;
  readonly liveSubscriptions: number;
  /** As {@link Life.defaultCard}. */
  readonly card: string | null;
  /** The closed month's. */
  readonly bill: readonly [status: string, cents: number] | null;
}

/** One customer's life, month after month. Every step waits until all that follows from it has happened. */
export class Life {
  readonly customer: Customer;
  /** The first Checkout session, which nobody has completed. */
  readonly firstCheckout: StartedCheckout;
  /** The month it is. */
  month: BillingPeriod;
  readonly #service: MovableService;

  private constructor(
    service: MovableService,
    customer: Customer & { readonly checkout: StartedCheckout },
    month: BillingPeriod,
  ) {
    this.#service = service;
    this.customer = customer;
    this.firstCheckout = customer.checkout;
    this.month = month;
  }

  /** Of somebody who was just registered and has begun a Checkout. */
  static async begin(service: MovableService): Promise<Life> {
    const customer = await newCustomer(service.billing);
    return new Life(service, customer, billingPeriodOf(new Date(await service.nowMs())));
  }

  /** The first moment of a day of this month, Unix milliseconds. */
  day(dayOfMonth: number): number {
    return periodStart(this.month).getTime() + (dayOfMonth - 1) * DAY_MS;
  }

  async use(gpuHours: string): Promise<void> {
    await useGpu(this.#service.billing, this.customer, this.month, gpuHours);
  }

  /** Goes through Checkout with a card that is taken. */
  async addCard(cardNumber: string): Promise<CustomerBillingState> {
    const { mode, userId } = this.customer;
    const { id } = await startCheckout(this.#service.billing, mode, userId);
    await completeCheckout(this.#service.billing, id, cardNumber);
    return await this.settled();
  }

  /** Lets time pass until then, from one moment at which something is due to the next. */
  async liveUntil(instantMs: number): Promise<CustomerBillingState> {
    for (;;) {
      const { state, dueAtMs } = await this.#untilSettled();
      if ((await this.#service.nowMs()) >= instantMs) return state;
      await this.#service.moveTo(Math.min(instantMs, dueAtMs));
    }
  }

  /** Lives to the end of the month, and has the month closed. */
  async endMonth(): Promise<MonthEnd> {
    const { mode } = this.customer;
    const period = this.month;
    await this.liveUntil(periodEnd(period).getTime());
    await closeMonth(this.#service.billing.temporal, { mode, period });
    this.month = nextPeriod(period);
    await this.settled();
    const billing = await this.billing();
    const bill = await this.billOf(period);
    return {
      status: billing.status,
      waitingFor: billing.waitingFor ?? null,
      graceEndsAt: billing.graceEndsAt ?? null,
      cluster: billing.clusterId,
      liveSubscriptions: (await this.liveSubscriptionIds()).length,
      card: await this.defaultCard(),
      bill: bill === undefined ? null : [bill.status, bill.totalCents],
    };
  }

  /** Waits until Stripe has told all, and all that follows is done. */
  async settled(): Promise<CustomerBillingState> {
    return (await this.#untilSettled()).state;
  }

  async billing(): Promise<PublicBilling> {
    return await this.#ask<PublicBilling>('billing');
  }

  async billOf(period: BillingPeriod): Promise<PublicBill | undefined> {
    const { bills } = await this.#ask<{ readonly bills: PublicBill[] }>('bills');
    return bills.find((bill) => bill.period === period);
  }

  async liveSubscriptionIds(): Promise<string[]> {
    const subscriptions = await subscriptionsOf(this.#service.billing, this.customer);
    return subscriptions.filter(({ status }) => status !== 'canceled').map(({ id }) => id);
  }

  /** When the month's bill could not be collected for the first time, as Stripe dates it, Unix milliseconds. */
  async firstFailureMs(period: BillingPeriod): Promise<number> {
    const bill = await this.billOf(period);
    const events = await eventsOf(this.#service.billing, this.customer);
    const failures = events.filter(
      ({ type, data }) =>
        type === 'invoice.payment_failed' && 'id' in data.object && data.object.id === bill?.stripeInvoiceId,
    );
    return Math.min(...failures.map(({ created }) => created)) * 1_000;
  }

  /** The last four digits of what invoices charge. */
  async defaultCard(): Promise<string | null> {
    const { billing } = this.#service;
    const id = await defaultCardOf(billing, this.customer);
    if (typeof id !== 'string') return null;
    const { card } = await billing.stripe[this.customer.mode].paymentMethods.retrieve(id);
    return card?.last4 ?? null;
  }

  async #ask<Answer>(what: 'billing' | 'bills'): Promise<Answer> {
    const { mode, userId } = this.customer;
    return await callApi<Answer>(this.#service.billing, mode, 'GET', `/api/users/${userId}/${what}`);
  }

  async #untilSettled(): Promise<{ readonly state: CustomerBillingState; readonly dueAtMs: number }> {
    return await eventually(
      `the life of ${this.customer.userId} to settle`,
      async () => {
        const { billing } = this.#service;
        const before = await stateOf(billing, this.customer);
        // First what is to happen, then what has happened: so nothing can happen unseen between the two.
        const dueWithStripeMs = await this.#dueWithStripeMs();
        const eventIds = (await eventsOf(billing, this.customer)).map(({ id }) => id);
        const applied = await appliedEventIds(billing.db, this.customer.mode, eventIds);
        const state = await stateOf(billing, this.customer);
        const isAtRest =
          state.status !== 'unknown' &&
          state.queuedEvents === 0 &&
          applied.size === eventIds.length &&
          isDeepStrictEqual(before, state);
        const dueAtMs = Math.min(dueWithStripeMs, state.nextLookAtMs ?? Infinity);
        return { state, isAtRest, dueAtMs, nowMs: await this.#service.nowMs() };
      },
      ({ isAtRest, dueAtMs, nowMs }) => isAtRest && dueAtMs > nowMs,
    );
  }

  /** When Stripe charges an invoice next by itself, Unix milliseconds. The subscription's drafts of $0 may come late. */
  async #dueWithStripeMs(): Promise<number> {
    const { mode, stripeCustomerId: customer } = this.customer;
    const { data } = await this.#service.billing.stripe[mode].invoices.list({ customer, status: 'open' });
    const attempts = data.flatMap(({ next_payment_attempt: at }) => (at === null ? [] : [at * 1_000]));
    return Math.min(...attempts, Infinity);
  }
}
