import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closeSummaryMarkdown, type StoppedBill } from '../../domain/close-summary.ts';
import { EMPTY_CLOSE_SUMMARY, NONE } from './empty-close-summary.ts';

const bytes = (text: string) => new TextEncoder().encode(text).length;
const parkedBill = (index: number, overrides: Partial<StoppedBill> = {}): StoppedBill => ({
  billId: `bill_${String(index).padStart(32, '0')}`,
  userId: `user-${index}`,
  totalCents: 100,
  problem: 'refused',
  ...overrides,
});

test('a month at a glance, for a person', () => {
  const markdown = closeSummaryMarkdown({
    bills: 1_234,
    totalCents: 3_600,
    creditsCents: 250,
    previousBills: 1,
    previousTotalCents: 2_400,
    byStatus: {
      ...EMPTY_CLOSE_SUMMARY.byStatus,
      paid: { bills: 1_232, cents: 3_000 },
      payment_failed: { bills: 1, cents: 500 },
      parked: { bills: 1, cents: 100 },
    },
    biggest: [{ billId: 'bill_1', userId: 'ada', totalCents: 3_000, previousTotalCents: 0 }],
    held: [],
    parked: [{ billId: 'bill_2', userId: 'bob', totalCents: 100, problem: 'Stripe: no such customer' }],
    withoutCustomer: { bills: 1, cents: 100 },
    withoutPaymentMethod: NONE,
  });
  expect(markdown).toBe(
    String.raw`|  |  |
| --- | --- |
| Bills | 1,234 |
| To collect | $36.00 |
| Paid by credits | $2.50 |
| The month before | $24.00, 1 bill |
| Difference | +$12.00 (+50 %) |
| **No Stripe customer** | 1 bill, $1.00: never began a Checkout |

| Status | Bills | Total |
| --- | --- | --- |
| paid | 1,232 | $30.00 |
| payment failed | 1 | $5.00 |
| parked | 1 | $1.00 |

**The biggest bills**

| User | Bill | Total | Month before |
| --- | --- | --- | --- |
| ada | bill_1 | $30.00 | $0.00 |

**Parked**

| User | Bill | Total | Why |
| --- | --- | --- | --- |
| bob | bill_2 | $1.00 | Stripe: no such customer |`,
  );
});

test('what there is nothing of has no table', () => {
  const markdown = closeSummaryMarkdown(EMPTY_CLOSE_SUMMARY);
  expect(markdown).toContain('| Bills | 0 |');
  expect(markdown).not.toMatch(/Status|biggest|Held|Parked|credits|No /);
});

test("nobody's id or problem breaks a table, or is taken for Markdown or HTML", () => {
  const markdown = closeSummaryMarkdown({
    ...EMPTY_CLOSE_SUMMARY,
    byStatus: { ...EMPTY_CLOSE_SUMMARY.byStatus, parked: { bills: 1, cents: 100 } },
    parked: [parkedBill(1, { userId: 'a|b`c`\n| x |', problem: '[pay](https://evil.example) <b>\u202E\\' })],
  });
  expect(markdown.split('\n').at(-1)).toBe(
    '| a\\|b\\`c\\` \\| x \\| | bill_00000000000000000000000000000001 | $1.00 | \\[pay\\](https://evil.example) \\<b\\> \\\\ |',
  );
});

test('a list that would be too long ends with how many it leaves out, and what they come to', () => {
  const parked = Array.from({ length: 20 }, (_, index) =>
    parkedBill(index, { problem: '|'.repeat(300), userId: `user-${index}${'|'.repeat(99)}` }),
  );
  const lines = closeSummaryMarkdown({
    ...EMPTY_CLOSE_SUMMARY,
    byStatus: { ...EMPTY_CLOSE_SUMMARY.byStatus, parked: { bills: 1_020, cents: 102_000 } },
    parked,
  }).split('\n');
  const shown = lines.filter((line) => line.includes('| user-')).length;
  expect(shown).toBeGreaterThan(10);
  const cents = 102_000 - shown * 100;
  const dollars = (cents / 100).toLocaleString('en-US', { minimumFractionDigits: 2 });
  expect(lines.at(-1)).toBe(`| and ${(1_020 - shown).toLocaleString('en-US')} more |  | $${dollars} |  |`);
});

test('it stays below 8 KB, whatever ids and problems hold', () => {
  const text = fc.string({ unit: 'binary', maxLength: 300 });
  const ugly = fc.constantFrom('|'.repeat(300), '😀'.repeat(300), '\n'.repeat(300));
  const bill = fc.record({
    billId: text,
    userId: fc.oneof(text, ugly),
    totalCents: fc.maxSafeNat(),
    previousTotalCents: fc.maxSafeNat(),
    problem: fc.oneof(text, ugly),
  });
  const sum = fc.record({ bills: fc.maxSafeNat(), cents: fc.maxSafeNat() });
  const list = (length: number) => fc.array(bill, { minLength: length, maxLength: length });
  fc.assert(
    fc.property(list(5), list(20), list(20), sum, (biggest, held, parked, most) => {
      const byStatus = { frozen: most, held: most, open: most, paid: most };
      const markdown = closeSummaryMarkdown({
        ...EMPTY_CLOSE_SUMMARY,
        totalCents: most.cents,
        creditsCents: most.cents,
        previousTotalCents: most.cents,
        byStatus: { ...byStatus, payment_failed: most, parked: most, void: most },
        biggest,
        held,
        parked,
        withoutCustomer: most,
        withoutPaymentMethod: most,
      });
      expect(bytes(markdown)).toBeLessThanOrEqual(8_000);
    }),
  );
});
