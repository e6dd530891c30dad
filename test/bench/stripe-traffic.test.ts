import { expect, test } from 'vitest';
import { type SeenRequest, trafficOf } from '../../bench/stripe-traffic.ts';

test('the fullest second may begin at any request, and an endpoint is the same for all invoices', () => {
  const seen = [
    request(0, 'POST', '/v1/invoices'),
    request(900, 'POST', '/v1/invoices/in_1/add_lines'),
    request(1_500, 'POST', '/v1/invoices/in_2/add_lines', 429),
    request(1_899, 'POST', '/v1/invoices/in_1/finalize'),
    request(1_900, 'GET', '/v1/invoices'),
  ];
  expect(trafficOf(seen)).toEqual({
    requests: 5,
    refused: 1,
    mostInASecond: 3,
    mostInASecondOfOneEndpoint: 2,
  });
});

test('nothing asked is no traffic', () => {
  expect(trafficOf([])).toEqual({
    requests: 0,
    refused: 0,
    mostInASecond: 0,
    mostInASecondOfOneEndpoint: 0,
  });
});

function request(atMs: number, method: string, path: string, status = 200): SeenRequest {
  return { sequence: atMs, at: new Date(atMs).toISOString(), method, path, status };
}
