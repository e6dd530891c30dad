import { readFile } from 'node:fs/promises';
import { Big } from 'big.js';
import { expect, test } from 'vitest';
import { accountStatus } from '../../domain/account-status.ts';
import { billStatusOfInvoice, rateBill } from '../../domain/bill.ts';
import { splitIntoParts } from '../../domain/bill-parts.ts';
import { type BillingPeriod, billingPeriodOf, parseBillingPeriod } from '../../domain/billing-period.ts';
import { type CreditLot, drawFromLots, takenBackCents } from '../../domain/credits.ts';
import { graceEndOf, nextRetryOf } from '../../domain/dunning.ts';
import { whyNotErase } from '../../domain/erasure.ts';
import { formatCents } from '../../domain/money.ts';
import { whyNotClose } from '../../domain/monthly-close.ts';
import { extensionEnd, whyNotReactivate } from '../../domain/operator-decisions.ts';
import { type MeteredProduct, PRICE_LIST, unitPriceIn } from '../../domain/price-list.ts';
import { storageChanges, storageGbMs } from '../../domain/storage.ts';
import { contentOf, problemOf, type UsageEvent } from '../../domain/usage-event.ts';
import { estimateCents } from '../../domain/usage-report.ts';
import { customer, DAY_MS, unpaidBill } from '../domain/customer-fixtures.ts';

// The examples of docs/billing.md come from the rules themselves.

/** In one line, however its lines are broken. */
const document = (await readFile(new URL('../../docs/billing.md', import.meta.url), 'utf8'))
  .split(/\s+/)
  .join(' ');

const SEPTEMBER = parseBillingPeriod('2026-09');
const NOVEMBER = parseBillingPeriod('2026-11');
const at = (text: string) => Date.parse(`${text}Z`);
const listPrices = (product: MeteredProduct) => PRICE_LIST[product].unitPriceCents;

const EVENT: UsageEvent = {
  id: 'job-1',
  userId: 'ada',
  product: 'cpu_hour',
  quantity: '1.5',
  occurredAt: new Date('2026-10-31T23:00:00Z'),
  resourceId: null,
};

/** A bill of so much of one product, used in its own month. */
function billOf(
  product: MeteredProduct,
  quantity: Big.BigSource,
  { creditBalanceCents = 0, period = NOVEMBER }: { creditBalanceCents?: number; period?: BillingPeriod } = {},
) {
  const usage = [{ product, usagePeriod: period, quantity: new Big(quantity) }];
  return rateBill({ period, usage, unitPricesCents: listPrices, creditBalanceCents });
}
const priceOf = (product: MeteredProduct, quantity: Big.BigSource) =>
  formatCents(billOf(product, quantity).totalCents);

test('an event counts once, in the month of its instant, from 400 days ago to 5 minutes ahead', () => {
  const sameAs = (event: Partial<UsageEvent>) => contentOf({ ...EVENT, ...event }) === contentOf(EVENT);
  expect(sameAs({ quantity: '1.50' })).toBe(true);
  expect(sameAs({ occurredAt: new Date('2026-11-01T00:00:00+01:00') })).toBe(true);
  expect(sameAs({ quantity: '2' })).toBe(false);
  expect(document).toContain(
    '`"1.50"` repeats `"1.5"`, and `2026-11-01T00:00:00+01:00` repeats `2026-10-31T23:00:00Z`',
  );

  const monthOf = (instant: string) => billingPeriodOf(new Date(instant));
  expect(monthOf('2026-10-31T23:59:59.999Z')).toBe('2026-10');
  expect(monthOf('2026-11-01T00:00:00.000Z')).toBe('2026-11');
  expect(document).toContain(
    "`2026-10-31T23:59:59.999Z` is October's, `2026-11-01T00:00:00.000Z` November's",
  );

  const noon = new Date('2026-11-01T12:00:00Z');
  const codeOf = (occurredAt: string) =>
    problemOf({ ...EVENT, occurredAt: new Date(occurredAt) }, noon)?.code ?? null;
  expect(codeOf('2026-11-01T12:05:00Z')).toBeNull();
  expect(document).toContain(
    `At 12:00:00 an event of 12:05:00 is taken; one of 12:05:01 is \`${codeOf('2026-11-01T12:05:01Z')}\``,
  );
  expect(codeOf('2025-09-27T12:00:00Z')).toBeNull();
  expect(codeOf('2025-09-27T11:59:59Z')).toBe('occurred_too_long_ago');
});

