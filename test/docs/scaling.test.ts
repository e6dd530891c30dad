import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { loadOf, MEASURED, monthsOfARun, tableOfOne, tableOfSizes } from '../../bench/scaling.ts';

const document = await readFile(new URL('../../docs/scaling.md', import.meta.url), 'utf8');

test.each([
  ['of one customer', tableOfOne],
  ['of many', tableOfSizes],
])('the table %s is what the model gives', (_what, table) => {
  expect(document).toContain(`\n\n${table()}\n`);
});

test('ten times the customers take ten times as much, but no more webhooks at a time than bills go out', () => {
  const [few, many] = [loadOf(10_000), loadOf(100_000)];
  for (const [name, value] of Object.entries(few)) {
    const times = name === 'webhooksPerSecondOfClose' ? 1 : 10;
    expect(many[name as keyof typeof many] / value, name).toBeCloseTo(times);
  }
});

test('a customer whose month writes a history of so many events begins a new run when it is full', () => {
  expect(monthsOfARun() * MEASURED.month.historyEvents).toBeCloseTo(4_096);
  expect(document).toContain(`after some ${Math.round(monthsOfARun() / 12)} years`);
});
