import { inheritedEnvironment } from '../../config/machine.ts';

export interface OracleOptions {
  /** Histories that are tried, all in all. */
  readonly runs: number;
  readonly seed: number;
  /** The way to one history and its shrunk forms, as a failure names it; with it, only that one is tried. */
  readonly path: string | null;
}

const DEFAULT_RUNS = 1_000;

/**
 * From `ORACLE_RUNS`, `ORACLE_SEED` and `ORACLE_PATH`.
 *
 * @throws RangeError when one of the numbers is none.
 */
export function oracleOptions(environment = inheritedEnvironment()): OracleOptions {
  const wholeNumber = (name: string, otherwise: number): number => {
    const text = environment[name];
    if (text === undefined || text === '') return otherwise;
    const number = Number(text);
    if (!Number.isSafeInteger(number)) throw new RangeError(`${name} must be a whole number, not "${text}"`);
    return number;
  };
  return {
    runs: Math.max(1, wholeNumber('ORACLE_RUNS', DEFAULT_RUNS)),
    seed: wholeNumber('ORACLE_SEED', Date.now() % 2 ** 31),
    path: environment['ORACLE_PATH'] || null,
  };
}
