import { expect, test } from 'vitest';
import { batchRates, billsPerSecond } from '../../domain/stripe-rate.ts';

test.each([
  { requestsPerSecond: 80, bills: 25, because: 'an endpoint takes 25' },
  { requestsPerSecond: 100, bills: 25, because: 'an endpoint takes 25' },
  { requestsPerSecond: 60, bills: 20, because: 'a bill takes three requests' },
  { requestsPerSecond: 15, bills: 5, because: 'a bill takes three requests' },
  { requestsPerSecond: 400, bills: 100, because: 'raised limits are raised for each endpoint' },
])(
  'at $requestsPerSecond requests a second $bills bills are begun: $because',
  ({ requestsPerSecond, bills }) => {
    expect(billsPerSecond(requestsPerSecond)).toBe(bills);
  },
);

test('a sandbox’s limit is kept to in test mode', () => {
  expect(batchRates(80)).toEqual({ live: 80, test: 25 });
  expect(batchRates(10)).toEqual({ live: 10, test: 10 });
});
