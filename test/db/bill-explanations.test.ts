import { beforeEach, expect, test } from 'vitest';
import { explainBill } from '../../db/bill-explanations.ts';
import { freezeBill } from '../../db/freeze.ts';
import { listEventsOfLine } from '../../db/line-events.ts';
import { completeStripeWrite, intendStripeWrite } from '../../db/stripe-writes.ts';
import { dropUsageEvents } from '../../db/usage-partitions.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { useTestDatabase } from '../support/database.ts';
import { grantCredits, ingest, level, newUser, OCTOBER, SEPTEMBER, settleBill, usage } from './fixtures.ts';

const database = useTestDatabase({ pricesOf: ['test'] });
let userId: string;
beforeEach(async () => {
  userId = await newUser(database.db);
});

const workflow = { workflowId: 'monthly-billing:test:2026-09', runId: 'run-1' };

async function freeze(period = SEPTEMBER): Promise<string> {
  const [billId] = await freezeBill(database.db, { mode: 'test', userId, period }, { workflow });
  if (billId === undefined) throw new Error('There was nothing to freeze');
  return billId;
}

async function explained(reference: string) {
  const bill = await explainBill(database.db, reference);
  if (bill === undefined) throw new Error(`${reference} is unknown`);
  return bill;
}

/** The events of each line: what they are and whether they come to what was billed. */
async function eventsOf(reference: string) {
  const bill = await explained(reference);
  const events = await Promise.all(bill.lines.map((line) => listEventsOfLine(database.db, bill, line)));
  return events.map((each) =>
    each === null ? null : { ids: each.events.map((event) => event.eventId), same: each.areWhatWasBilled },
  );
}

test('a bill is traced to its events, its workflow, its requests to Stripe and the credits it used', async () => {
  await grantCredits(database.db, userId, 7);
  const events = ['2026-09-03', '2026-09-02', '2026-09-20'].map((day) =>
    usage(userId, { occurredAt: new Date(`${day}T00:00:00Z`), quantity: '0.5' }),
  );
  await ingest(database.db, events);
  await ingest(database.db, [usage(userId, { product: 'gpu_hour' })]);
  const billId = await freeze();
  const stripeInvoiceId = `in_${billId}`;
  await intendStripeWrite(database.db, 'test', `bill:${billId}:draft`);
  await completeStripeWrite(database.db, 'test', `bill:${billId}:draft`, {
    stripeObjectId: stripeInvoiceId,
    stripeRequestId: 'req_1',
  });
  await intendStripeWrite(database.db, 'test', `invoice:${stripeInvoiceId}:pay:0`);
  await settleBill(database.db, billId, 'open');

  const bill = await explained(billId);
  expect(bill).toMatchObject({
    mode: 'test',
    userId,
    period: SEPTEMBER,
    totalCents: 208,
    status: 'open',
    workflow,
    stripeInvoiceId,
    stripeWrites: [
      { writeKey: `bill:${billId}:draft`, stripeRequestId: 'req_1', stripeObjectId: stripeInvoiceId },
      { writeKey: `invoice:${stripeInvoiceId}:pay:0`, stripeRequestId: null, completedAt: null },
    ],
    creditEntries: [{ amountCents: -7 }],
  });
  expect(bill.lines.map(({ lineId, events: span }) => ({ lineId, span }))).toEqual([
    {
      lineId: `${billId}:1`,
      span: {
        count: 3,
        firstAt: new Date('2026-09-02T00:00:00Z'),
        lastAt: new Date('2026-09-20T00:00:00Z'),
        before: 0,
        through: 3,
      },
    },
    { lineId: `${billId}:2`, span: expect.objectContaining({ count: 1 }) as unknown },
    { lineId: `${billId}:3`, span: null },
  ]);
  expect((await eventsOf(billId))[0]).toEqual({
    ids: [events[1]?.id, events[0]?.id, events[2]?.id],
    same: true,
  });

  expect(await explained(stripeInvoiceId)).toEqual(bill);
  expect((await explained(`${billId}:2`)).lines).toEqual([bill.lines[1]]);
  for (const unknown of [`${billId}:9`, 'bill_unknown', 'in_unknown', ''])
    expect(await explainBill(database.db, unknown)).toBeUndefined();
});

test('a line lists the events it bills, and none of the bills before and after', async () => {
  const [first, late, later] = [usage(userId), usage(userId), usage(userId)];
  await ingest(database.db, [first]);
  const september = await freeze();
  await ingest(database.db, [late, later]);
  const october = await freeze(OCTOBER);
  await ingest(database.db, [usage(userId)]);
  expect(await eventsOf(september)).toEqual([{ ids: [first.id], same: true }]);
  expect(await eventsOf(october)).toEqual([{ ids: [late.id, later.id].toSorted(), same: true }]);
});

test('a line of storage lists what was held in its month, and says when levels have come since', async () => {
  const held = level(userId, '10', '2026-08-01T00:00:00Z');
  const raised = level(userId, '20', '2026-09-16T00:00:00Z');
  await ingest(database.db, [level(userId, '3', '2026-07-01T00:00:00Z'), held, raised]);
  await freeze(parseBillingPeriod('2026-08'));
  const september = await freeze();
  expect(await eventsOf(september)).toEqual([{ ids: [held.id, raised.id], same: true }]);

  await ingest(database.db, [level(userId, '0', '2026-09-30T00:00:00Z')]);
  expect((await eventsOf(september))[0]).toMatchObject({ same: false });
  const october = await freeze(OCTOBER);
  expect((await eventsOf(october))[0]).toMatchObject({ same: true });
});

test('of events that were dropped, how many there were and when is still known', async () => {
  await ingest(database.db, [usage(userId, { occurredAt: new Date('2024-02-29T12:00:00Z') })]);
  const billId = await freeze(parseBillingPeriod('2024-02'));
  await dropUsageEvents(database.db, parseBillingPeriod('2024-03'), new Date('2026-11-24T00:00:00Z'));
  expect(await eventsOf(billId)).toEqual([null]);
  expect((await explained(billId)).lines[0]?.events).toMatchObject({
    count: 1,
    firstAt: new Date('2024-02-29T12:00:00Z'),
  });
});
