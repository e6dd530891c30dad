import { expect, test } from 'vitest';
import {
  joinParts,
  joinSummaries,
  type PreviewedBill,
  problemOfBill,
  summarizePreview,
} from '../../domain/close-preview.ts';

const bill = (userId: string, overrides: Partial<PreviewedBill> = {}): PreviewedBill => ({
  userId,
  status: 'new',
  parts: 1,
  usedCents: 100,
  creditsCents: 0,
  totalCents: 100,
  previousTotalCents: 100,
  problem: null,
  held: null,
  ...overrides,
});
const userIds = (bills: readonly PreviewedBill[]) => bills.map(({ userId }) => userId);

test('a month at a glance: sums, the biggest, what changed most, and what cannot be collected', () => {
  const summary = summarizePreview(
    [
      bill('a', { totalCents: 90, creditsCents: 10 }),
      bill('b', { status: 'paid', totalCents: 900, usedCents: 900 }),
      bill('gone', { status: 'none', parts: 0, totalCents: 0, usedCents: 0, previousTotalCents: 5_000 }),
      bill('c', { parts: 2, problem: 'no_customer' }),
      bill('d', { held: 'too much' }),
    ],
    7_777,
    3,
  );
  expect(summary).toMatchObject({
    bills: 5,
    newBills: 4,
    usedCents: 1_200,
    creditsCents: 10,
    totalCents: 1_190,
    previousTotalCents: 7_777,
  });
  expect(userIds(summary.biggest)).toEqual(['b', 'c', 'd']);
  expect(userIds(summary.mostChanged)).toEqual(['gone', 'b', 'a']);
  expect(userIds(summary.problems)).toEqual(['c']);
  expect(userIds(summary.held)).toEqual(['d']);
});

test('summed page by page a month comes to the same', () => {
  const bills = Array.from({ length: 40 }, (_, index) =>
    bill(`user-${String(index).padStart(2, '0')}`, {
      totalCents: (index * 37) % 100,
      previousTotalCents: (index * 53) % 90,
      status: index % 3 === 0 ? 'paid' : 'new',
      problem: index % 7 === 0 ? 'no_payment_method' : null,
      held: index % 11 === 0 ? 'too much' : null,
    }),
  );
  const whole = summarizePreview(bills, 7_777, 5);
  for (const size of [1, 7, 20]) {
    let joined = summarizePreview([], 7_777, 5);
    for (let start = 0; start < bills.length; start += size)
      joined = joinSummaries(joined, summarizePreview(bills.slice(start, start + size), 0, 5), 5);
    expect(joined).toEqual(whole);
  }
});

test('nothing to collect needs neither customer nor card', () => {
  const nobody = { stripeCustomerId: null, defaultPaymentMethodId: null };
  expect(problemOfBill({ ...nobody, totalCents: 0 })).toBeNull();
  expect(problemOfBill({ ...nobody, totalCents: 1 })).toBe('no_customer');
  expect(problemOfBill({ ...nobody, totalCents: 1, stripeCustomerId: 'cus_1' })).toBe('no_payment_method');
  expect(
    problemOfBill({ totalCents: 1, stripeCustomerId: 'cus_1', defaultPaymentMethodId: 'pm_1' }),
  ).toBeNull();
});

test('parts are shown as one bill, with the status of the one that has most ahead of it', () => {
  const parts = [
    { status: 'paid', totalCents: 0, creditsCents: -40, problem: null },
    { status: 'open', totalCents: 500, creditsCents: 0, problem: 'looked at' },
    { status: 'held', totalCents: 100, creditsCents: 60, problem: 'too much' },
  ] as const;
  expect(joinParts(parts)).toEqual({
    status: 'held',
    parts: 3,
    held: 'too much',
    usedCents: 620,
    creditsCents: 20,
    totalCents: 600,
  });
  expect(joinParts(parts.slice(0, 2))).toMatchObject({ status: 'open', held: null });
});
