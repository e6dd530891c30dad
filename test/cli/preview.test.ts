import { afterAll, beforeAll, expect, it } from 'vitest';
import { freezeBill } from '../../db/freeze.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import { parseBillingPeriod, periodStart } from '../../domain/billing-period.ts';
import { AUGUST, ingest, newUser, usage } from '../db/fixtures.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runBilling } from './command.ts';

let database: TestDatabase;
let userId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await ensurePriceList(db, 'live');
  userId = await newUser(db, 'live');
  await ingest(db, [usage(userId, { quantity: '20', occurredAt: new Date('2026-08-15T00:00:00Z') })], 'live');
  await freezeBill(db, { mode: 'live', userId, period: AUGUST });
  await ingest(db, [usage(userId, { quantity: '30' })], 'live');
});
afterAll(() => database.drop());

const preview = (...args: string[]) => runBilling(database.url, ['preview', ...args]);

it('shows a month before it is closed: totals, the difference from the month before, and who cannot be billed', async () => {
  const { status, output } = await preview('2026-09');
  expect(status).toBe(0);
  expect(output).toMatch(/Bills +1$/m);
  expect(output).toMatch(/To collect +\$3\.00$/m);
  expect(output).toMatch(/2026-08 came to +\$2\.00$/m);
  expect(output).toMatch(/Difference +\+\$1\.00 \(\+50 %\)$/m);
  expect(output).toMatch(
    new RegExp(`${userId} +\\$3\\.00 +never began a Checkout, so Stripe knows no customer`, 'm'),
  );
  expect((await preview('2026-09')).output).toBe(output);
  expect((await preview('2026-07')).output).toBe('Nothing to bill in 2026-07 (live).\n');
});

it('gives a row for each bill, and all of it for programs', async () => {
  expect((await preview('2026-09', '--csv')).output).toBe(
    `user_id,status,used_cents,credits_cents,total_cents,previous_total_cents,problem,parts,held\n${userId},new,300,0,300,200,no_customer,1,\n`,
  );
  expect(JSON.parse((await preview('2026-09', '--json')).output)).toMatchObject({
    mode: 'live',
    period: '2026-09',
    bills: 1,
    totalCents: 300,
    previousTotalCents: 200,
    all: [{ userId, status: 'new' }],
  });
});

it('names the bills that a close would hold, by the rule of the house', async () => {
  const july = parseBillingPeriod('2026-07');
  const other = await newUser(database.db, 'live');
  await ingest(database.db, [usage(other, { quantity: '10', occurredAt: periodStart(july) })], 'live');
  await ingest(database.db, [usage(other, { quantity: '1', occurredAt: periodStart(AUGUST) })], 'live');
  await ingest(database.db, [usage(other, { quantity: '35' })], 'live');
  for (const period of [july, AUGUST]) await freezeBill(database.db, { mode: 'live', userId: other, period });
  const rule = { BILLING_HOLD_FACTOR: '3.5', BILLING_HOLD_MINIMUM_DOLLARS: '2.5' };
  const { output } = await runBilling(database.url, ['preview', '2026-09'], rule);
  expect(output).toMatch(
    new RegExp(
      `Held until a person has looked.*\\n.*\\n? *${other} +\\$3\\.50 +\\$3\\.50 is 3\\.5 times the most of the last 6 months \\(\\$1\\.00\\)`,
    ),
  );
  expect((await preview('2026-09')).output).not.toContain('Held until');
});

it('names ten bills of a kind, and says how many more there are', async () => {
  const june = parseBillingPeriod('2026-06');
  for (let count = 0; count < 12; count += 1) {
    const each = await newUser(database.db, 'live');
    await ingest(database.db, [usage(each, { quantity: '10', occurredAt: periodStart(june) })], 'live');
  }
  const { output } = await preview('2026-06');
  expect(output.match(/never began a Checkout/g)).toHaveLength(10);
  expect(output).toMatch(/^ {2}and 2 more; --csv names all$/m);
  expect((await preview('2026-06', '--csv')).output.match(/^.*,new,100,.*no_customer/gm)).toHaveLength(12);
});