test('a price holds for what is used from its month on', () => {
  const changes = [
    { product: 'cpu_hour', fromPeriod: parseBillingPeriod('2027-01'), unitPriceCents: '12' },
  ] as const;
  const priceIn = (period: string) => unitPriceIn(parseBillingPeriod(period), 'cpu_hour', '10', changes);
  const december = formatCents(Number(priceIn('2026-12')) * 10);
  expect(document).toContain(
    `10 CPU hours of December that are told in January are ${december} on January's bill, beside January's own at ${formatCents(Number(priceIn('2027-01')))} each`,
  );
});

test('a line is rounded once, half up', () => {
  expect(document).toContain(`12.345 CPU hours: 123.45 cents → ${priceOf('cpu_hour', '12.345')}`);
  expect(document).toContain(`1,500 API calls: 1.5 cents → ${priceOf('api_calls', 1_500)}`);
  const takenBack = billOf('api_calls', -1_500).lines[0]?.amountCents ?? 0;
  expect(document).toContain(`Were they taken back: −1.5 cents → ${formatCents(takenBack)}`);
});

test('storage is averaged, and corrected by what comes late', () => {
  const made = { eventId: 'made', occurredAt: new Date('2026-09-01T00:00:00Z'), gb: '10' };
  const deleted = { eventId: 'deleted', occurredAt: new Date('2026-09-16T00:00:00Z'), gb: '0' };
  const used = storageGbMs(SEPTEMBER, storageChanges([], [made]));
  const corrected = storageGbMs(SEPTEMBER, storageChanges([made], [deleted]));
  const { totalCents } = billOf('storage_gb_month', used, { period: SEPTEMBER });
  expect(document).toContain(`10 GB from 1 September on were billed with ${formatCents(totalCents)}`);
  const [line] = rateBill({
    period: parseBillingPeriod('2026-10'),
    usage: [{ product: 'storage_gb_month', usagePeriod: SEPTEMBER, quantity: corrected }],
    unitPricesCents: listPrices,
    creditBalanceCents: 0,
  }).lines;
  expect(document).toContain(
    `October's bill has "${line?.description}", ${formatCents(line?.amountCents ?? 0)}`,
  );
});

test('credits pay first, and a bill with too many lines is split', () => {
  const { lines, totalCents } = billOf('gpu_hour', 10, { creditBalanceCents: 1_500 });
  const credits = lines.at(-1);
  expect(document).toContain(
    `With $15.00 of credits a bill of $20.00 has the line "${credits?.description}", ${formatCents(credits?.amountCents ?? 0)}, and comes to ${formatCents(totalCents)}`,
  );
  const [line] = billOf('gpu_hour', 1).lines;
  const bill = {
    lines: Array.from({ length: 300 }, () => line!),
    totalCents: 60_000,
    creditsAppliedCents: 0,
  };
  const [first, second] = splitIntoParts(bill, NOVEMBER);
  expect(document).toContain(`300 lines are parts of ${first?.lines.length} and ${second?.lines.length}`);
});

test('a month that runs is estimated as it began', () => {
  const estimate = (product: MeteredProduct, quantity: number, now: string) =>
    formatCents(
      estimateCents(NOVEMBER, new Map([[product, new Big(quantity)]]), listPrices, new Date(at(now))) ?? 0,
    );
  expect(document).toContain(
    `100 CPU hours after 15 of 30 days are ${priceOf('cpu_hour', 100)} so far, and ${estimate('cpu_hour', 100, '2026-11-16T00:00:00')} for the month`,
  );
  expect(document).toContain(
    `one GPU hour in November's first ten minutes is estimated to be ${estimate('gpu_hour', 1, '2026-11-01T00:10:00')}`,
  );
});

test('a month is closed when it has ended', () => {
  expect(whyNotClose(NOVEMBER, new Date('2026-11-30T23:59:59.999Z'))).not.toBeNull();
  expect(whyNotClose(NOVEMBER, new Date('2026-12-01T00:00:00.000Z'))).toBeNull();
  expect(document).toContain('2026-11 not before 1 December, 00:00 UTC');
});

test('credits are used, and taken back', () => {
  const until = new Date('2026-12-01T00:00:00Z');
  const lots: CreditLot[] = [
    { lot: 'never', remainingCents: 2_000, expiresAt: null, grantedOrder: 0 },
    { lot: 'ten', remainingCents: 1_000, expiresAt: until, grantedOrder: 1 },
    { lot: 'five', remainingCents: 500, expiresAt: until, grantedOrder: 2 },
  ];
  expect(drawFromLots(lots, 1_200)).toEqual([
    { lot: 'ten', cents: 1_000 },
    { lot: 'five', cents: 200 },
  ]);
  expect(document).toContain('a bill of $12.00 takes the $10.00, and $2.00 of the $5.00');

  const purchase = { grantedCents: 2_500, refundedCents: 1_000, lostCents: 0 };
  const lost = (chargedCents: number) => formatCents(takenBackCents({ ...purchase, chargedCents }));
  expect(document).toContain(
    `25 credits that a coupon sold for $20.00 lose ${lost(2_000)} with a refund of $10.00; paid with taxes, $29.75, they lose ${lost(2_975)}`,
  );
});

