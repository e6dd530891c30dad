import { randomBytes } from 'node:crypto';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Customer,
  completeCheckout,
  newCustomer,
  stateIs,
  subscribedCustomer,
  workflowOf,
} from '../../chaos/world/customers.ts';
import { billGpuHour } from '../../chaos/world/usage.ts';
import { BILLING_STATE_QUERY, REACTIVATE_UPDATE, SUSPEND_UPDATE } from '../../domain/customer-workflow.ts';
import { dataConverterOf } from '../../temporal/data-converter.ts';
import type { PayloadKey } from '../../temporal/payload-codec.ts';
import { bundleWorkflows } from '../../worker/workflow-bundle.ts';
import { ADMIN_AUTHORIZATION } from '../support/admin.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { whilePriceIsDeleted } from './deleted-price.ts';
import { jsonOf } from './histories.ts';
import { startTestBilling } from './service.ts';

const keyCalled = (id: string): PayloadKey => ({ id, key: randomBytes(32) });
const [old, fresh] = [keyCalled('2025'), keyCalled('2026')];

let billing: BillingService;

beforeAll(async () => {
  billing = await startTestBilling({
    payloadKeys: [old],
    workflowBundle: await bundleWorkflows(dataConverterOf([old])),
  });
});
afterAll(() => billing.stop());

test('with keys, Temporal sees nothing of what workflows and activities are given, give back and fail with', async () => {
  const customer = await withWorker([old], async () => {
    const parked = await parkedCustomer();
    await workflowOf(billing, parked).executeUpdate(SUSPEND_UPDATE, {
      args: [{ reason: 'has told us a secret', by: 'ops' }],
    });
    await stateIs(billing, parked, 'suspended', ({ status }) => status === 'suspended');
    return parked;
  });

  const history = JSON.parse(jsonOf(await workflowOf(billing, customer).fetchHistory())) as unknown;
  const payloads = payloadsIn(history);
  expect(payloads.length).toBeGreaterThan(20);
  expect(new Set(payloads.map(({ metadata }) => textOf(metadata['encoding'])))).toEqual(
    new Set(['binary/encrypted']),
  );
  const seen = [JSON.stringify(history), ...payloads.map(({ data }) => textOf(data))];
  for (const text of seen) expect(text).not.toMatch(/price_that_was_deleted|secret|stripe-write\.ts/);

  // Who has the key reads it, over the endpoint that Temporal's own tools ask.
  const { status, body } = await decode(payloads);
  expect(status).toBe(200);
  const plain = (body as { payloads: Payload[] }).payloads.map(({ data }) => textOf(data)).join('\n');
  expect(plain).toMatch(/No such price: 'price_that_was_deleted'/);
  expect(plain).toMatch(/stripe-write\.ts/);
  expect(plain).toMatch(/has told us a secret/);
});

test('a close is encrypted too, and its parts', async () => {
  await withWorker([old], async () => {
    await billGpuHour(billing, await subscribedCustomer(billing));
  });
  for await (const { workflowId, runId, type } of billing.temporal.workflow.list({
    query: 'WorkflowType = "monthlyBillingWorkflow" OR WorkflowType = "chargePartitionWorkflow"',
  })) {
    const handle = billing.temporal.workflow.getHandle(workflowId, runId);
    const payloads = payloadsIn(JSON.parse(jsonOf(await handle.fetchHistory())) as unknown);
    expect(payloads.length, type).toBeGreaterThan(0);
    for (const { metadata } of payloads) expect(textOf(metadata['encoding']), type).toBe('binary/encrypted');
  }
});

