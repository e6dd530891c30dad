/** Versions of others' programs that billing needs, or was tried with. */

/** Update-with-start, which the checkout needs, is generally available from this server of Temporal's on. */
export const OLDEST_TEMPORAL_SERVER = '1.28';
/** The newest server of Temporal's that billing was tried with; docker-compose.yml runs it. */
export const NEWEST_TRIED_TEMPORAL_SERVER = '1.32';
/** The oldest PostgreSQL that its makers still mend; the tests run on 18. */
export const OLDEST_POSTGRES = '15';

/** By their numbers, one after the other; what follows them (`-rc.1`, ` (Debian …)`) does not count. */
export function isOlder(version: string, than: string): boolean {
  const given = numbersOf(version);
  for (const [index, wanted] of numbersOf(than).entries()) {
    const number = given[index] ?? 0;
    if (number !== wanted) return number < wanted;
  }
  return false;
}

function numbersOf(version: string): number[] {
  return (/^\d+(\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
}
