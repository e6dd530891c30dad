import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instantMs, monthAfter, monthEndMs, monthOf, monthStartMs } from './calendar.ts';
import { explanations, type Observation, type Seen } from './judge.ts';
import { happen, nothingYet, type Operation, type Past, type SentEvent } from './oracle.ts';
import { nearestWhole, parseDecimal } from './rational.ts';

const EMPTY = nothingYet(['u1'], 0);
const FREEZE = { type: 'freeze', userId: 'u1', month: '2024-02' } as const;

function usage(id: string, product: SentEvent['product'], quantity: string): SentEvent {
  return { id, userId: 'u1', product, quantity, occurredAt: '2024-02-29T23:59:59.999Z' };
}

const BATCH = {
  type: 'send',
  events: [usage('a', 'cpu_hour', '1'), usage('b', 'gpu_hour', '1')],
} as const;
const ACCEPTED = { accepted: 2, duplicates: 0, rejected: [] };

/** What a freeze after these operations must come to. */
function billAfter(...operations: readonly Operation[]): Seen {
  const past = operations.reduce<Past>((past, operation) => happen(past, operation).past, EMPTY);
  return happen(past, FREEZE).outcome;
}

function seen(operation: Operation, began: number, ended: number, what: Seen): Observation {
  return { operation, began, ended, seen: what };
}

const isExplained = (...observations: readonly Observation[]) =>
  explanations([EMPTY], observations).length > 0;

describe('the judge', () => {
  const whole = billAfter(BATCH);
  const none = billAfter();
  const half = billAfter({ type: 'send', events: BATCH.events.slice(0, 1) });

  test('wants a batch on the bill that was acknowledged before the freeze began', () => {
    expect(isExplained(seen(BATCH, 1, 2, ACCEPTED), seen(FREEZE, 3, 4, whole))).toBe(true);
    expect(isExplained(seen(BATCH, 1, 2, ACCEPTED), seen(FREEZE, 3, 4, none))).toBe(false);
  });

  test('wants none of a batch on it that was sent after the freeze had ended', () => {
    expect(isExplained(seen(FREEZE, 1, 2, none), seen(BATCH, 3, 4, ACCEPTED))).toBe(true);
    expect(isExplained(seen(FREEZE, 1, 2, whole), seen(BATCH, 3, 4, ACCEPTED))).toBe(false);
  });

  test('takes a batch that raced with the freeze whole or not at all', () => {
    const batch = seen(BATCH, 1, 4, ACCEPTED);
    expect(isExplained(batch, seen(FREEZE, 2, 3, whole))).toBe(true);
    expect(isExplained(batch, seen(FREEZE, 2, 3, none))).toBe(true);
    expect(isExplained(batch, seen(FREEZE, 2, 3, half))).toBe(false);
  });

  test('lets one of two freezes at once make the bill, not both', () => {
    const batch = seen(BATCH, 1, 2, ACCEPTED);
    expect(isExplained(batch, seen(FREEZE, 3, 5, none), seen(FREEZE, 4, 6, whole))).toBe(true);
    expect(isExplained(batch, seen(FREEZE, 3, 5, whole), seen(FREEZE, 4, 6, whole))).toBe(false);
    expect(isExplained(batch, seen(FREEZE, 3, 5, none), seen(FREEZE, 4, 6, none))).toBe(false);
  });

  test('explains no error', () => {
    expect(isExplained(seen(FREEZE, 1, 2, { failed: 'deadlock detected' }))).toBe(false);
  });
});

describe("the oracle's own means", () => {
  test.each(['oracle', 'purse', 'calendar', 'rational'])(
    '%s.ts imports nothing of the product',
    async (name) => {
      const source = await readFile(new URL(`./${name}.ts`, import.meta.url), 'utf8');
      const imported = Array.from(source.matchAll(/from '([^']*)'/g), ([, from]) => from);
      expect(imported.filter((from) => !/^\.\/(calendar|purse|rational)\.ts$/.test(from ?? ''))).toEqual([]);
    },
  );

  test('its calendar is that of the platform', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2401, 0) }), (ms) => {
        const iso = new Date(ms).toISOString();
        const month = iso.slice(0, 7);
        expect(instantMs(iso)).toBe(ms);
        expect(monthOf(ms)).toBe(month);
        expect(monthStartMs(month)).toBe(Date.parse(`${month}-01T00:00:00.000Z`));
        expect(monthEndMs(month)).toBe(Date.parse(`${monthAfter(month)}-01T00:00:00.000Z`));
      }),
    );
    expect(instantMs('2024-03-01T05:29:59.999+05:30')).toBe(Date.parse('2024-02-29T23:59:59.999Z'));
  });

  test.each([
    ['0.5', 1n],
    ['-0.5', -1n],
    ['1.5', 2n],
    ['2.5', 3n],
    ['2.4999999999999999999', 2n],
    ['-2.5', -3n],
    ['0', 0n],
  ])('%s is rounded to %s', (text, whole) => {
    expect(nearestWhole(parseDecimal(text))).toBe(whole);
  });
});
