import fc from 'fast-check';
import { describe, test } from 'vitest';
import { describeHistory, type History, histories } from './histories.ts';
import { oracleOptions } from './options.ts';
import { Service } from './service.ts';
import { tryOut } from './trial.ts';

const options = oracleOptions();

/** Databases side by side: while one waits, or holds a transaction open, others go on. */
const PARTS = 4;
/** A counterexample is made smaller for so long. */
const SHRINKING_MS = 20_000;
/** For one history, on a machine with much else to do. */
const MAX_MS = 5_000;

const seeds =
  options.path === null ? Array.from({ length: PARTS }, (_, part) => options.seed + part) : [options.seed];
const runsOfPart = Math.ceil(options.runs / PARTS);

describe.concurrent(`${runsOfPart * seeds.length} histories are billed as the oracle says`, () => {
  test.each(seeds)('seed %i', { timeout: 60_000 + runsOfPart * MAX_MS }, async (seed) => {
    const service = await Service.start();
    try {
      await tryOutMany(service, seed);
    } finally {
      await service.stop();
    }
  });
});

/** @throws Error that shows the smallest history found that is billed otherwise, and how to see it again. */
async function tryOutMany(service: Service, seed: number): Promise<void> {
  let firstFailureAt: number | null = null;
  const property = fc.asyncProperty(histories, async (history) => {
    // What is not tried any more passes: the smallest one so far stays the counterexample.
    if (firstFailureAt !== null && Date.now() - firstFailureAt > SHRINKING_MS) return;
    try {
      await tryOut(service, history);
    } catch (error) {
      firstFailureAt ??= Date.now();
      throw error;
    }
  });
  const { path } = options;
  const details = await fc.check(property, { numRuns: runsOfPart, seed, ...(path === null ? {} : { path }) });
  if (details.failed) throw new Error(describeFailure(details));
}

function describeFailure(details: fc.RunDetails<[History]>): string {
  const { numRuns, numShrinks, seed, counterexample, counterexamplePath, errorInstance } = details;
  return [
    `History ${numRuns} is billed otherwise; made smaller ${numShrinks} times:`,
    counterexample === null ? '' : describeHistory(counterexample[0]),
    errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
    `Again: ORACLE_SEED=${seed} ORACLE_PATH=${counterexamplePath} npx vitest run test/oracle`,
  ].join('\n\n');
}
