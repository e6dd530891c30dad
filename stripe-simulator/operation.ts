/** What a route's handler, or a task, works with: one unit of work in one mode. */
import type { Store, Task } from './store.ts';
import type { ApiObject, Event } from './wire.ts';

/** What can be set when the simulator starts. */
export interface Settings {
  /** Where the simulator answers, for hosted page URLs. */
  readonly baseUrl: string;
  /** How long after finalization a charge is tried: Stripe's hour, in milliseconds of the simulator's clock. */
  readonly collectionDelayMs: number;
  /** How long a draft with `auto_advance` stays a draft: Stripe's hour, in milliseconds of the simulator's clock. */
  readonly finalizationDelayMs: number;
  /** What becomes of a subscription once the last retry has failed; `POST /_sim/settings` changes it. */
  afterDunning: AfterDunning;
}

/** The choices of Stripe's Dashboard under "Manage failed payments for subscriptions". */
export type AfterDunning = 'cancel' | 'past_due' | 'unpaid';

/** The API request that caused something; null inside for what the simulator does by itself. */
export type EventRequest = NonNullable<Event['request']>;

/** One unit of work: all of what it does to `store` is kept, or, if it throws, nothing is. */
export interface Operation {
  readonly livemode: boolean;
  readonly store: Store;
  /** The other mode's objects, only to say in an error that they are there. */
  readonly otherMode: Store;
  /** Unix seconds: the simulator's clock, or the test clock's. */
  readonly now: number;
  /** The test clock by which this goes, if not by the simulator's. */
  readonly testClock: string | null;
  readonly settings: Settings;
  /** Records an event with a snapshot of `object`, and sends it to the endpoints that want it. */
  emit(type: Event['type'], object: ApiObject, previousAttributes?: Record<string, unknown>): void;
  /** Leaves work for later, by the simulator's clock, in place of the same work on the same object that already waits. */
  schedule(kind: Task['kind'], objectId: string, delayMs: number): void;
  /** The same for a moment in unix seconds. */
  scheduleAt(kind: Task['kind'], objectId: string, at: number): void;
  /** The same unit of work by the time of the customer's test clock, if there is one. */
  at(customer: string | null): Operation;
  /** The same unit of work by the time of this test clock. */
  atClock(testClock: string, nowMs: number): Operation;
}
