import { expect, test } from 'vitest';
import { runChaos } from '../../chaos/run.ts';

const TIMEOUT_MS = 900_000;
/** The long form: `npm run chaos -- --kills 500`. */
const KILLS = 10;

test(
  'each part is killed while customers live, and nothing is lost and nothing doubled',
  async () => {
    const report = await runChaos({
      seed: 20_261_128,
      kills: KILLS,
      customers: 8,
      months: 2,
      log: () => undefined,
      show: () => undefined,
    });
    expect(report.findings).toEqual([]);
    expect(Object.values(report.kills).filter((kills) => kills === 0)).toEqual([]);
    const kills = Object.values(report.kills).reduce((sum, count) => sum + count, 0);
    expect(kills).toBeGreaterThanOrEqual(KILLS);
    // The world lived meanwhile, and noticed.
    expect(report.world.doneUnderFire).toBeGreaterThan(0);
    expect(report.world.repetitions).toBeGreaterThan(0);
    expect(report.billedCents).toBeGreaterThan(0);
    // Some webhooks came while Temporal was away, and were to come again.
    expect(report.webhooks.refused).toBeGreaterThan(0);
    expect(report.reconciliation.runs).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
