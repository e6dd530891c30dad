import { inheritedEnvironment } from '../../config/machine.ts';

/** How much is tried, and what is done with a history that is billed otherwise. */
export interface OracleOptions {
  /** Histories that are tried, all in all. */
  readonly runs: number;
  readonly seed: number;
  /** The way to one history and its shrunk forms, as a failure names it; with it, only that one is tried. */
  readonly path: string | null;
  /** For how long a history that is billed otherwise is made smaller. */
  readonly shrinkMs: number;
}

const DEFAULT_RUNS = 1_000;
const DEFAULT_SHRINK_SECONDS = 20;

/**
 * From `ORACLE_RUNS`, `ORACLE_SEED`, `ORACLE_PATH` and `ORACLE_SHRINK_SECONDS`.
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
    shrinkMs: wholeNumber('ORACLE_SHRINK_SECONDS', DEFAULT_SHRINK_SECONDS) * 1_000,
  };
}
