import { inheritedEnvironment } from '../../config/machine.ts';

/** How many requests are sent, and which ones: the same seed sends the same. */
export interface HostileOptions {
  /** Requests that are sent, all in all. */
  readonly requests: number;
  readonly seed: number;
  /** With it, only this one of them is sent. */
  readonly only: number | null;
}

const DEFAULT_REQUESTS = 20_000;

/**
 * From `HOSTILE_REQUESTS`, `HOSTILE_SEED` and `HOSTILE_CASE`.
 *
 * @throws RangeError when one of them is no whole number.
 */
export function hostileOptions(environment = inheritedEnvironment()): HostileOptions {
  const wholeNumber = (name: string): number | null => {
    const text = environment[name];
    if (text === undefined || text === '') return null;
    const number = Number(text);
    if (!Number.isSafeInteger(number)) throw new RangeError(`${name} must be a whole number, not "${text}"`);
    return number;
  };
  return {
    requests: wholeNumber('HOSTILE_REQUESTS') ?? DEFAULT_REQUESTS,
    seed: wholeNumber('HOSTILE_SEED') ?? Date.now() % 2 ** 31,
    only: wholeNumber('HOSTILE_CASE'),
  };
}
