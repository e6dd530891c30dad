import { describe, expect, it } from 'vitest';
import { compareMeter } from '../../domain/compare-meters.ts';

describe('meters', () => {
  const start = (day: string) => Date.parse(`${day}T00:00:00Z`) / 1_000;
  const meter = { meterId: 'mtr_1', product: 'gpu_hour', userId: 'ada', stripeCustomerId: 'cus_1' } as const;

  it('hold nothing: what was posted is one finding for each month, with what is to be credited', () => {
    expect(compareMeter({ ...meter, days: [] })).toEqual([]);
    const drifts = compareMeter({
      ...meter,
      days: [
        { start: start('2026-10-31'), quantity: 0.1 },
        { start: start('2026-10-30'), quantity: 0.2 },
        { start: start('2026-11-01'), quantity: 5 },
      ],
    });
    expect(drifts.map(({ finding }) => [finding.objectId, finding.what])).toEqual([
      ['mtr_1:cus_1:2026-10', 'Somebody posted 0.3 of gpu_hour to the meter mtr_1 for cus_1 in 2026-10.'],
      ['mtr_1:cus_1:2026-11', 'Somebody posted 5 of gpu_hour to the meter mtr_1 for cus_1 in 2026-11.'],
    ]);
    expect(drifts[0]?.finding.proposal).toContain('at the beginning of 2026-11');
  });

  it('that were corrected to nothing are as if nothing had been posted', () => {
    const days = [
      { start: start('2026-10-30'), quantity: 2 },
      { start: start('2026-10-31'), quantity: -2 },
    ];
    expect(compareMeter({ ...meter, days })).toEqual([]);
  });
});
