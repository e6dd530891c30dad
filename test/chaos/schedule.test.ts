import { expect, test } from 'vitest';
import { type Disturbance, PASSING_FAULTS, planBlows } from '../../chaos/schedule.ts';
import { populate } from '../../chaos/world/population.ts';
import { PARTS } from '../../stack/stack.ts';
import { MISCHIEF_KINDS } from '../../stripe-simulator/mischief.ts';

const MONTHS = ['2026-08', '2026-09', '2026-10'];
const THIRTY_DAYS_IN_HOURS = 30 * 24;

const population = (seed: number) =>
  populate(seed, 40, MONTHS).map(({ deeds, ...biography }) => ({
    ...biography,
    deeds: deeds.map(({ what, at }) => ({ what, at })),
  }));

function disturbances<Type extends Disturbance['type']>(seed: number, type: Type) {
  return planBlows(seed, 500).flatMap(({ disturbance }) =>
    disturbance?.type === type ? [disturbance as Extract<Disturbance, { type: Type }>] : [],
  );
}

test('who lives, what they do and what is killed are a function of the seed', () => {
  expect(planBlows(7, 200)).toEqual(planBlows(7, 200));
  expect(planBlows(7, 200)).not.toEqual(planBlows(8, 200));
  expect(population(7)).toEqual(population(7));
  expect(population(7)).not.toEqual(population(8));
});

test.each([10, 60, 500])('%i kills are planned, and each part is killed', (kills) => {
  const blows = planBlows(20_261_128, kills);
  const planned = blows.reduce((sum, blow) => sum + blow.parts.length * (blow.strikesTwice ? 2 : 1), 0);
  expect(planned).toBeGreaterThanOrEqual(kills);
  expect(planned - kills).toBeLessThan(4);
  expect(new Set(blows.flatMap(({ parts }) => parts))).toEqual(new Set(PARTS));
});

test('a long run has every kind of fault and of mischief, in both modes, two parts at once and a part that is struck twice', () => {
  const faults = disturbances(1, 'fault');
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(PASSING_FAULTS));
  expect(new Set(faults.map(({ mode }) => mode))).toEqual(new Set(['live', 'test']));
  expect(new Set(disturbances(1, 'mischief').map(({ kind }) => kind))).toEqual(new Set(MISCHIEF_KINDS));
  const blows = planBlows(1, 500);
  expect(blows.some(({ parts }) => parts.length > 1)).toBe(true);
  expect(blows.some(({ strikesTwice }) => strikesTwice)).toBe(true);
});

test.each([1, 2, 3])(
  "Stripe's clock never leaves the 30 days that its list of events has (seed %i)",
  (seed) => {
    const hours = disturbances(seed, 'clock').reduce((sum, jump) => sum + jump.hours, 0);
    expect(hours).toBeGreaterThan(24);
    expect(hours).toBeLessThan(THIRTY_DAYS_IN_HOURS / 1.5);
  },
);

test('usage comes late, and again, and every month has some', () => {
  const batches = populate(1, 40, MONTHS).flatMap(({ usage }) => usage);
  const ids = batches.flatMap(({ events }) => events.map(({ id }) => id));
  expect(new Set(ids).size).toBeLessThan(ids.length);
  const monthsOf = batches.map(({ events }) => events[0]?.occurredAt.slice(0, 7));
  expect(new Set(monthsOf)).toEqual(new Set(MONTHS));
  expect(batches.some(({ at, events }) => at > 0.8 && events[0]?.occurredAt.startsWith('2026-08'))).toBe(
    true,
  );
});
