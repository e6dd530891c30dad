import { Writable } from 'node:stream';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CliContext } from '../../cli/context.ts';
import { exportBillsTo } from '../../cli/export-bills.ts';
import { freezeBill } from '../../db/freeze.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import { registerUser } from '../../db/users.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { AUGUST, grantCredits, ingest, usage } from '../db/fixtures.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runBilling } from './command.ts';

/** A spreadsheet would compute it. */
const ODD_USER = '=1+2,"x"';
const SEPTEMBER = parseBillingPeriod('2026-09');

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await ensurePriceList(db, 'live');
  for (const userId of [ODD_USER, 'bob']) {
    await registerUser(db, { mode: 'live', userId, email: 'a@example.com', name: 'A' });
    await ingest(
      db,
      [usage(userId, { quantity: '12', occurredAt: new Date('2026-08-15T00:00:00Z') })],
      'live',
    );
  }
  await grantCredits(db, 'bob', 50, 'live');
  for (const userId of [ODD_USER, 'bob']) await freezeBill(db, { mode: 'live', userId, period: AUGUST });
  await ingest(db, [usage('bob', { quantity: '3' })], 'live');
  await freezeBill(db, { mode: 'live', userId: 'bob', period: SEPTEMBER });
});
afterAll(() => database.drop());

const run = async (...args: string[]) => {
  const { status, output } = await runBilling(database.url, ['export-bills', ...args]);
  expect({ status, output }).toMatchObject({ status: 0 });
  // Ids and times are of the run.
  return output.replaceAll(/bill_[\da-f]{32}/g, 'bill_…').replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T');
};

it('gives a row for each bill of the months, by month and user, and no formula to a spreadsheet', async () => {
  expect(await run('--from', '2026-08', '--to', '2026-09')).toBe(
    `mode,bill_id,user_id,period,part,parts,status,total_cents,total_dollars,credits_cents,credits_dollars,refunded_cents,refunded_dollars,stripe_customer_id,stripe_invoice_id,frozen_at
live,bill_…,"'=1+2,""x""",2026-08,1,1,frozen,120,1.20,0,0.00,0,0.00,,,T
live,bill_…,bob,2026-08,1,1,frozen,70,0.70,50,0.50,0,0.00,,,T
live,bill_…,bob,2026-09,1,1,frozen,30,0.30,0,0.00,0,0.00,,,T
`,
  );
  expect(await run('--from', '2026-10', '--to', '2026-10', '--csv')).toMatch(/^mode,[^\n]+\n$/);
});

it('gives a row for each line, with its quantity and price to the last digit', async () => {
  expect(await run('--from', '2026-08', '--to', '2026-08', '--lines')).toBe(
    `mode,bill_id,user_id,period,part,status,stripe_invoice_id,line_number,product,usage_period,quantity,unit_price_cents,unit_price_dollars,amount_cents,amount_dollars,description
live,bill_…,"'=1+2,""x""",2026-08,1,frozen,,1,cpu_hour,2026-08,12,10,0.10,120,1.20,"CPU Hour, 2026-08"
live,bill_…,bob,2026-08,1,frozen,,1,cpu_hour,2026-08,12,10,0.10,120,1.20,"CPU Hour, 2026-08"
live,bill_…,bob,2026-08,1,frozen,,2,credits,2026-08,-0.5,100,1.00,-50,-0.50,Credits used
`,
  );
});

it('gives programs an object a line, with the lines in their bill and text as it is', async () => {
  const objects = (await run('--from', '2026-08', '--to', '2026-08', '--json', '--lines'))
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(objects).toMatchObject([
    { user_id: ODD_USER, total_cents: 120, total_dollars: '1.20' },
    {
      user_id: 'bob',
      total_cents: 70,
      lines: [
        { line_number: 1, product: 'cpu_hour', amount_dollars: '1.20' },
        { line_number: 2, product: 'credits', amount_cents: -50, description: 'Credits used' },
      ],
    },
  ]);
});

it('says so when the months are the wrong way round, and when two formats are asked for', async () => {
  const wrongWay = await runBilling(database.url, ['export-bills', '--from', '2026-09', '--to', '2026-08']);
  expect(wrongWay).toMatchObject({ status: 1 });
  expect(wrongWay.output).toContain('There are no months from 2026-09 to 2026-08.');
  const both = ['export-bills', '--from', '2026-08', '--to', '2026-08', '--csv', '--json'];
  expect((await runBilling(database.url, both)).status).not.toBe(0);
});

it('hands out any number of bills page by page, and waits for whoever reads', async () => {
  const { db } = database;
  await sql`
    INSERT INTO users (mode, user_id, email, name)
    SELECT 'test', 'user-' || lpad(n::text, 5, '0'), '', '' FROM generate_series(1, 1201) AS n`.execute(db);
  await sql`
    INSERT INTO bills (mode, user_id, period, status, total_cents, credits_applied_cents)
    SELECT mode, user_id, '2026-08', 'paid', 1, 0 FROM users WHERE mode = 'test'`.execute(db);
  const chunks: string[] = [];
  /** What waits behind each, in characters. */
  const queued: number[] = [];
  const reader = new Writable({
    highWaterMark: 1,
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      queued.push(this.writableLength - chunk.length);
      chunks.push(chunk);
      setTimeout(done, 100);
    },
  });
  const context = {
    withDatabase: (work: (database: typeof db) => unknown) => work(db),
  } as unknown as CliContext;
  const options = { mode: 'test', from: AUGUST, to: AUGUST, format: 'csv', withLines: false } as const;
  await exportBillsTo(context, options, reader);
  expect(chunks.length).toBe(1 + 3);
  expect(queued).toEqual(chunks.map(() => 0));
  const users = chunks
    .join('')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[2] ?? '');
  expect(users).toEqual(users.toSorted((a, b) => (a < b ? -1 : 1)));
  expect(new Set(users).size).toBe(1_201);
});
