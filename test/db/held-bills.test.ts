import { beforeEach, describe, expect, test } from 'vitest';
import { listBills } from '../../db/bills.ts';
import { listBillsOfRange } from '../../db/close-pages.ts';
import { previewClose } from '../../db/close-preview.ts';
import { freezeBill } from '../../db/freeze.ts';
import {
  type BillingPeriod,
  nextPeriod,
  parseBillingPeriod,
  periodStart,
} from '../../domain/billing-period.ts';
import { useTestDatabase } from '../support/database.ts';
import {
  AUGUST,
  grantCredits,
  ingest,
  newUser,
  SEPTEMBER,
  settleBill,
  usage,
  usageOfYears,
} from './fixtures.ts';

const RULE = { factor: 5, minimumCents: 10_000 };
const JULY = parseBillingPeriod('2026-07');
const MARCH = parseBillingPeriod('2026-03');

const database = useTestDatabase({ pricesOf: ['test'] });
let userId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
});

/** So many CPU hours, ten cents each. */
const use = (period: BillingPeriod, hours: number) =>
  ingest(database.db, [usage(userId, { occurredAt: periodStart(period), quantity: String(hours) })]);
const freeze = (period: BillingPeriod, holdOutliers: typeof RULE | null = RULE) =>
  freezeBill(database.db, { mode: 'test', userId, period }, { holdOutliers });

async function past(hours: Readonly<Record<string, number>>): Promise<void> {
  for (const [month, count] of Object.entries(hours)) {
    const period = parseBillingPeriod(month);
    await use(period, count);
    await freeze(period);
  }
}

/** Status and problem of the parts of September's bill. */
const stored = async (period = SEPTEMBER) =>
  await database.db
    .selectFrom('bills')
    .select(['status', 'problem'])
    .where('user_id', '=', userId)
    .where('period', '=', period)
    .orderBy('part')
    .execute();

async function previewedReason(): Promise<string | null | undefined> {
  for await (const page of previewClose(database.db, { mode: 'test', period: SEPTEMBER }, RULE)) {
    const bill = page.find((each) => each.userId === userId);
    if (bill !== undefined) return bill.held;
  }
  return undefined;
}

/** What the preview says is what the freeze then does. */
async function frozenAsPreviewed(hours: number) {
  await use(SEPTEMBER, hours);
  const reason = await previewedReason();
  await freeze(SEPTEMBER);
  const [bill] = await stored();
  expect(reason).toBe(bill?.status === 'held' ? bill.problem : null);
  if (bill?.status === 'held') expect(await previewedReason()).toBe(bill.problem);
  return bill;
}

describe('an outlier', () => {
  test('is held from the beginning, says why, and is not invoiced', async () => {
    await past({ '2026-07': 4_340, '2026-08': 100 });
    expect(await frozenAsPreviewed(52_080)).toEqual({
      status: 'held',
      problem: '$5,208.00 is 12 times the most of the last 6 months ($434.00)',
    });
    const page = { afterUserId: '', throughUserId: null, limit: 100 };
    const month = { mode: 'test', period: SEPTEMBER } as const;
    const toInvoice = await listBillsOfRange(database.db, month, ['frozen', 'parked'], page);
    expect(toInvoice.filter((bill) => bill.userId === userId)).toEqual([]);
    expect(await freeze(SEPTEMBER)).toEqual([]);
  });

  test('goes out like any other where no rule holds it', async () => {
    await past({ '2026-07': 100, '2026-08': 100 });
    await use(SEPTEMBER, 52_080);
    await freeze(SEPTEMBER, null);
    expect(await stored()).toEqual([{ status: 'frozen', problem: null }]);
  });

  test.each([
    ['a month that is less than five times the most', { '2026-07': 4_340, '2026-08': 100 }, 21_699],
    ['a second month', { '2026-08': 100 }, 50_000],
    ['a first month', {}, 50_000],
    ['less than $100 more', { '2026-07': 10, '2026-08': 10 }, 1_009],
  ])('is not: %s', async (_, before, hours) => {
    await past(before);
    expect(await frozenAsPreviewed(hours)).toEqual({ status: 'frozen', problem: null });
  });

  test('is compared with the six months before its own, and not with older ones', async () => {
    await past({ '2026-02': 50_000, [MARCH]: 100, [AUGUST]: 100 });
    expect(await frozenAsPreviewed(5_000)).toMatchObject({ status: 'held' });
  });

  test('is compared with the sixth month before its own', async () => {
    await past({ [MARCH]: 1_001, [AUGUST]: 100 });
    expect(await frozenAsPreviewed(5_000)).toMatchObject({ status: 'frozen' });
  });

  test('is compared with what was used, whatever credits paid of it', async () => {
    await grantCredits(database.db, userId, 30_000);
    await past({ [JULY]: 2_000, [AUGUST]: 100 }); // $200 by credits alone
    expect(await frozenAsPreviewed(9_999)).toMatchObject({ status: 'frozen' });
  });

  test('that credits pay for goes nowhere, so it is paid', async () => {
    await past({ [JULY]: 100, [AUGUST]: 100 });
    await grantCredits(database.db, userId, 1_000_000);
    expect(await frozenAsPreviewed(50_000)).toEqual({ status: 'paid', problem: null });
  });

  test('is not excused by a bill that was voided', async () => {
    await past({ '2026-06': 100, [JULY]: 100 });
    await use(AUGUST, 50_000);
    const [voided = ''] = await freeze(AUGUST, null);
    await settleBill(database.db, voided, 'void');
    expect(await frozenAsPreviewed(50_000)).toMatchObject({ status: 'held' });
  });

  test('is not compared with bills of somebody else', async () => {
    const own = userId;
    await past({ [JULY]: 100, [AUGUST]: 100 });
    userId = await newUser(database.db);
    await past({ [JULY]: 50_000, [AUGUST]: 50_000 });
    userId = own;
    expect(await frozenAsPreviewed(50_000)).toMatchObject({ status: 'held' });
  });

  test('in parts is held in all that charge something; and the parts of a month before count together', async () => {
    await past({ [JULY]: 0.1, [AUGUST]: 0.1 });
    await ingest(database.db, usageOfYears(userId));
    await grantCredits(database.db, userId, 96_780);
    await freeze(SEPTEMBER);
    const problem = expect.stringMatching(/^\$1,004\.85 is 1004\d\d times/) as unknown;
    expect(await stored()).toEqual([
      { status: 'paid', problem: null },
      { status: 'held', problem },
    ]);
    const october = nextPeriod(SEPTEMBER);
    await use(october, 50_000); // less than five times both parts, more than five times one
    await freeze(october);
    expect((await listBills(database.db, 'test', userId))[0]).toMatchObject({ status: 'frozen' });
  });
});
