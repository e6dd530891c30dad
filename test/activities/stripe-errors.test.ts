import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApplicationFailure } from '@temporalio/common';
import { Stripe } from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStripeClient, type StripeClient } from '../../activities/stripe-client.ts';
import { isCardError, toTemporalFailure } from '../../activities/stripe-errors.ts';
import { startTestSimulator, type TestSimulator } from '../support/simulator.ts';

const { errors } = Stripe;

/** What a request fails with; an answer that passes for a success fails the test. */
async function rejectionOf(request: Promise<unknown>): Promise<unknown> {
  try {
    await request;
  } catch (error) {
    return error;
  }
  throw new Error('The request passed for a success');
}

async function failureOf(request: Promise<unknown>): Promise<ApplicationFailure> {
  const failure = toTemporalFailure(await rejectionOf(request));
  if (failure instanceof ApplicationFailure) return failure;
  throw new Error('Not mapped', { cause: failure });
}

describe('answers that are not Stripe’s', () => {
  /** Stands for whatever may sit between us and Stripe: answers each request with the status and body in its path. */
  const proxy = createServer((request, response) => {
    const [, , status = '', body = ''] = (request.url ?? '').split('/');
    request.resume();
    response.writeHead(Number(status), { 'content-type': 'application/json' });
    response.end(decodeURIComponent(body));
  });
  let stripe: StripeClient;
  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      proxy.listen(0, '127.0.0.1', resolve);
    });
    const { port } = proxy.address() as AddressInfo;
    stripe = createStripeClient({
      mode: 'test',
      secretKey: 'sk_test_proxy',
      apiBase: `http://127.0.0.1:${port}`,
    });
  });
  afterAll(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const ask = (status: number, body: string) =>
    stripe.rawRequest('POST', `/v1/${status}/${encodeURIComponent(body)}`, {});

  test.each([
    [400, '{"message":"Bad request"}'],
    [403, '{"message":"Forbidden by the firewall"}'],
    [404, '{}'],
    [500, '{"message":"Internal server error"}'],
    [502, '{"id":"in_1","object":"invoice"}'],
    [503, 'null'],
    [503, '[]'],
    [500, '{"error":null}'],
    [500, '{"error":"server_error"}'],
    [200, '{}'],
    [200, '{"message":"Welcome to this network"}'],
    [200, '"ok"'],
    [200, 'null'],
    [200, ''],
    [200, '<html>Log in to the network</html>'],
    [400, '<html>400</html>'],
    [502, '<html>502 Bad Gateway</html>'],
  ])('HTTP %i with the body %s is rejected', async (status, body) => {
    expect(await rejectionOf(ask(status, body))).toBeInstanceOf(errors.StripeError);
  });

  test.each([500, 502, 503])('a %i that does not explain itself is tried again', async (status) => {
    const failure = await failureOf(ask(status, '{"message":"upstream"}'));
    expect(failure).toMatchObject({ type: 'StripeUnavailable', nonRetryable: false });
  });

  test.each([
    ['a success without an object', 200, '{"message":"Welcome"}'],
    ['a page in place of JSON', 200, '<html></html>'],
  ])('%s says nothing about the request, so it is tried again', async (_, status, body) => {
    expect(await failureOf(ask(status, body))).toMatchObject({ nonRetryable: false });
  });

  test('an object passes', async () => {
    expect(await ask(200, '{"id":"cus_1","object":"customer"}')).toMatchObject({ id: 'cus_1' });
  });
});

