import { Big } from 'big.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BillingPeriod,
  parseBillingPeriod,
  periodEnd,
  periodLengthMs,
  periodStart,
  periodsBetween,
} from '../../domain/billing-period.ts';
import {
  inOrder,
  type StorageLevel,
  type StorageTotal,
  storageChanges,
  storageGbMs,
} from '../../domain/storage.ts';

const FIRST = parseBillingPeriod('2023-11');
const LAST = parseBillingPeriod('2024-03');

/** The definition, word for word: level × time held, interval by interval. */
function naiveGbMs(levels: readonly StorageLevel[], period: BillingPeriod): Big {
  const ordered = inOrder(levels);
  return ordered.reduce((sum, level, index) => {
    const until = ordered[index + 1]?.occurredAt ?? periodEnd(LAST);
    const from = Math.max(level.occurredAt.getTime(), periodStart(period).getTime());
    const to = Math.min(until.getTime(), periodEnd(period).getTime());
    return to > from ? sum.plus(new Big(level.gb).times(to - from)) : sum;
  }, new Big(0));
}

function add(totals: Map<BillingPeriod, StorageTotal>, changes: Map<BillingPeriod, StorageTotal>): void {
  for (const [period, change] of changes) {
    const total = totals.get(period);
    totals.set(period, {
      gbMs: change.gbMs.plus(total?.gbMs ?? 0),
      levelChangeGb: change.levelChangeGb.plus(total?.levelChangeGb ?? 0),
    });
  }
}

const level = fc.record({
  occurredAt: fc.date({
    min: periodStart(FIRST),
    max: new Date(periodEnd(LAST).getTime() - 1),
    noInvalidDate: true,
  }),
  gb: fc.integer({ min: 0, max: 10 ** 9 }).map((milli) => new Big(milli).div(1_000).toFixed()),
});
const history = fc
  .array(level, { minLength: 1, maxLength: 12 })
  .map((levels) => levels.map((each, index): StorageLevel => ({ ...each, eventId: `e${index}` })));

describe('storage', () => {
  it('of any history is level × time, in whatever order and portions the levels arrive', () => {
    fc.assert(
      fc.property(
        history.chain((levels) =>
          fc.tuple(
            fc.shuffledSubarray(levels, { minLength: levels.length }),
            fc.array(fc.nat(4), { minLength: levels.length, maxLength: levels.length }),
          ),
        ),
        ([arriving, sizes]) => {
          const totals = new Map<BillingPeriod, StorageTotal>();
          const known: StorageLevel[] = [];
          for (let index = 0; index < arriving.length; ) {
            const portion = arriving.slice(index, index + 1 + (sizes[index] ?? 0));
            add(totals, storageChanges(known, portion));
            known.push(...portion);
            index += portion.length;
          }
          for (const period of periodsBetween(FIRST, LAST)) {
            expect(storageGbMs(period, totals).toFixed()).toBe(naiveGbMs(arriving, period).toFixed());
          }
        },
      ),
    );
  });

  it('needs to know only the neighbours of a new level', () => {
    const levels: StorageLevel[] = ['01', '05', '10', '20', '25'].map((day, index) => ({
      eventId: `e${index}`,
      occurredAt: new Date(`2024-01-${day}T00:00:00Z`),
      gb: String(index * 7 + 1),
    }));
    const added: StorageLevel = { eventId: 'new', occurredAt: new Date('2024-01-12T00:00:00Z'), gb: '100' };
    const all = storageChanges(levels, [added]);
    const neighbours = storageChanges(levels.slice(2, 4), [added]);
    const january = parseBillingPeriod('2024-01');
    expect(neighbours.get(january)?.gbMs.toFixed()).toBe(all.get(january)?.gbMs.toFixed());
    expect(neighbours.get(january)?.levelChangeGb.toFixed()).toBe('0');
  });

  it('held for the whole month is one GB-month per GB, whatever the month', () => {
    const levels: StorageLevel[] = [{ eventId: 'e', occurredAt: periodStart(FIRST), gb: '3' }];
    const totals = storageChanges([], levels);
    for (const period of periodsBetween(FIRST, LAST)) {
      expect(storageGbMs(period, totals).div(periodLengthMs(period)).toFixed()).toBe('3');
    }
  });

  it('of two levels at the same instant is the one with the greater event id, whichever came first', () => {
    const occurredAt = new Date('2024-01-01T00:00:00Z');
    const [a, b]: [StorageLevel, StorageLevel] = [
      { eventId: 'a', occurredAt, gb: '1' },
      { eventId: 'b', occurredAt, gb: '2' },
    ];
    expect(inOrder([b, a]).map((each) => each.eventId)).toEqual(['a', 'b']);
  });
});
