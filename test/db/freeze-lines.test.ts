import { beforeEach, describe, expect, test } from 'vitest';
import { listBills } from '../../db/bills.ts';
import { freezeBill } from '../../db/freeze.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import { createTestDatabase, useTestDatabase } from '../support/database.ts';
import { AUGUST, frozenBill, ingest, level, newUser, OCTOBER, SEPTEMBER, usage } from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['test'] });
let userId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
});

const freeze = (period = SEPTEMBER) => freezeBill(database.db, { mode: 'test', userId, period });
const bill = (period = SEPTEMBER) => frozenBill(database.db, userId, period);

describe('what is used becomes lines', () => {
  test('one line for each product, each rounded once, half up, in the order of the price list', async () => {
    await ingest(database.db, [
      usage(userId, { product: 'api_calls', quantity: '1234567' }), // 1234.567 cents
      usage(userId, { product: 'gpu_hour', quantity: '0.0025' }), // 0.5 cents
      usage(userId, { quantity: '1.24' }), // 12.4 cents …
      usage(userId, { quantity: '0.01' }), // … and 0.1: 12.5 together
      level(userId, '100', '2026-09-16T00:00:00Z'), // for 15 of 30 days
    ]);
    const frozen = await bill();
    expect(frozen.lines).toEqual([
      {
        product: 'cpu_hour',
        usagePeriod: SEPTEMBER,
        exactQuantity: '1.25',
        eventsThrough: 2,
        quantity: '1.25',
        unitPriceCents: '10',
        amountCents: 13,
        description: 'CPU Hour, 2026-09',
      },
      {
        product: 'gpu_hour',
        usagePeriod: SEPTEMBER,
        exactQuantity: '0.0025',
        eventsThrough: 1,
        quantity: '0.0025',
        unitPriceCents: '200',
        amountCents: 1,
        description: 'GPU Hour, 2026-09',
      },
      {
        product: 'storage_gb_month',
        usagePeriod: SEPTEMBER,
        exactQuantity: '129600000000',
        eventsThrough: 1,
        quantity: '50',
        unitPriceCents: '15',
        amountCents: 750,
        description: 'Storage GB-Month, 2026-09',
      },
      {
        product: 'api_calls',
        usagePeriod: SEPTEMBER,
        exactQuantity: '1234567',
        eventsThrough: 1,
        quantity: '1234567',
        unitPriceCents: '0.001',
        amountCents: 1235,
        description: 'API Calls, 2026-09',
      },
    ]);
    expect(frozen).toMatchObject({
      status: 'frozen',
      totalCents: 13 + 1 + 750 + 1235,
      stripeInvoiceId: null,
    });
  });

  test('usage of a later month is left for its own bill', async () => {
    await ingest(database.db, [
      usage(userId, { quantity: '1' }),
      usage(userId, { quantity: '7', occurredAt: new Date('2026-10-01T00:00:00Z') }),
    ]);
    expect((await bill(SEPTEMBER)).totalCents).toBe(10);
    expect((await bill(OCTOBER)).lines).toMatchObject([{ quantity: '7', amountCents: 70 }]);
  });

  test('a user without usage gets no bill', async () => {
    expect(await freeze()).toEqual([]);
    expect(await listBills(database.db, 'test', userId)).toEqual([]);
  });

  test('a price that was changed in stripe_products is what a bill is computed with', async () => {
    const other = await createTestDatabase();
    try {
      await ensurePriceList(other.db, 'test');
      await other.db
        .updateTable('stripe_products')
        .set({ unit_price_cents: '12.5' })
        .where('product', '=', 'cpu_hour')
        .execute();
      await ensurePriceList(other.db, 'test');
      const buyer = await newUser(other.db);
      await ingest(other.db, [usage(buyer, { quantity: '3' })]);
      expect((await frozenBill(other.db, buyer)).lines).toMatchObject([
        { unitPriceCents: '12.5', amountCents: 38 },
      ]);
    } finally {
      await other.drop();
    }
  });

  test('a bill that comes to 0 is paid at once, and its usage is not billed again', async () => {
    await ingest(database.db, [usage(userId, { product: 'api_calls', quantity: '499' })]);
    expect(await bill()).toMatchObject({
      status: 'paid',
      totalCents: 0,
      lines: [{ quantity: '499', amountCents: 0 }],
    });
    expect(await freeze(OCTOBER)).toEqual([]);
  });
});

