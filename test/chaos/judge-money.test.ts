import { expect, test } from 'vitest';
import type { SentUsage } from '../../chaos/judge/account.ts';
import { findingsOf, type Scene, STORED_MS, says } from './judged-world.ts';

test('a world in which all is well has no findings', () => {
  expect(findingsOf(() => undefined)).toEqual([]);
});

test.each<[what: string, doctor: (scene: Scene) => unknown, finding: RegExp]>([
  [
    'a cent too much on a line',
    ({ bill, stripe }) => {
      bill.totalCents += 1;
      (bill.lines[1] as { amountCents: number }).amountCents += 1;
      Object.assign(stripe.invoices[0] ?? {}, { totalCents: 153, paidCents: 153 });
      stripe.chargedCents += 1;
    },
    /^bill_2 asks 151 cents for storage_gb_month of 2026-10, not 150$/,
  ],
  [
    'an invoice that is a cent off its bill',
    ({ stripe }) => Object.assign(stripe.invoices[0] ?? {}, { totalCents: 151 }),
    /^bill_2 comes to 152 cents, and in_2 to 151$/,
  ],
  [
    'lines that are not the total',
    ({ bill, stripe }) => {
      bill.totalCents = 153;
      Object.assign(stripe.invoices[0] ?? {}, { totalCents: 153 });
    },
    /^bill_2 comes to 153 cents, and its lines to 152$/,
  ],
  [
    'usage that is on no bill',
    ({ account }) => account.usage.push({ ...account.usage[0], id: '4' } as SentUsage),
    /^of gpu_hour in 2026-09 3 were used and 1.5 billed, 300 cents too few$/,
  ],
  [
    'usage that is billed twice',
    ({ ada, bill }) => bill.lines.push({ ...ada.bills[0]?.lines[0] } as (typeof bill.lines)[number]),
    /^of gpu_hour in 2026-09 1.5 were used and 3 billed/,
  ],
  [
    'storage that is held for a millisecond too long',
    ({ bill }) => {
      (bill.lines[1] as { exactQuantity: string }).exactQuantity = String(20 * (STORED_MS + 1));
    },
    /^of storage_gb_month in 2026-10/,
  ],
  [
    'a month that is billed twice',
    ({ ada, bill }) => {
      ada.bills.push({ ...bill, billId: 'bill_3', stripeInvoiceId: 'in_3', lines: [], totalCents: 0 });
    },
    /^2026-10, part 1 is billed more than once$/,
  ],
  [
    'a bill with two invoices',
    ({ stripe }) => stripe.invoices.push({ ...stripe.invoices[0], id: 'in_3' } as never),
    /^bill_2 has 2 invoices: in_2, in_3$/,
  ],
  [
    'a bill without an invoice',
    ({ stripe }) => stripe.invoices.shift(),
    /^bill_2 is paid and has no invoice$/,
  ],
  [
    'an invoice of a bill that is not there',
    ({ stripe }) => stripe.invoices.push({ ...stripe.invoices[1], id: 'in_4', billId: 'bill_9' } as never),
    /^in_4 is of bill_9, which is not there$/,
  ],
  [
    'a draft that was left',
    ({ bill, stripe }) => {
      bill.status = 'held';
      Object.assign(stripe.invoices[0] ?? {}, { status: 'draft', paidCents: 0 });
    },
    /^in_2 of bill_2 was left a draft$/,
  ],
  [
    'an invoice of nobody that asks for money',
    ({ stripe }) => Object.assign(stripe.invoices[1] ?? {}, { totalCents: 7 }),
    /^in_0 asks for 7 cents and is of no bill$/,
  ],
  [
    'a bill that says paid while Stripe collects',
    ({ stripe, ada }) => {
      Object.assign(stripe.invoices[0] ?? {}, { status: 'open', attempted: false, paidCents: 0 });
      stripe.chargedCents -= 152;
      ada.answer.owedCents = 152;
    },
    /^bill_2 is paid, and in_2 is open$/,
  ],
  [
    'a failed payment that the bill does not know of',
    (scene) => {
      scene.bill.status = 'open';
      scene.ada.answer.owedCents = 152;
      scene.stripe.chargedCents -= 152;
      Object.assign(scene.stripe.invoices[0] ?? {}, { status: 'open', attempted: true, paidCents: 0 });
      says(scene, { status: 'past_due', waitingFor: 'payment' });
    },
    /^bill_2 is open, and in_2 was tried$/,
  ],
  [
    'a bill that was voided, and nobody asked',
    ({ bill, stripe }) => {
      bill.status = 'void';
      Object.assign(stripe.invoices[0] ?? {}, { status: 'void', paidCents: 0 });
      stripe.chargedCents -= 152;
    },
    /^in_2: void, and nobody asked$/,
  ],
  [
    'a line of what nobody used',
    ({ bill }) =>
      bill.lines.push({ product: 'surprise', usagePeriod: '2026-10', exactQuantity: '1', amountCents: 0 }),
    /^bill_2 asks for surprise, which nobody used$/,
  ],
  [
    'a line of a month that is not over',
    ({ bill }) =>
      bill.lines.push({ product: 'gpu_hour', usagePeriod: '2026-11', exactQuantity: '1', amountCents: 200 }),
    /^of gpu_hour in 2026-11 0 were used and 1 billed/,
  ],
  [
    'a second customer of a user',
    ({ world }) => world.made.push({ mode: 'live', what: 'customer of ada', id: 'cus_3' }),
    /^there are 2 in Stripe: cus_1, cus_3$/,
  ],
  [
    'a second session of a Checkout',
    ({ world }) => world.made.push({ mode: 'live', what: 'session of Checkout first', id: 'cs_9' }),
    /^there are 2 in Stripe: cs_1, cs_9$/,
  ],
  [
    'an event of nobody',
    ({ world }) => ((world.events[0] as { stripeCustomerId: string }).stripeCustomerId = 'cus_9'),
    /^evt_1 \(invoice.paid\) is of nobody that the service knows$/,
  ],
  [
    "a customer's workflow that has ended",
    ({ world }) => ((world.workflows[0] as { status: string }).status = 'COMPLETED'),
    /^it is COMPLETED$/,
  ],
  ['a bill that went nowhere', ({ bill }) => (bill.status = 'frozen'), /^bill_2 is still frozen$/],
  ['a bill that is parked', ({ bill }) => (bill.status = 'parked'), /^bill_2 is parked$/],
  [
    'a charge that was made twice',
    ({ stripe }) => (stripe.chargedCents += 152),
    /^1304 cents were charged, for invoices and credits of 1152$/,
  ],
  [
    'credits that were granted twice',
    ({ ada }) => {
      ada.creditGrants.push({ sessionId: 'cs_1', amountCents: 1_000 });
      ada.answer.creditsCents += 1_000;
    },
    /^cs_1 paid for 1000 cents of credits and was granted 1000 and 1000$/,
  ],
  [
    'credits that were not granted',
    ({ ada }) => ada.creditGrants.pop(),
    /^cs_1 paid for 1000 cents of credits and was granted nothing$/,
  ],
  [
    'credits that nobody paid for',
    ({ ada }) => ada.creditGrants.push({ sessionId: 'cs_2', amountCents: 100 }),
    /^cs_2 was granted credits and is not paid$/,
  ],
  [
    'a refund that was not taken back',
    ({ ada }) => (ada.answer.creditsCents += 200),
    /^700 cents of credits are left; 1000 were bought, 200 refunded, 300 used$/,
  ],
])('%s is called out', (_, doctor, finding) => {
  expect(findingsOf(doctor)).toContainEqual(expect.stringMatching(finding));
});

test('usage of somebody whom Stripe does not know is parked, and that is right', () => {
  const findings = findingsOf(({ account, ada, bill, world }) => {
    account.subscription = 'never';
    world.events.pop();
    Object.assign(ada, { stripe: null, workflow: null, creditGrants: [] });
    Object.assign(ada.row, {
      stripeCustomerId: null,
      stripeSubscriptionId: null,
      status: 'none',
      clusterId: null,
    });
    Object.assign(ada.answer, {
      stripeSubscriptionId: null,
      status: 'none',
      clusterId: null,
      creditsCents: 0,
    });
    ada.bills[0]?.lines.pop();
    Object.assign(ada.bills[0] ?? {}, { totalCents: 300, status: 'parked' });
    Object.assign(bill, { status: 'parked', stripeInvoiceId: null });
  });
  expect(findings).toEqual([]);
});
