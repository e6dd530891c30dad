/** What a route's handler, or a task, works with: one unit of work in one mode. */
import type { Store, Task } from './store.ts';
import type { ApiObject, Event } from './wire.ts';

/** What can be set when the simulator starts. */
export interface Settings {
  /** Where the simulator answers, for hosted page URLs. */
  readonly baseUrl: string;
  /** How long after finalization a charge is tried: Stripe's hour, in milliseconds of the simulator's clock. */
  readonly collectionDelayMs: number;
}

/** The API request that caused something; null inside for what the simulator does by itself. */
export type EventRequest = NonNullable<Event['request']>;

export interface Operation {
  readonly livemode: boolean;
  readonly store: Store;
  /** The other mode's objects, only to say in an error that they are there. */
  readonly otherMode: Store;
  /** Unix seconds. */
  readonly now: number;
  readonly settings: Settings;
  /** Records an event with a snapshot of `object`, and sends it to the endpoints that want it. */
  emit(type: Event['type'], object: ApiObject, previousAttributes?: Record<string, unknown>): void;
  /** Leaves work for later, by the simulator's clock, in place of the same work on the same object that already waits. */
  schedule(kind: Task['kind'], objectId: string, delayMs: number): void;
}
