import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { HttpError } from '../api/errors.ts';
import { stored } from '../api/temporal/calls.ts';
import { Service, waitFor } from '../cli/demo/service.ts';
import { atATime } from '../domain/at-a-time.ts';
import {
  BILLING_STATE_QUERY,
  type CustomerBillingState,
  customerBillingWorkflowId,
} from '../domain/customer-workflow.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import { signalStripeEvent } from '../temporal/signals.ts';
import type { BenchParts } from './stack.ts';

const SIGN_UPS_AT_A_TIME = 8;
/** How long a customer must be at rest before it is believed. */
const REST_MS = 500;
/** Stripe would wait longer before it sends again. */
const SENT_AGAIN_AFTER_MS = 50;

/** A customer with a subscription, whose billing is at rest. */
export class Subscriber {
  readonly #parts: BenchParts;
  readonly #key: { readonly mode: 'live'; readonly stripeCustomerId: string };
  /** The host product's. */
  readonly userId: string;

  private constructor(parts: BenchParts, userId: string, stripeCustomerId: string) {
    this.#parts = parts;
    this.userId = userId;
    this.#key = { mode: 'live', stripeCustomerId };
  }

  get stripeCustomerId(): string {
    return this.#key.stripeCustomerId;
  }

  get workflowId(): string {
    return customerBillingWorkflowId(this.#key.mode, this.#key.stripeCustomerId);
  }

  static async signUp(parts: BenchParts): Promise<Subscriber> {
    const service = new Service(parts.stack);
    const userId = `user-${randomUUID()}`;
    await service.registerUser(userId, { email: `${userId}@example.com`, name: 'Somebody' });
    const { id } = await service.startCheckout(userId);
    await parts.simulator.completeCheckout(id, '4242424242424242');
    const { stripeCustomerId } = await waitFor(
      'an active user',
      () => service.billing(userId),
      ({ status }) => status === 'active',
    );
    const subscriber = new Subscriber(parts, userId, stripeCustomerId ?? '');
    await subscriber.atRest();
    return subscriber;
  }

  /** Some at a time. */
  static async signUpAll(parts: BenchParts, count: number): Promise<Subscriber[]> {
    const subscribers: Subscriber[] = [];
    await atATime(SIGN_UPS_AT_A_TIME, Array.from({ length: count }), async () => {
      subscribers.push(await Subscriber.signUp(parts));
    });
    return subscribers;
  }

  /** Tells the workflow as the api does, and, as Stripe does, again what was not taken. */
  async send(event: StripeEventEnvelope): Promise<void> {
    const { temporal } = this.#parts;
    for (;;) {
      try {
        return await stored(temporal, () => signalStripeEvent(temporal, this.#key, event));
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        await sleep(SENT_AGAIN_AFTER_MS);
      }
    }
  }

  /** Waits until nothing is left to do. */
  async atRest(): Promise<void> {
    for (let before = -1; ; await sleep(REST_MS)) {
      const { appliedEvents, queuedEvents } =
        await this.#handle().query<CustomerBillingState>(BILLING_STATE_QUERY);
      if (queuedEvents === 0 && appliedEvents === before) return;
      before = appliedEvents;
    }
  }

  /** How many activities its current run has scheduled. */
  async activities(): Promise<number> {
    const { events } = await this.#handle().fetchHistory();
    return (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes).length;
  }

  /** The length of each run's history, in events. */
  async historyLengths(): Promise<number[]> {
    const { workflow } = this.#parts.temporal;
    const { workflowId } = this.#handle();
    const { runId: lastRunId } = await this.#handle().describe();
    const list = async (): Promise<Map<string, number>> => {
      const lengths = new Map<string, number>();
      for await (const { runId } of workflow.list({ query: `WorkflowId="${workflowId}"` }))
        lengths.set(runId, (await workflow.getHandle(workflowId, runId).describe()).historyLength);
      return lengths;
    };
    return [...(await waitFor('all runs to be listed', list, (runs) => runs.has(lastRunId))).values()];
  }

  #handle(): WorkflowHandle {
    return this.#parts.temporal.workflow.getHandle(this.workflowId);
  }
}

/** A different one each time, that changes nothing: the customer is looked at, and found as before. */
export function newEvent(): StripeEventEnvelope {
  return {
    eventId: `evt_${randomUUID()}`,
    type: 'customer.subscription.updated',
    objectId: 'sub_any',
    created: Math.floor(Date.now() / 1_000),
  };
}
