import { afterAll, beforeAll, expect, test } from 'vitest';
import { subscribedCustomer } from '../../chaos/world/customers.ts';
import { useGpu, usersWithCustomer } from '../../chaos/world/usage.ts';
import { reportOf, startClose } from '../../cli/close.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import type { LoggedRequest } from '../../stripe-simulator/request-log.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from './service.ts';

const CUSTOMERS = 60;
const WORKERS = 3;
/** Five bills a second. */
const REQUESTS_PER_SECOND = 15;
const BILLS_PER_SECOND = REQUESTS_PER_SECOND / 3;
/** What a task queue that was idle may hand out at once. */
const BURST_BILLS = 15;

let billing: BillingService;
beforeAll(async () => {
  billing = await startTestBilling();
  for (let started = 0; started < WORKERS; started += 1)
    await billing.startWorker({}, { batchRequestsPerSecond: REQUESTS_PER_SECOND });
});
afterAll(() => billing.stop());

async function requestsToInvoices(): Promise<LoggedRequest[]> {
  const response = await fetch(`${billing.simulatorUrl}/_sim/requests`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the simulator's log
  const { requests } = (await response.json()) as { requests: LoggedRequest[] };
  return requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v1/invoices'));
}

test('the rate of the batch holds over all workers, and nobody who is waiting waits behind it', async () => {
  const period = parseBillingPeriod('2025-06');
  for (const each of await usersWithCustomer(billing, CUSTOMERS)) await useGpu(billing, each, period, '1');
  const handle = await startClose(billing.temporal, { mode: 'test', period });
  let hasEnded = false;
  const report = reportOf(handle).finally(() => {
    hasEnded = true;
  });

  // From registration to an active subscription, while the batch goes on.
  await subscribedCustomer(billing);
  expect(hasEnded).toBe(false);

  expect(await report).toMatchObject({ invoicedBills: CUSTOMERS, parkedBills: 0 });
  const times = (await requestsToInvoices()).map(({ at }) => Date.parse(at)).toSorted((a, b) => a - b);
  expect(times).toHaveLength(3 * CUSTOMERS);
  const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1_000;
  expect(seconds).toBeGreaterThan((CUSTOMERS - BURST_BILLS) / BILLS_PER_SECOND);
});
