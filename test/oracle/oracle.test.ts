import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeHistory } from './describe-history.ts';
import { type History, histories } from './histories.ts';
import { oracleOptions } from './options.ts';
import { Service } from './service.ts';
import { tryOut } from './trial.ts';

const options = oracleOptions();

/** Databases side by side: while one waits, or holds a transaction open, others go on. */
const PARTS = 4;
/** For one history, on a machine with much else to do. */
const MAX_MS = 5_000;

const seeds =
  options.path === null ? Array.from({ length: PARTS }, (_, part) => options.seed + part) : [options.seed];
const runsOfPart = Math.ceil(options.runs / PARTS);

/** How many histories were tried, in all parts. */
let tried = 0;
/** The first one that is billed otherwise. */
let found: { readonly after: number; readonly at: number } | null = null;

describe.concurrent(`${runsOfPart * seeds.length} histories are billed as the oracle says`, () => {
  test.each(seeds)('seed %i', { timeout: 60_000 + runsOfPart * MAX_MS }, async (seed) => {
    const service = await Service.start();
    try {
      const failure = await tryOutMany(service, seed);
      expect(failure === null, failure ?? '').toBe(true);
    } finally {
      await service.stop();
    }
  });
});

/** @returns the smallest history found that is billed otherwise, and how to see it again; `null` when there is none. */
async function tryOutMany(service: Service, seed: number): Promise<string | null> {
  const property = fc.asyncProperty(histories, async (history) => {
    // What is not tried any more passes, so the smallest one so far stays the counterexample.
    if (found !== null && Date.now() - found.at >= options.shrinkMs) return;
    if (found === null) tried += 1;
    try {
      await tryOut(service, history);
    } catch (error) {
      found ??= { after: tried, at: Date.now() };
      throw error;
    }
  });
  const { path } = options;
  const details = await fc.check(property, { numRuns: runsOfPart, seed, ...(path === null ? {} : { path }) });
  return details.failed ? describeFailure(details) : null;
}

function describeFailure(details: fc.RunDetails<[History]>): string {
  const { numShrinks, seed, counterexample, counterexamplePath, errorInstance } = details;
  return [
    `Found after ${found?.after} histories, and made smaller ${numShrinks} times:`,
    counterexample === null ? '' : describeHistory(counterexample[0]),
    errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
    `Again: ORACLE_SEED=${seed} ORACLE_PATH=${counterexamplePath} npx vitest run test/oracle`,
  ].join('\n\n');
}
