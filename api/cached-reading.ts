import { setTimeout as sleep } from 'node:timers/promises';

const MIN_INTERVAL_MS = 60_000;
/** After a reading it rests for so many times as long as that took: it keeps the database busy for a tenth of the time at most. */
const REST_FACTOR = 9;
/** Who has nothing to show yet waits for so long. Prometheus gives a scrape 10 seconds. */
const PATIENCE_MS = 2_000;

/** What is read, and who hears of its failures. */
export interface Reading<T> {
  readonly read: () => Promise<T>;
  /** Hears of every reading that failed; whoever asked for the value is not told why there is none. */
  readonly onFailure: (error: unknown) => void;
  /** A clock that never goes back, for tests. */
  readonly nowMs?: () => number;
}

/**
 * Makes a reading that costs the database something cheap to ask for, as often as one likes: it is taken when somebody asks, once at
 * a time, and at most once a minute.
 *
 * @returns a function that never throws, and gives the last value at once while a new one is read. `undefined` when there is none
 *   yet, when the last reading has failed, and when it was taken more than two intervals ago: the database may hang.
 */
export function cachedReading<T extends object>(reading: Reading<T>): () => Promise<T | undefined> {
  const nowMs = reading.nowMs ?? (() => performance.now());
  let known: { readonly value: T; readonly expiresAtMs: number } | undefined;
  let dueAtMs = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;

  const current = () => (known !== undefined && nowMs() < known.expiresAtMs ? known.value : undefined);

  async function readAgain(): Promise<void> {
    const startedAtMs = nowMs();
    const value = await reading.read().catch((error: unknown) => {
      reading.onFailure(error);
    });
    const endedAtMs = nowMs();
    const intervalMs = Math.max(MIN_INTERVAL_MS, REST_FACTOR * (endedAtMs - startedAtMs));
    dueAtMs = endedAtMs + intervalMs;
    known = value === undefined ? undefined : { value, expiresAtMs: endedAtMs + 2 * intervalMs };
    underWay = undefined;
  }

  return async () => {
    if (nowMs() >= dueAtMs) underWay ??= readAgain();
    if (current() === undefined && underWay !== undefined)
      await Promise.race([underWay, sleep(PATIENCE_MS, undefined, { ref: false })]);
    return current();
  };
}
