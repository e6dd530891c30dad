import { randomUUID } from 'node:crypto';
import { defaultPayloadConverter, WorkflowNotFoundError } from '@temporalio/common';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { customerBillingWorkflowId } from '../../domain/customer-workflow.ts';
import { HANDLED_EVENT_TYPES } from '../../domain/stripe-event.ts';
import {
  deliver,
  error,
  newCustomerId,
  request,
  startTestApi,
  stripeEvent,
  type TestApi,
} from './harness.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

/** The signals that the customer's workflow has got, in order; `null` when it was never started. */
async function signalsOf(customerId: string, mode: 'live' | 'test' = 'test') {
  const handle = api.temporal.workflow.getHandle(customerBillingWorkflowId(mode, customerId));
  try {
    await handle.describe(); // says so if there is none
    const { events } = await handle.fetchHistory();
    return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
      signal
        ? [
            {
              name: signal.signalName,
              args: (signal.input?.payloads ?? []).map((payload) =>
                defaultPayloadConverter.fromPayload(payload),
              ),
            },
          ]
        : [],
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

describe('a good event', () => {
  test("starts its customer's workflow and signals an envelope without card or personal data", async () => {
    const customer = newCustomerId();
    const event = stripeEvent({
      data: { object: { id: 'in_42', object: 'invoice', customer, customer_email: 'eve@example.com' } },
    });
    expect(await deliver(api, event)).toMatchObject({ status: 200, body: { received: true } });

    expect(await signalsOf(customer)).toEqual([
      {
        name: 'stripeEvent',
        args: [{ eventId: event.id, type: 'invoice.paid', objectId: 'in_42', created: 1_793_750_400 }],
      },
    ]);
    const described = await api.temporal.workflow
      .getHandle(customerBillingWorkflowId('test', customer))
      .describe();
    expect(described).toMatchObject({ type: 'customerBillingWorkflow', taskQueue: 'billing' });
    expect(await described.staticSummary()).toContain(customer);
  });

  test('reaches the workflow that runs already', async () => {
    const customer = newCustomerId();
    const object = { id: 'in_1', customer };
    await deliver(api, stripeEvent({ id: 'evt_1', data: { object } }));
    await deliver(api, stripeEvent({ id: 'evt_2', data: { object } }));
    const signals = await signalsOf(customer);
    expect(signals?.map(({ args }) => args[0])).toMatchObject([{ eventId: 'evt_1' }, { eventId: 'evt_2' }]);
  });

  test('is accepted with any of several secrets, while one is being rotated', async () => {
    for (const secret of ['whsec_live_new', 'whsec_live_old']) {
      const event = stripeEvent({ livemode: true });
      expect(await deliver(api, event, { mode: 'live', secret })).toMatchObject({ status: 200 });
    }
  });

  test.each(HANDLED_EVENT_TYPES)('%s is handled', async (type) => {
    const customer = newCustomerId();
    const object = { id: type === 'customer.deleted' ? customer : 'obj_1', customer };
    expect(await deliver(api, stripeEvent({ type, data: { object } }))).toMatchObject({ status: 200 });
    expect(await signalsOf(customer)).toHaveLength(1);
  });

  test.each([
    ['an expanded customer', 'invoice.paid', (id: string) => ({ object: { id: 'in_1', customer: { id } } })],
    ['customer.deleted by the object itself', 'customer.deleted', (id: string) => ({ object: { id } })],
    [
      'payment_method.detached by what it was before',
      'payment_method.detached',
      (id: string) => ({ object: { id: 'pm_1', customer: null }, previous_attributes: { customer: id } }),
    ],
  ])('finds its customer: %s', async (_, type, dataOf) => {
    const customer = newCustomerId();
    await deliver(api, stripeEvent({ type, data: dataOf(customer) }));
    expect(await signalsOf(customer)).toMatchObject([{ args: [{ type }] }]);
  });
});

test('an event that takes no effect is answered with 200 and starts nothing', async () => {
  const quiet = await startTestApi();
  try {
    const ignoredEvents = [
      [{ type: 'balance.available', data: { object: { available: [] } } }, 'type'], // unknown, and without an id
      [{ type: 'customer.created' }, 'type'],
      [{ type: 'payment_intent.succeeded' }, 'type'],
      [paymentOfPurchase('a'), 'no_purchase'],
      [paymentOfPurchase('not an id'), 'type'],
      [{ data: { object: { id: 'in_1', customer: null } } }, 'no_customer'],
      [{ type: 'charge.dispute.created', data: { object: { id: 'du_1' } } }, 'no_customer'],
      [{ type: 'payment_method.detached', data: { object: { id: 'pm_1', customer: null } } }, 'no_customer'],
    ] as const;
    for (const [overrides, ignored] of ignoredEvents) {
      expect(await deliver(quiet, stripeEvent(overrides))).toMatchObject({
        status: 200,
        body: { received: true, ignored },
      });
    }
    // What Temporal lists comes a moment later, so a good one comes last: once it is there, the others would be.
    await deliver(quiet, stripeEvent());
    const count = async () => (await quiet.temporal.workflow.count()).count;
    await expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(0);
    expect(await count()).toBe(1);
  } finally {
    await quiet.close();
  }
});

/** The event of a payment intent whose metadata names a test purchase. */
function paymentOfPurchase(purchaseId: string) {
  const object = { id: 'pi_1', object: 'payment_intent', metadata: { purchase_id: purchaseId } };
  return { type: 'payment_intent.succeeded', data: { object } };
}

/** With a good signature: what is refused because of that is in test/hostile/signatures.test.ts. */
describe('a bad delivery is refused and starts nothing', () => {
  const customer = newCustomerId();
  const event = stripeEvent({ data: { object: { id: 'in_1', customer } } });

  test.each<[string, number, string, () => ReturnType<typeof deliver>]>([
    ['not JSON', 400, 'invalid_json', () => deliver(api, '{"id": "evt_1", ')],
    ['an empty body', 400, 'invalid_json', () => deliver(api, '')],
    ['JSON that is no object', 400, 'not_an_event', () => deliver(api, 'null')],
    ['an object that is no event', 400, 'not_an_event', () => deliver(api, { ...event, object: 'invoice' })],
    ['an event of API v2', 400, 'not_an_event', () => deliver(api, { ...event, object: 'v2.core.event' })],
    ['an event without an id', 400, 'not_an_event', () => deliver(api, { ...event, id: undefined })],
    ['an event without a type', 400, 'not_an_event', () => deliver(api, { ...event, type: undefined })],
    ['an event without an object', 400, 'not_an_event', () => deliver(api, { ...event, data: {} })],
    [
      'an object without an id',
      400,
      'not_an_event',
      () => deliver(api, { ...event, data: { object: { customer } } }),
    ],
    ['live mode at the test endpoint', 400, 'wrong_mode', () => deliver(api, { ...event, livemode: true })],
    ['test mode at the live endpoint', 400, 'wrong_mode', () => deliver(api, event, { mode: 'live' })],
    [
      'a body of 2 MB',
      413,
      'payload_too_large',
      () => deliver(api, { ...event, padding: 'x'.repeat(2 * 1_048_576) }),
    ],
  ])('%s', async (_, status, code, delivered) => {
    const answer = await delivered();
    expect(answer).toMatchObject({ status, body: { error: { code } } });
    expect(await signalsOf(customer)).toBeNull();
    expect(await signalsOf(customer, 'live')).toBeNull();
  });
});

test('nothing personal, no signature and no secret is logged', async () => {
  await deliver(api, stripeEvent());
  await deliver(api, stripeEvent(), { secret: 'whsec_other' });
  expect(api.logged()).toContain('event received');
  expect(api.logged()).not.toMatch(/eve@example\.com|whsec_|v1=/);
});

test('the line of an event names the workflow that it goes to, or none', async () => {
  const customer = newCustomerId();
  const purchase = { id: 'pi_1', customer, metadata: { purchase_id: 'purchase-1' } };
  const sent = [
    {
      type: 'invoice.paid',
      object: { id: 'in_1', customer },
      workflowId: `customer-billing:test:${customer}`,
    },
    { type: 'payment_intent.succeeded', object: purchase, workflowId: 'test-purchase:purchase-1' },
    {
      type: 'charge.dispute.created',
      object: { id: 'du_1', charge: 'ch_1' },
      workflowId: /^charge-event:test:evt_/,
    },
    { type: 'made.up', object: { id: 'obj_1', customer }, workflowId: undefined },
  ];
  for (const { type, object, workflowId } of sent) {
    const event = stripeEvent({ type, data: { object } });
    await deliver(api, event);
    const logged = api
      .logged()
      .split('\n')
      .find((each) => each.includes(event.id));
    const line = JSON.parse(logged ?? '{}') as Readonly<Record<string, unknown>>;
    expect(line).toMatchObject({ msg: 'event received', eventType: type });
    if (workflowId instanceof RegExp) expect(line['workflowId']).toMatch(workflowId);
    else expect(line['workflowId']).toBe(workflowId);
  }
});

test('deliveries are counted by mode, type and outcome', async () => {
  const type = `made.up.${randomUUID()}`;
  await deliver(api, stripeEvent({ type }));
  const { body } = await request(api, 'GET', '/metrics');
  expect(body).toMatch(/billing_webhooks_total\{mode="test",type="invoice\.paid",outcome="signalled"\} \d+/);
  expect(body).toMatch(/billing_webhooks_total\{mode="test",type="other",outcome="ignored_type"\} \d+/);
  expect(body).toMatch(/billing_webhook_signal_seconds_count\{mode="test"\} \d+/);
  expect(body).not.toContain(type);
});

test('without Temporal a delivery is answered with 503, so that Stripe sends it again', async () => {
  const temporalAddress = `127.0.0.1:${await getPort()}`;
  const lonely = await startTestApi({ temporalAddress });
  try {
    const answer = await deliver(lonely, stripeEvent());
    expect(answer).toMatchObject({ status: 503, body: error('temporal_unavailable') });
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    const ready = await request(lonely, 'GET', '/readyz');
    expect(ready).toMatchObject({ status: 503, body: { missing: ['temporal'] } });
  } finally {
    await lonely.close();
  }
});

test('a mode without a secret is not set up: 503, and the other mode works', async () => {
  const half = await startTestApi({ webhookSecrets: { live: [], test: ['whsec_test'] } });
  try {
    const event = stripeEvent({ livemode: true });
    expect(await deliver(half, event, { mode: 'live' })).toMatchObject({
      status: 503,
      body: error('mode_not_configured'),
    });
    expect(await deliver(half, stripeEvent())).toMatchObject({ status: 200 });
  } finally {
    await half.close();
  }
});
