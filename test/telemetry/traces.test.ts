import { afterAll, beforeAll, expect, test } from 'vitest';
import { CARDS, type Customer, PERSON, settled, subscribedCustomer } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { billGpuHour, pastDueCustomer } from '../../chaos/world/usage.ts';
import { type ServiceProcesses, startServiceProcesses } from '../support/service-processes.ts';
import { type CollectedSpan, startTraceCollector, type TraceCollector } from '../support/trace-collector.ts';

let collector: TraceCollector;
let service: ServiceProcesses;
let customer: Customer;
beforeAll(async () => {
  collector = await startTraceCollector();
  service = await startServiceProcesses({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
  customer = await subscribedCustomer(service);
});
afterAll(async () => {
  await service.stop();
  await collector.close();
});

/** The span of the webhook that brought an event of this type to the customer's workflow last. */
async function webhookOf(type: string): Promise<CollectedSpan> {
  const isOne = ({ attributes }: CollectedSpan) => attributes['stripe.event_type'] === type;
  const spans = await eventually(
    `a webhook of ${type} in the traces`,
    async () => collector.spans.filter(isOne),
    (found) => found.length > 0,
  );
  return spans.at(-1) as CollectedSpan;
}

const childrenOf = ({ spanId }: CollectedSpan) =>
  collector.spans.filter(({ parentSpanId }) => parentSpanId === spanId);

/** Waits for a child of that name. */
async function childOf(parent: CollectedSpan, name: RegExp): Promise<CollectedSpan> {
  const found = await eventually(
    `a child of ${parent.name} like ${name}`,
    async () => childrenOf(parent).filter((child) => name.test(child.name)),
    (children) => children.length > 0,
  );
  return found[0] as CollectedSpan;
}

/** Waits for the activity that answers for a signal: in its trace or, if it answers for several, at least pointing at it. */
async function lookFor(signal: CollectedSpan): Promise<CollectedSpan> {
  const answers = await eventually(
    'the look for a signal',
    async () =>
      collector.spans.filter(
        ({ name, parentSpanId, links }) =>
          name === 'RunActivity:lookAtCustomer' &&
          (parentSpanId === signal.spanId || links.includes(signal.spanId)),
      ),
    (found) => found.length > 0,
  );
  expect(answers).toHaveLength(1);
  return answers[0] as CollectedSpan;
}

test('one trace leads from the webhook over the signal and the activity to the request to Stripe and to the database', async () => {
  const webhook = await webhookOf('checkout.session.completed');
  expect(webhook).toMatchObject({
    service: 'durable-billing-api',
    name: 'POST /api/webhooks/stripe-test',
    attributes: {
      'http.route': '/api/webhooks/stripe-test',
      'http.response.status_code': 200,
      'billing.mode': 'test',
    },
  });
  const signal = await childOf(webhook, /^SignalWithStartWorkflow:customerBillingWorkflow$/);
  const workflowId = `customer-billing:test:${customer.stripeCustomerId}`;
  expect(signal.attributes).toMatchObject({ temporalWorkflowId: workflowId });
  const look = await lookFor(signal);
  expect(look).toMatchObject({
    service: 'durable-billing-worker',
    attributes: { temporalWorkflowId: workflowId },
  });
  expect(await childOf(look, /^Stripe GET \/v1\/customers\/:id$/)).toMatchObject({
    attributes: {
      'http.response.status_code': 200,
      'billing.mode': 'test',
      'stripe.request_id': expect.stringMatching(/^req_/) as unknown,
      'stripe.outcome': 'ok',
    },
  });
  expect(await childOf(look, /^SELECT users$/)).toMatchObject({
    attributes: { 'db.system.name': 'postgresql', 'db.collection.name': 'users' },
  });
});

test('a later event of the same workflow is answered for in its own trace, not in that of the event that started it', async () => {
  const before = collector.spans.length;
  await billGpuHour(service, customer);
  await settled(service, customer);
  const webhook = await webhookOf('invoice.paid');
  const first = await webhookOf('checkout.session.completed');
  expect(webhook.traceId).not.toBe(first.traceId);
  const look = await lookFor(await childOf(webhook, /^SignalWithStartWorkflow/));
  expect(look.traceId).not.toBe(first.traceId);
  const ofFirst = collector.spans.slice(before).filter(({ traceId }) => traceId === first.traceId);
  expect(ofFirst).toEqual([]);
});

test('what Temporal starts by itself has traces of its own: each bill one, from the activity on', async () => {
  const bill = collector.spans.find(({ name }) => name === 'RunActivity:invoiceBill') as CollectedSpan;
  expect(bill.parentSpanId).toBeUndefined();
  for (const route of [
    'POST /v1/invoices',
    'POST /v1/invoices/:id/add_lines',
    'POST /v1/invoices/:id/finalize',
  ])
    expect(childrenOf(bill).map(({ name }) => name)).toContain(`Stripe ${route}`);
});

test('no span holds a person, a card, a secret or a statement', async () => {
  await pastDueCustomer(service, 'test');
  const received = collector.received();
  for (const secret of [
    PERSON.email,
    'Lovelace',
    CARDS.good,
    CARDS.declinesCharges,
    ...Object.values(service.apiKeys),
    'sk_test',
    'whsec_',
    'where "',
    'cs_test_',
  ])
    expect(received).not.toContain(secret);
});
