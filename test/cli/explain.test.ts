import { afterAll, beforeAll, expect, it } from 'vitest';
import { freezeBill } from '../../db/freeze.ts';
import { saveLostBill } from '../../db/lost-bills.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import { completeStripeWrite, intendStripeWrite } from '../../db/stripe-writes.ts';
import { ingest, level, newUser, SEPTEMBER, usage, usageOfYears } from '../db/fixtures.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runBilling } from './command.ts';

let database: TestDatabase;
let billId: string;
let eventId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await ensurePriceList(db, 'live');
  const userId = await newUser(db, 'live');
  const event = usage(userId, { quantity: '12.345' });
  eventId = event.id;
  await ingest(db, [event, level(userId, '10', '2026-09-01T00:00:00Z')], 'live');
  const workflow = { workflowId: 'monthly-billing:live:2026-09', runId: 'run-1' };
  [billId = ''] = await freezeBill(db, { mode: 'live', userId, period: SEPTEMBER }, { workflow });
  await intendStripeWrite(db, 'live', `bill:${billId}:draft`);
  await completeStripeWrite(db, 'live', `bill:${billId}:draft`, {
    stripeObjectId: 'in_1',
    stripeRequestId: 'req_1',
  });
});
afterAll(() => database.drop());

const run = (...args: string[]) => runBilling(database.url, ['explain', ...args]);

it('prints the workflow, the requests, and each line with its rule and its events', async () => {
  const { status, output } = await run(billId, '--events');
  expect(status).toBe(0);
  expect(output).toMatch(/Total +\$2\.73, frozen/);
  expect(output).toMatch(/By +monthly-billing:live:2026-09/);
  expect(output).toMatch(/draft +req_1 +in_1 +\d{4}-/);
  expect(output).toContain(`CPU Hour, 2026-09  $1.23  ${billId}:1`);
  expect(output).toContain('12.345 × $0.10 = $1.2345, rounded once, half up: $1.23');
  expect(output).toContain('1 event, of 2026-09-15 12:00:00.000 UTC; by arrival number 1 to 1 of the month.');
  expect(output).toMatch(new RegExp(`2026-09-15 12:00:00.000 UTC +12\\.345 +${eventId}$`, 'm'));
  expect(output).toContain('Added up anew, they come to what was billed.');
  expect(output).toContain(`Storage GB-Month, 2026-09  $1.50  ${billId}:2`);
});

it('says which part of its month a bill is, and why there are several', async () => {
  const { db } = database;
  const userId = await newUser(db, 'live');
  await ingest(db, usageOfYears(userId), 'live');
  const [, second] = await freezeBill(db, { mode: 'live', userId, period: SEPTEMBER });
  expect((await run(`${second}:1`)).output).toMatch(/^ *Part +2 of 2: an invoice takes 250 lines$/m);
  expect((await run(billId)).output).not.toMatch(/^ *Part /m);
});

it('prints one line of it, for programs too, and says what it takes', async () => {
  const { output } = await run(`${billId}:2`, '--json');
  expect(JSON.parse(output)).toMatchObject({
    billId,
    lines: [{ product: 'storage_gb_month', amountCents: 150, events: { count: 1 } }],
  });
  for (const reference of ['bill_unknown', `${billId}:x`, `${billId}:99999999999`]) {
    const unknown = await run(reference);
    expect(unknown).toMatchObject({ status: 1 });
    expect(unknown.output).toContain(`There is no bill, invoice or line "${reference}": give bill_…, in_…`);
  }
});

it('says of a sum that no longer comes to what was billed that rows were changed, and of a recovered line that its events are not known', async () => {
  const { db } = database;
  const userId = await newUser(db, 'live');
  const event = usage(userId, { quantity: '2' });
  await ingest(db, [event], 'live');
  const [changed = ''] = await freezeBill(db, { mode: 'live', userId, period: SEPTEMBER });
  await db.updateTable('usage_events').set({ quantity: '3' }).where('event_id', '=', event.id).execute();
  expect((await run(changed, '--events')).output).toMatch(
    /do not come to what was billed: the database was put back .*, or rows were/,
  );

  const lost = {
    mode: 'live',
    userId: await newUser(db, 'live'),
    period: SEPTEMBER,
    billId: 'bill_recovered',
    part: 1,
    parts: 1,
    invoicedAt: new Date('2026-10-01T00:00:00Z'),
    lines: [
      {
        product: 'cpu_hour',
        usagePeriod: SEPTEMBER,
        quantity: '2',
        exactQuantity: '2',
        unitPriceCents: '10',
        amountCents: 20,
        description: 'CPU Hour, 2026-09',
        eventsThrough: null,
      },
    ],
  } as const;
  await saveLostBill(db, lost);
  expect((await run(lost.billId)).output).toContain('Which events it is of is not kept');
});
