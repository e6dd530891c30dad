/** Live mode and test mode: an API key opens one of them, and nothing of one is ever seen in the other. */
import { IdempotencyKeys } from './idempotency.ts';
import { Store } from './store.ts';

/** What the two are called. */
export const MODE_NAMES = ['live', 'test'] as const;
/** Which of Stripe's two worlds. */
export type ModeName = (typeof MODE_NAMES)[number];

/** One of the two worlds. */
export interface Mode {
  readonly name: ModeName;
  readonly livemode: boolean;
  readonly store: Store;
  readonly idempotencyKeys: IdempotencyKeys;
}

/** A mode with nothing in it. */
export function newMode(name: ModeName): Mode {
  const store = new Store();
  return { name, livemode: name === 'live', store, idempotencyKeys: new IdempotencyKeys(store) };
}