test('a key is replaced while workflows run: first all know both, then the new one encrypts, then the old one goes', async () => {
  const customer = await withWorker([old], () => subscribedCustomer(billing));
  // A client with the new key first, as an api has it that was started anew; the worker knows both, and still encrypts with the old one.
  const renewed = new Client({
    connection: billing.temporal.connection,
    namespace: billing.temporal.options.namespace,
    dataConverter: dataConverterOf([fresh, old]),
  });
  const handle = renewed.workflow.getHandle(workflowOf(billing, customer).workflowId);
  await withWorker([old, fresh], async () => {
    await handle.executeUpdate(SUSPEND_UPDATE, { args: [{ reason: 'under the new key', by: 'ops' }] });
    await handle.executeUpdate(REACTIVATE_UPDATE, { args: [{ by: 'ops' }] });
    expect(await handle.query(BILLING_STATE_QUERY)).toMatchObject({ status: 'active' });
  });
  const keys = payloadsIn(JSON.parse(jsonOf(await handle.fetchHistory())) as unknown).map(({ metadata }) =>
    textOf(metadata['encryption-key-id']),
  );
  expect(new Set(keys)).toEqual(new Set(['2025', '2026']));
});

test('without the key nothing is told, and what is asked wrongly is refused', async () => {
  expect((await decode([], { authorization: '' })).status).toBe(401);
  const [foreign] =
    (await dataConverterOf([fresh]).payloadCodecs?.[0]?.encode([{ data: Buffer.from('"x"') }])) ?? [];
  const json = {
    metadata: Object.fromEntries(
      Object.entries(foreign?.metadata ?? {}).map(([name, value]) => [name, base64(value)]),
    ),
    data: base64(foreign?.data ?? new Uint8Array()),
  };
  expect(await decode([json])).toMatchObject({
    status: 422,
    body: { error: { code: 'not_decryptable', message: expect.stringContaining('"2026"') as string } },
  });
  expect(await decode([{ metadata: {}, data: '!' }])).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_parameter', param: 'payloads.0.data' } },
  });
});

test('only pages of the Web UI may read what the codec endpoint answers', async () => {
  const preflight = async (origin: string) => {
    const response = await fetch(`${billing.apiUrl}/api/admin/codec/decode`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-namespace',
      },
    });
    return {
      origin: response.headers.get('access-control-allow-origin'),
      credentials: response.headers.get('access-control-allow-credentials'),
    };
  };
  // As `startBilling` has it.
  const ofUi = { origin: 'http://temporal.example', credentials: 'true' };
  expect(await preflight('http://temporal.example')).toEqual(ofUi);
  expect(await preflight('http://elsewhere.example')).toEqual(ofUi);
  const other = await fetch(`${billing.apiUrl}/api/admin/health`, {
    headers: { origin: 'http://temporal.example', authorization: ADMIN_AUTHORIZATION },
  });
  expect(other.headers.get('access-control-allow-origin')).toBeNull();
});

async function withWorker<Result>(keys: readonly PayloadKey[], work: () => Promise<Result>): Promise<Result> {
  const worker = await billing.startWorker({}, { payloadKeys: keys });
  try {
    return await work();
  } finally {
    await worker.stop();
  }
}

/** A customer whose subscription Stripe has refused, with a failure in the history. */
async function parkedCustomer(): Promise<Customer> {
  const customer = await newCustomer(billing);
  await whilePriceIsDeleted(billing, 'cpu_hour', async () => {
    await completeCheckout(billing, customer.checkout.id);
    await stateIs(billing, customer, 'the step to be parked', ({ parked }) => parked !== null);
  });
  return customer;
}

interface Payload {
  readonly metadata: Readonly<Record<string, string>>;
  readonly data: string;
}

/** Every payload in a history, at whatever depth, but for search attributes: the server indexes those, so they stay readable. */
function payloadsIn(value: unknown): Payload[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('metadata' in value && 'data' in value && typeof value.data === 'string') return [value as Payload];
  return Object.entries(value).flatMap(([key, inner]) => (key === 'indexedFields' ? [] : payloadsIn(inner)));
}

const textOf = (encoded: string | undefined) => Buffer.from(encoded ?? '', 'base64').toString();
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

async function decode(
  payloads: readonly unknown[],
  headers: Record<string, string> = { authorization: ADMIN_AUTHORIZATION },
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${billing.apiUrl}/api/admin/codec/decode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ payloads }),
  });
  return { status: response.status, body: await response.json() };
}
