import { messageOf, StackError } from './errors.ts';
import type { Log } from './log.ts';
import type { Environment } from './program.ts';
import type { Reaper } from './reaper.ts';

/** What finding or making a program needs to know. */
export interface FindOptions {
  /** Where what was fetched or built is kept for the next time. Created if it is missing. */
  readonly cacheDir: string;
  /** PATH is searched, and the programs that build inherit all of it. */
  readonly env: Environment;
  readonly log: Log;
  readonly reaper?: Reaper | undefined;
}

/** One way to come by a program. */
export interface Source {
  /** For the final message: `on PATH`, `built with Go`. */
  readonly name: string;
  /** The path of the program. Throws if it can't be had this way; the message says why. */
  readonly find: () => Promise<string>;
}

/**
 * Tries one source after the other.
 *
 * @throws StackError `part_unavailable` that lists what was tried, why each failed, and what to do
 */
export async function firstThatWorks(
  what: string,
  sources: readonly Source[],
  remedies: readonly string[],
): Promise<string> {
  const failures: string[] = [];
  for (const source of sources) {
    try {
      return await source.find();
    } catch (error) {
      failures.push(`  - ${source.name}: ${messageOf(error)}`);
    }
  }
  const todo = remedies.map((remedy) => `  - ${remedy}`);
  throw new StackError(
    'part_unavailable',
    [`${what} could not be had. What was tried:`, ...failures, 'What to do (one of these):', ...todo].join(
      '\n',
    ),
  );
}
