import { expect, test } from 'vitest';
import { listBills } from '../../db/bills.ts';
import { previewAtAGlance, previewClose, previewWhole } from '../../db/close-preview.ts';
import { freezeBill } from '../../db/freeze.ts';
import { type BillingPeriod, periodEnd, periodStart } from '../../domain/billing-period.ts';
import type { PreviewedBill } from '../../domain/close-preview.ts';
import { useTestDatabase } from '../support/database.ts';
import { AUGUST, grantCredits, ingest, level, newUser, SEPTEMBER, usage } from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['test'] });

async function preview(period: BillingPeriod): Promise<Map<string, PreviewedBill>> {
  const bills: PreviewedBill[] = [];
  for await (const page of previewClose(database.db, { mode: 'test', period })) bills.push(...page);
  return new Map(bills.map((bill) => [bill.userId, bill]));
}

test('a preview is to the cent what the freeze then bills, and writes nothing', async () => {
  const { db } = database;
  const users = await Promise.all(Array.from({ length: 12 }, () => newUser(db)));
  for (const [index, userId] of users.entries()) {
    await ingest(db, [
      level(userId, String(index), '2026-08-10T12:34:56Z'),
      usage(userId, { quantity: String(index / 8), occurredAt: new Date('2026-08-31T23:59:59.999Z') }),
      usage(userId, { product: 'api_calls', quantity: '12345' }),
    ]);
    if (index % 3 === 0) await grantCredits(db, userId, 120 * index + 1);
  }
  for (const userId of users.slice(0, 6)) await freezeBill(db, { mode: 'test', userId, period: AUGUST });
  // A correction that exceeds what was used since.
  await ingest(db, [level(users[5] ?? '', '0', '2026-08-10T12:34:57Z')]);

  const before = await preview(SEPTEMBER);
  expect(await preview(SEPTEMBER)).toEqual(before);
  for (const userId of users) await freezeBill(db, { mode: 'test', userId, period: SEPTEMBER });
  for (const userId of users) {
    const bills = await listBills(db, 'test', userId);
    const frozen = bills.find((bill) => bill.period === SEPTEMBER);
    const credits = frozen?.lines.find((line) => line.product === 'credits')?.amountCents ?? 0;
    expect(before.get(userId), userId).toMatchObject({
      status: 'new',
      totalCents: frozen?.totalCents,
      usedCents: (frozen?.totalCents ?? 0) - credits,
      creditsCents: credits === 0 ? 0 : -credits,
      previousTotalCents: bills.find((bill) => bill.period === AUGUST)?.totalCents ?? 0,
    });
  }
  // What is frozen is shown as it is, whatever came in since.
  await ingest(db, [usage(users[1] ?? '', { quantity: '1000' })]);
  const after = await preview(SEPTEMBER);
  for (const userId of users) {
    const { totalCents, usedCents, creditsCents } = before.get(userId) ?? {};
    expect(after.get(userId)).toMatchObject({ totalCents, usedCents, creditsCents });
    expect(after.get(userId)?.status).not.toBe('new');
  }
});

test('who used nothing is named only when there was something the month before', async () => {
  const { db } = database;
  const [quiet, gone] = [await newUser(db), await newUser(db)];
  const inAugust = { occurredAt: new Date(periodEnd(AUGUST).getTime() - 1), quantity: '9' };
  for (const userId of [quiet, gone]) await ingest(db, [usage(userId, { ...inAugust, quantity: '0' })]);
  await ingest(db, [usage(gone, inAugust)]);
  await freezeBill(db, { mode: 'test', userId: gone, period: AUGUST });
  const bills = await preview(SEPTEMBER);
  expect(bills.get(quiet)).toBeUndefined();
  expect(bills.get(gone)).toMatchObject({ status: 'none', totalCents: 0, previousTotalCents: 90 });
});

test('a bill that was voided counts for nothing', async () => {
  const { db } = database;
  const month = { mode: 'test', period: SEPTEMBER } as const;
  const options = { holdOutliers: null, listed: 1 };
  const before = await previewAtAGlance(db, month, options);
  const userId = await newUser(db);
  for (const period of [AUGUST, SEPTEMBER]) {
    await ingest(db, [usage(userId, { occurredAt: periodStart(period), quantity: '999' })]);
    await freezeBill(db, { mode: 'test', userId, period });
  }
  await db.updateTable('bills').set({ status: 'void' }).where('user_id', '=', userId).execute();
  expect((await preview(SEPTEMBER)).has(userId)).toBe(false);
  expect(await previewAtAGlance(db, month, options)).toEqual(before);
});

test('at a glance is the same, names few of a kind, and ends when nobody waits for it', async () => {
  const { db } = database;
  const month = { mode: 'test', period: SEPTEMBER } as const;
  for (let count = 0; count < 3; count += 1) await ingest(db, [usage(await newUser(db))]);
  const { all, ...whole } = await previewWhole(db, month, { holdOutliers: null, listed: 2 });
  expect(all).toEqual([...(await preview(SEPTEMBER)).values()]);
  const { problemBills, heldBills, ...glance } = await previewAtAGlance(db, month, {
    holdOutliers: null,
    listed: 2,
  });
  expect(glance).toEqual({ ...whole, problems: whole.problems.slice(0, 2) });
  expect([problemBills, heldBills]).toEqual([whole.problems.length, 0]);
  expect(problemBills).toBeGreaterThan(2);

  const signal = AbortSignal.abort(new Error('nobody waits'));
  await expect(previewAtAGlance(db, month, { holdOutliers: null, listed: 2, signal })).rejects.toThrow(
    'nobody waits',
  );
});
