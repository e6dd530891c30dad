import { beforeEach, expect, test } from 'vitest';
import { explainBill } from '../../db/bill-explanations.ts';
import { listBills } from '../../db/bills.ts';
import { listBillsOfRange } from '../../db/close-pages.ts';
import { previewClose } from '../../db/close-preview.ts';
import { creditBalanceCents, listCreditLots } from '../../db/credits.ts';
import { freezeBill } from '../../db/freeze.ts';
import { loadMonthBalance } from '../../db/month-balance.ts';
import { type BillingPeriod, parseBillingPeriod, periodsBetween } from '../../domain/billing-period.ts';
import { useTestDatabase } from '../support/database.ts';
import {
  grantCredits,
  ingest,
  level,
  newUser,
  OCTOBER,
  SEPTEMBER,
  settleBill,
  usage,
  usageOfYears,
} from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['test'] });
let userId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
});

const freeze = (period: BillingPeriod = SEPTEMBER) =>
  freezeBill(database.db, { mode: 'test', userId, period });
const bills = () => listBills(database.db, 'test', userId);

async function previewed(period: BillingPeriod) {
  for await (const page of previewClose(database.db, { mode: 'test', period })) {
    const bill = page.find((each) => each.userId === userId);
    if (bill !== undefined) return bill;
  }
  throw new Error('There is nothing to preview');
}

test('a bill with more lines than an invoice takes is frozen in parts, which preview and balance take as one', async () => {
  const { db } = database;
  await ingest(db, usageOfYears(userId));
  await grantCredits(db, userId, 97_000);
  const amounts = { parts: 2, usedCents: 100_485, creditsCents: 97_000, totalCents: 3_485 };
  expect(await previewed(SEPTEMBER)).toMatchObject({ ...amounts, status: 'new' });

  const billIds = await freeze();
  expect(billIds).toHaveLength(2);
  expect(await previewed(SEPTEMBER)).toMatchObject({ ...amounts, status: 'frozen' });
  expect(await freeze()).toEqual([]);

  const parts = await bills();
  expect(parts.map(({ billId }) => billId)).toEqual(billIds);
  expect(parts).toMatchObject([
    { period: SEPTEMBER, part: 1, parts: 2, status: 'paid', totalCents: 0 },
    { period: SEPTEMBER, part: 2, parts: 2, status: 'frozen', totalCents: 3_485 },
  ]);
  expect(parts.map(({ lines }) => [lines.length, lines.at(-1)?.amountCents])).toEqual([
    [250, -96_780],
    [4, -220],
  ]);
  expect(await creditBalanceCents(db, 'test', userId)).toBe(0);

  const [, second = ''] = billIds;
  expect(await explainBill(db, `${second}:4`)).toMatchObject({
    part: 2,
    parts: 2,
    lines: [{ product: 'credits', amountCents: -220 }],
    creditEntries: [{ amountCents: -220 }],
  });
  // Each has a life of its own; what is on one of them is on no other.
  await settleBill(db, second, 'payment_failed');
  const balance = await loadMonthBalance(db, { mode: 'test', period: SEPTEMBER });
  const billed = balance.map(
    ({ product, billedCents: { paid, collecting } }) => [product, { paid, collecting }] as const,
  );
  expect(Object.fromEntries(billed)).toMatchObject({
    cpu_hour: { paid: 10, collecting: 0 },
    gpu_hour: { paid: 200, collecting: 0 },
    storage_gb_month: { paid: 150, collecting: 0 },
    api_calls: { paid: 0, collecting: 1_235 },
  });
  expect(balance.every(({ unbilledCents, contradictions }) => unbilledCents + contradictions === 0)).toBe(
    true,
  );
  expect(await freeze(OCTOBER)).toHaveLength(1); // what is stored goes on
});

test('corrections of twenty years become credits as on one bill: what the rest comes to is taken from them, and from nothing else', async () => {
  const { db } = database;
  const first = parseBillingPeriod('2005-01');
  await ingest(db, [level(userId, '10', `${first}-01T00:00:00Z`)]);
  expect(await freeze()).toHaveLength(2);
  await ingest(db, [level(userId, '4', `${first}-01T00:00:00.001Z`)]); // 261 months of −90 cents
  const months = periodsBetween(first, OCTOBER).slice(-249);
  await db
    .insertInto('usage_totals')
    .values(
      months.map((period) => ({
        mode: 'test' as const,
        user_id: userId,
        product: 'cpu_hour' as const,
        period,
        used_quantity: '1',
      })),
    )
    .execute();
  const expiresAt = new Date('2027-01-01T00:00:00Z');
  const bought = await grantCredits(db, userId, 500, 'test', expiresAt);
  expect(await previewed(OCTOBER)).toMatchObject({ parts: 3, totalCents: 0, creditsCents: -20_940 });

  const [one, other] = await freeze(OCTOBER);
  const parts = (await bills()).filter(({ period }) => period === OCTOBER);
  expect(parts.map(({ status, totalCents }) => [status, totalCents])).toEqual([
    ['paid', 0],
    ['paid', 0],
    ['paid', 0],
  ]);
  expect(parts.map(({ lines }) => [lines.length, lines.at(-1)?.amountCents])).toEqual([
    [250, 249 * 90],
    [14, 12 * 90 - 60],
    [250, -2_490],
  ]);
  expect(await listCreditLots(db, { mode: 'test', userId }, new Date('2026-11-01T00:00:00Z'))).toMatchObject([
    { lot: bought, remainingCents: 500 },
    { lot: `bill:${one}`, remainingCents: 249 * 90 - 2_490 },
    { lot: `bill:${other}`, remainingCents: 1_020 },
  ]);
});

test('a page of a close that ends among the parts of a bill holds all of them', async () => {
  const { db } = database;
  const period = parseBillingPeriod('2026-12');
  const users = [await newUser(db), await newUser(db)].toSorted();
  for (const each of users) {
    await ingest(db, [...usageOfYears(each), usage(each, { occurredAt: new Date('2026-12-01T00:00:00Z') })]);
    await freezeBill(db, { mode: 'test', userId: each, period });
  }
  const page = (afterUserId: string) =>
    listBillsOfRange(db, { mode: 'test', period }, ['frozen'], {
      afterUserId,
      throughUserId: null,
      limit: 1,
    });
  expect((await page('')).map((bill) => bill.userId)).toEqual([users[0], users[0]]);
  expect((await page(users[0] ?? '')).map((bill) => bill.userId)).toEqual([users[1], users[1]]);
});