describe('what a line is made of', () => {
  const spans = (billId: string) =>
    database.db
      .selectFrom('bill_lines')
      .select(['events_before', 'events_through', 'first_event_at', 'last_event_at'])
      .where('bill_id', '=', billId)
      .orderBy('line_number')
      .execute();

  test('is kept: the numbers of its events, and when the first and the last of them occurred', async () => {
    const at = (instant: string) => ({ occurredAt: new Date(instant) });
    await ingest(database.db, [
      usage(userId, at('2026-09-03T00:00:00Z')),
      usage(userId, at('2026-09-02T00:00:00Z')),
    ]);
    await ingest(database.db, [
      usage(userId, at('2026-09-20T00:00:00Z')),
      level(userId, '5', '2026-09-07T00:00:00Z'),
    ]);
    expect(await spans((await bill(SEPTEMBER)).billId)).toEqual([
      {
        events_before: 0,
        events_through: 3,
        first_event_at: new Date('2026-09-02T00:00:00Z'),
        last_event_at: new Date('2026-09-20T00:00:00Z'),
      },
      {
        events_before: 0,
        events_through: 1,
        first_event_at: new Date('2026-09-07T00:00:00Z'),
        last_event_at: new Date('2026-09-07T00:00:00Z'),
      },
    ]);

    await ingest(database.db, [usage(userId, at('2026-09-10T00:00:00Z'))]);
    await ingest(database.db, [usage(userId, at('2026-09-09T00:00:00Z'))]);
    expect(await spans((await bill(OCTOBER)).billId)).toEqual([
      {
        events_before: 3,
        events_through: 5,
        first_event_at: new Date('2026-09-09T00:00:00Z'),
        last_event_at: new Date('2026-09-10T00:00:00Z'),
      },
      // Carried over: there is no event of October's.
      { events_before: null, events_through: null, first_event_at: null, last_event_at: null },
    ]);
  });
});

describe('storage', () => {
  test('a level is carried into months without events, and billed in each of them once', async () => {
    await ingest(database.db, [level(userId, '10', '2026-08-01T00:00:00Z')]);
    for (const period of [AUGUST, SEPTEMBER, OCTOBER]) {
      expect((await bill(period)).lines).toMatchObject([
        { quantity: '10', amountCents: 150, description: `Storage GB-Month, ${period}` },
      ]);
      expect(await freeze(period)).toEqual([]);
    }
  });

  test('a level that ends stops being billed', async () => {
    await ingest(database.db, [
      level(userId, '10', '2026-08-01T00:00:00Z'),
      level(userId, '0', '2026-09-16T00:00:00Z'),
    ]);
    expect((await bill(AUGUST)).totalCents).toBe(150);
    expect((await bill(SEPTEMBER)).totalCents).toBe(75);
    expect(await freeze(OCTOBER)).toEqual([]);
  });

  test('a late level corrects every month it was carried into, one line each', async () => {
    await ingest(database.db, [level(userId, '10', '2026-08-01T00:00:00Z')]);
    expect((await bill(AUGUST)).totalCents).toBe(150);
    expect((await bill(SEPTEMBER)).totalCents).toBe(150);
    await ingest(database.db, [level(userId, '4', '2026-09-16T00:00:00Z')]);
    expect((await bill(OCTOBER)).lines).toMatchObject([
      { quantity: '-3', amountCents: -45, description: 'Storage GB-Month, late usage, 2026-09' },
      { quantity: '4', amountCents: 60, description: 'Storage GB-Month, 2026-10' },
    ]);
  });

  test('months that were never frozen by themselves are caught up, one line each', async () => {
    await ingest(database.db, [level(userId, '10', '2026-08-01T00:00:00Z')]);
    expect((await bill(OCTOBER)).lines.map((line) => line.description)).toEqual([
      'Storage GB-Month, late usage, 2026-08',
      'Storage GB-Month, late usage, 2026-09',
      'Storage GB-Month, 2026-10',
    ]);
  });
});