describe('through the network', () => {
  let simulator: TestSimulator;
  beforeAll(async () => {
    simulator = await startTestSimulator();
  });
  afterAll(() => simulator.stop());
  const create = () => simulator.stripe.test.customers.create({ email: 'a@example.com' });

  test.each([
    'reset',
    'processed_without_answer',
    'html',
    'status_409',
    'status_429',
    'status_500',
    'status_500_without_error',
  ] as const)('the fault %s is rejected once, not retried by the SDK, and retryable', async (kind) => {
    await simulator.fault('POST /v1/customers', kind);
    const requests = await simulator.requestsDuring(async () => {
      expect(await failureOf(create())).toMatchObject({ type: 'StripeUnavailable', nonRetryable: false });
    });
    expect(requests).toHaveLength(1);
    await expect(create()).resolves.toMatchObject({ object: 'customer' });
  });

  test('nobody listening is retryable', async () => {
    const gone = await startTestSimulator();
    await gone.stop();
    const failure = await failureOf(gone.stripe.test.customers.list());
    expect(failure).toMatchObject({ type: 'StripeUnavailable', nonRetryable: false });
  });

  test('a missing object is final, and the failure names the request as Stripe’s support wants it', async () => {
    let requestId: string | undefined;
    const requests = await simulator.requestsDuring(async () => {
      const failure = await failureOf(simulator.stripe.test.customers.retrieve('cus_missing'));
      expect(failure).toMatchObject({ type: 'StripeRefused', nonRetryable: true });
      const [details] = failure.details as [{ statusCode: number; code: string; stripeRequestId: string }];
      expect(details).toMatchObject({ statusCode: 404, code: 'resource_missing' });
      requestId = details.stripeRequestId;
    });
    expect(requests.map((request) => request.requestId)).toEqual([requestId]);
  });

  test('a wrong key is final', async () => {
    const stranger = createStripeClient({
      mode: 'test',
      secretKey: 'sk_test_stranger',
      apiBase: simulator.url,
    });
    expect(await failureOf(stranger.customers.list())).toMatchObject({
      type: 'StripeRefused',
      nonRetryable: true,
    });
  });

  test('a key of one mode does not see the other mode’s objects', async () => {
    const { id } = await create();
    expect(await failureOf(simulator.stripe.live.customers.retrieve(id))).toMatchObject({
      type: 'StripeRefused',
    });
  });
});

describe('which errors are worth a retry', () => {
  const raw = { message: 'said Stripe', requestId: 'req_1', headers: {} };

  test.each([
    ['a broken connection', new errors.StripeConnectionError({ message: 'said Stripe', type: 'api_error' })],
    ['409', new errors.StripeAPIError({ ...raw, type: 'api_error', statusCode: 409 })],
    ['429', new errors.StripeRateLimitError({ ...raw, type: 'rate_limit_error', statusCode: 429 })],
    ['500', new errors.StripeAPIError({ ...raw, type: 'api_error', statusCode: 500 })],
    ['503', new errors.StripeAPIError({ ...raw, type: 'api_error', statusCode: 503 })],
    ['an answer that is not JSON', new errors.StripeAPIError({ message: 'Invalid JSON', type: 'api_error' })],
  ])('%s is', (_, error) => {
    expect(toTemporalFailure(error)).toMatchObject({
      type: 'StripeUnavailable',
      nonRetryable: false,
      cause: error,
    });
  });

  test('429 is, after a while', () => {
    const limited = new errors.StripeRateLimitError({ ...raw, type: 'rate_limit_error', statusCode: 429 });
    expect(toTemporalFailure(limited)).toMatchObject({ nextRetryDelay: 2_000 });
    const broken = new errors.StripeAPIError({ ...raw, type: 'api_error', statusCode: 500 });
    expect((toTemporalFailure(broken) as ApplicationFailure).nextRetryDelay).toBeUndefined();
  });

  test.each([
    [400, new errors.StripeInvalidRequestError({ ...raw, type: 'invalid_request_error', statusCode: 400 })],
    [401, new errors.StripeAuthenticationError({ ...raw, type: 'invalid_request_error', statusCode: 401 })],
    [402, new errors.StripeCardError({ ...raw, type: 'card_error', statusCode: 402 })],
    [403, new errors.StripePermissionError({ ...raw, type: 'invalid_request_error', statusCode: 403 })],
    [404, new errors.StripeInvalidRequestError({ ...raw, type: 'invalid_request_error', statusCode: 404 })],
  ])('%i is not', (statusCode, error) => {
    expect(toTemporalFailure(error)).toMatchObject({
      message: 'Stripe: said Stripe',
      type: 'StripeRefused',
      nonRetryable: true,
      details: [{ statusCode, code: null, stripeRequestId: 'req_1' }],
    });
  });

  test('what is not Stripe’s passes as it is', () => {
    const error = new TypeError('ours');
    expect(toTemporalFailure(error)).toBe(error);
    expect(toTemporalFailure('a text')).toBe('a text');
  });

  test('only 402 is an answer of the card', () => {
    expect(isCardError(new errors.StripeCardError({ ...raw, type: 'card_error', statusCode: 402 }))).toBe(
      true,
    );
    const refused = { ...raw, type: 'invalid_request_error', statusCode: 400 } as const;
    expect(isCardError(new errors.StripeInvalidRequestError(refused))).toBe(false);
    expect(isCardError(new Error('402'))).toBe(false);
  });
});
