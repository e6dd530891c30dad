import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadUnitPrices } from '../../db/price-list.ts';
import { billingPeriodOf, nextPeriod, previousPeriod } from '../../domain/billing-period.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runBilling } from './command.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const run = (...args: string[]) => runBilling(database.url, args);

it('a price is changed from a month on, and shown', async () => {
  const current = billingPeriodOf(new Date());
  const next = nextPeriod(current);
  expect(await run('set-price', 'api_calls', '0.00002', '--from', next, '--mode', 'test')).toEqual({
    status: 0,
    output: `API Calls (test) costs $0.00002 when it is used in ${next} or later.\n`,
  });
  const { output } = await run('prices', '--mode', 'test');
  expect(output).toMatch(/API Calls +the beginning +\$0\.00001$/m);
  expect(output).toMatch(new RegExp(`^ +${next} +\\$0\\.00002$`, 'm'));
  const priceIn = await loadUnitPrices(database.db, 'test');
  expect([priceIn('api_calls', current), priceIn('api_calls', next)]).toEqual(['0.001', '0.002']);

  const past = await run('set-price', 'cpu_hour', '0.5', '--from', previousPeriod(current));
  expect(past).toMatchObject({ status: 1 });
  expect(past.output).toContain(`The earliest is ${current}.`);
  expect(await run('set-price', 'cpu_hour', '0', '--from', next)).toMatchObject({
    status: 1,
    output: expect.stringContaining('"0" is no price; write dollars for one unit, such as 0.12') as string,
  });
});

it('raw usage of months that are still taken is not dropped', async () => {
  const current = billingPeriodOf(new Date());
  const refused = await run('drop-usage-events', '--before', current);
  expect(refused).toMatchObject({ status: 1 });
  expect(refused.output).toMatch(/Usage of \d{4}-\d\d is still taken \(for 400 days\)/);
  expect(await run('drop-usage-events', '--before', '2020-01')).toEqual({
    status: 0,
    output: 'There are no raw usage events from before 2020-01.\n',
  });
});
