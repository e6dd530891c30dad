import { beforeEach, expect, test } from 'vitest';
import { loadUnitPrices, setUnitPrice } from '../../db/price-list.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { useTestDatabase } from '../support/database.ts';
import { AUGUST, frozenBill, ingest, level, newUser, OCTOBER, SEPTEMBER, usage } from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['test', 'live'] });
let userId: string;
const NOW = new Date('2026-09-10T00:00:00Z');

beforeEach(async () => {
  userId = await newUser(database.db);
  await database.db.deleteFrom('price_changes').execute();
});

const change = (product: 'cpu_hour' | 'storage_gb_month', fromPeriod = OCTOBER, unitPriceCents = '12.5') =>
  setUnitPrice(database.db, { mode: 'test', product, fromPeriod, unitPriceCents }, NOW);

test('usage costs what its own month costs, also when it comes late or is corrected', async () => {
  await change('cpu_hour');
  await change('storage_gb_month', OCTOBER, '20');
  await ingest(database.db, [level(userId, '10', '2026-09-01T00:00:00Z')]);
  expect((await frozenBill(database.db, userId, SEPTEMBER)).lines).toMatchObject([
    { unitPriceCents: '15', amountCents: 150 },
  ]);
  await ingest(database.db, [
    usage(userId, { quantity: '3' }),
    usage(userId, { quantity: '3', occurredAt: new Date('2026-10-01T00:00:00Z') }),
    level(userId, '0', '2026-09-16T00:00:00Z'),
    level(userId, '2', '2026-10-01T00:00:00Z'),
  ]);
  expect((await frozenBill(database.db, userId, OCTOBER)).lines).toMatchObject([
    { description: 'CPU Hour, late usage, 2026-09', unitPriceCents: '10', amountCents: 30 },
    { description: 'CPU Hour, 2026-10', unitPriceCents: '12.5', amountCents: 38 },
    { description: 'Storage GB-Month, late usage, 2026-09', unitPriceCents: '15', amountCents: -75 },
    { description: 'Storage GB-Month, 2026-10', unitPriceCents: '20', amountCents: 40 },
  ]);
});

test('a price holds until the next change, and one that is set again for a month holds instead', async () => {
  await change('cpu_hour', SEPTEMBER, '11');
  await change('cpu_hour', parseBillingPeriod('2026-12'), '14');
  await change('cpu_hour', parseBillingPeriod('2026-12'), '13');
  const priceIn = await loadUnitPrices(database.db, 'test');
  expect(
    ['2026-08', '2026-09', '2026-11', '2026-12', '2030-01'].map((period) =>
      priceIn('cpu_hour', parseBillingPeriod(period)),
    ),
  ).toEqual(['10', '11', '11', '13', '13']);
  expect(priceIn('gpu_hour', OCTOBER)).toBe('200');
  expect((await loadUnitPrices(database.db, 'live'))('cpu_hour', OCTOBER)).toBe('10');
});

test('a month that is over costs what it cost', async () => {
  await expect(change('cpu_hour', AUGUST)).rejects.toThrow('The earliest is 2026-09.');
  expect((await loadUnitPrices(database.db, 'test'))('cpu_hour', AUGUST)).toBe('10');
});