test('who owes has access until the grace period ends, and is charged again meanwhile', () => {
  const failedAtMs = at('2026-11-03T10:00:00');
  const bill = { ...unpaidBill, failedAtMs, stripeRetriesAtMs: null };
  const later = { ...unpaidBill, failedAtMs: failedAtMs + 2 * DAY_MS };
  const facts = { ...customer, unpaidBills: [bill, later] };
  expect(graceEndOf(facts, failedAtMs)).toBe(at('2026-11-10T10:00:00'));
  expect(document).toContain(
    'Failed on 3 November at 10:00, access ends on the 10th at 10:00, whatever else fails meanwhile',
  );
  const graceExtendedUntilMs = extensionEnd(7, at('2026-11-09T12:00:00'));
  expect(graceEndOf({ ...facts, graceExtendedUntilMs }, failedAtMs)).toBe(at('2026-11-16T12:00:00'));
  expect(document).toContain('7 days, given on the 9th at 12:00, are until the 16th at 12:00');

  /** The days of November on which it is charged, when nobody could before that one. */
  const chargedOn = (firstDay: number) => {
    const days: number[] = [];
    let current = bill as Parameters<typeof nextRetryOf>[0];
    for (let due = nextRetryOf(current); due !== null; due = nextRetryOf(current)) {
      const lastCollectionAtMs = Math.max(due, at(`2026-11-${String(firstDay).padStart(2, '0')}T10:00:00`));
      days.push(new Date(lastCollectionAtMs).getUTCDate());
      current = { ...current, collectionAttempts: days.length, lastCollectionAtMs };
    }
    return days;
  };
  expect(chargedOn(3)).toEqual([4, 6, 8]);
  expect(document).toContain('on 4, 6 and 8 November for the one above');
  expect(chargedOn(9)).toEqual([9, 10, 11]);
  expect(document).toContain('were we away until the 9th, they are on the 9th, 10th and 11th');
});

test('the user is told where they stand', () => {
  for (const [said, status, waitingFor] of [
    ['`none`', 'none', 'checkout'],
    ['`active`', 'active', null],
    ['`active`, a cluster', 'active', 'cluster'],
    ['`past_due`', 'past_due', 'payment'],
    ['`suspended`, payment', 'suspended', 'payment'],
    ['`suspended`, a payment method', 'suspended', 'payment_method'],
    ['`suspended`, a subscription', 'suspended', 'subscription'],
    ['`suspended`, an operator', 'suspended', 'operator'],
  ] as const) {
    const { headline } = accountStatus({ status, waitingFor, owedCents: 0, accessEnds: null });
    expect(document).toContain(`| ${said} | ${headline} |`);
  }
  const deleted = { status: 'suspended', waitingFor: 'subscription', isDeletedInStripe: true } as const;
  const { headline } = accountStatus({ ...deleted, owedCents: 0, accessEnds: null });
  expect(document).toContain(`since the customer was deleted in Stripe | ${headline} |`);
});

test('an operator hears what helps, and who asks for an erasure what is in the way', () => {
  const standing = {
    status: 'suspended',
    waitingFor: 'payment',
    reason: 'A bill is unpaid.',
    graceEndsAtMs: null,
  } as const;
  const [, helps = ''] = (whyNotReactivate({ by: 'ops' }, standing) ?? '').split('A bill is unpaid. ');
  expect(document).toContain(`can't be reactivated: "${helps}"`);

  const unpaid = {
    billId: 'bill_1',
    period: SEPTEMBER,
    status: 'open',
    totalCents: 1_200,
    stripeInvoiceId: 'in_1',
  } as const;
  const user = {
    isErased: false,
    stripeCustomerId: 'cus_1',
    unsettledBills: [unpaid],
    unbilledCents: 0,
    heldDisks: 0,
  };
  const why = whyNotErase(user, { mode: 'live', userId: 'ada', writeOff: false }) ?? '';
  expect(document).toContain(`refused, "${why.split(': ').at(-1)?.replace(/\.$/, '') ?? ''}"`);
});

test('a bill follows its invoice', () => {
  for (const [said, status, attempted] of [
    ['`open`, not tried', 'open', false],
    ['`open`, tried', 'open', true],
    ['`paid`', 'paid', true],
    ['`void`', 'void', true],
    ['`uncollectible`', 'uncollectible', true],
  ] as const)
    expect(document).toContain(`| ${said} | \`${billStatusOfInvoice({ status, attempted })}\``);
  expect(billStatusOfInvoice({ status: 'draft', attempted: false })).toBeNull();
});
