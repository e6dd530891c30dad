import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Customer, eventsOf, stateOf, subscribedCustomer } from '../../../chaos/world/customers.ts';
import { eventually } from '../../../chaos/world/eventually.ts';
import { billGpuHour, userWithoutCustomer } from '../../../chaos/world/usage.ts';
import { TESTED_EVENT_TYPES, testEventId } from '../../../domain/webhook-test.ts';
import type { BillingWorker } from '../../../worker/worker.ts';
import { error, textLike } from '../harness.ts';
import { type AdminService, startAdminService } from './service.ts';

let service: AdminService;
let worker: BillingWorker;
let customer: Customer;
beforeAll(async () => {
  service = await startAdminService();
  worker = await service.billing.startWorker();
  customer = await subscribedCustomer(service.billing);
});
afterAll(() => service.stop());

const get = (path: string) => service.request('GET', `/api/admin/test${path}`);
const post = (path: string, json?: unknown) => service.request('POST', `/api/admin/test${path}`, { json });

interface Event {
  readonly eventId: string | null;
  readonly type: string | null;
  readonly outcome: string;
  readonly reason: string | null;
  readonly userId: string | null;
  readonly receivedAt: string;
  readonly verifiedAt: string | null;
  readonly signalledAt: string | null;
  readonly appliedAt: string | null;
  readonly workflow: unknown;
}

const events = async (query = '') =>
  (await get(`/events?limit=200${query}`)).body as { events: Event[]; next: string | null };

/** An event of the customer's, by its id, when it is written down. */
async function noted(eventId: string): Promise<Event> {
  const found = await eventually(
    `${eventId} to be noted`,
    async () => (await events()).events.find((event) => event.eventId === eventId) ?? null,
    (event) => event !== null,
  );
  if (found === null) throw new Error('never');
  return found;
}

describe('what came in', () => {
  test('is listed with what became of it and when, in order', async () => {
    const [{ id } = { id: '' }] = await eventsOf(service.billing, customer);
    const event = await noted(id);
    expect(event).toMatchObject({
      outcome: 'accepted',
      reason: null,
      userId: customer.userId,
      workflow: { url: textLike(/customer-billing/) },
    });
    const times = [event.receivedAt, event.verifiedAt, event.signalledAt].map(String);
    expect(times).toEqual(times.toSorted());
    expect(times).not.toContain('null');
    expect(event.appliedAt).not.toBeNull();
  });

  test('is narrowed by outcome and type, and comes in pages that miss none and repeat none', async () => {
    const all = (await events()).events;
    expect(all.length).toBeGreaterThan(2);
    const type = 'checkout.session.completed';
    const ofType = (await events(`&type=${type}`)).events;
    expect(ofType).toEqual(all.filter((event) => event.type === type));
    expect(ofType.length).toBeGreaterThan(0);
    expect((await events('&outcome=failed')).events).toEqual([]);
    const seen: Event[] = [];
    let next: string | null = '';
    while (next !== null) {
      const { body } = await get(`/events?limit=2${next === '' ? '' : `&after=${next}`}`);
      const page = body as { events: Event[]; next: string | null };
      seen.push(...page.events);
      ({ next } = page);
    }
    expect(seen).toEqual(all);
    expect(await get('/events?after=yesterday')).toMatchObject({
      status: 400,
      body: error('invalid_parameter', 'after'),
    });
  });

  test('is noted as refused when it is not signed, and nothing that it says is believed', async () => {
    const response = await fetch(`${service.billing.apiUrl}/api/webhooks/stripe-test`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': 't=1,v1=00' },
      body: JSON.stringify({ id: 'evt_forged', type: 'invoice.paid' }),
    });
    expect(response.status).toBe(400);
    const [refused] = (
      await eventually(
        'the refusal to be noted',
        () => events('&outcome=refused'),
        ({ events: found }) => found.length === 1,
      )
    ).events;
    expect(refused).toMatchObject({
      eventId: null,
      type: null,
      reason: 'invalid_signature',
      verifiedAt: null,
      workflow: null,
    });
  });
});

describe('an event that is handed on again', () => {
  test('is applied when its signal was lost with its workflow', async () => {
    const someone = await subscribedCustomer(service.billing);
    await worker.stop();
    const { body } = await post('/webhook-tests', {
      userId: someone.userId,
      type: 'payment_method.attached',
    });
    const { id } = body as { id: string };
    expect(await noted(id)).toMatchObject({ outcome: 'accepted', appliedAt: null });
    await service.billing.temporal.workflow
      .getHandle(`customer-billing:test:${someone.stripeCustomerId}`)
      .terminate('lost');
    worker = await service.billing.startWorker();

    expect(await post(`/events/${id}/replay`)).toMatchObject({
      status: 202,
      body: { signal: 'stripeEvent', workflow: { id: textLike(/^customer-billing:test:cus_/) } },
    });
    await eventually(
      'the event to be applied',
      () => noted(id),
      ({ appliedAt }) => appliedAt !== null,
    );
    // Now it would be a repetition, so the customer is looked at anew.
    expect(await post(`/events/${id}/replay`)).toMatchObject({
      status: 202,
      body: { signal: 'lookAgain' },
    });
  });

  test('must have come in', async () => {
    expect(await post('/events/evt_nobody/replay')).toMatchObject({
      status: 404,
      body: error('event_not_found', 'eventId'),
    });
    // The other world has none of these.
    const [{ id } = { id: '' }] = await eventsOf(service.billing, customer);
    expect(await service.request('POST', `/api/admin/live/events/${id}/replay`)).toMatchObject({
      status: 404,
    });
  });
});

describe('a test of the webhooks', () => {
  let before: number;
  beforeEach(async () => {
    before = (await stateOf(service.billing, customer)).appliedEvents;
  });

  interface Test {
    readonly state: string;
    readonly steps: { readonly step: string; readonly at: string | null }[];
  }

  test.each(TESTED_EVENT_TYPES)('%s goes from step to step', async (type) => {
    if (type === 'invoice.payment_succeeded') await billGpuHour(service.billing, customer);
    const sent = await post('/webhook-tests', { userId: customer.userId, type });
    expect(sent).toMatchObject({
      status: 202,
      body: { status: 200, problem: null, before: { status: 'active' } },
    });
    const { id } = sent.body as { id: string };
    expect(id).toMatch(/^evt_test_webhook_/);
    const done = await eventually(
      `${type} to be applied`,
      async () => (await get(`/webhook-tests/${id}`)).body as Test,
      ({ state }) => state === 'done',
    );
    expect(done).toMatchObject({
      type,
      userId: customer.userId,
      reason: null,
      // It is as Stripe has it, whatever the event says.
      standing: { status: 'active' },
      workflow: { id: `customer-billing:test:${customer.stripeCustomerId}` },
    });
    expect(done.steps.map(({ step }) => step)).toEqual([
      'sent',
      'received',
      'verified',
      'signalled',
      'applied',
    ]);
    const times = done.steps.map(({ at }) => String(at));
    expect(times).not.toContain('null');
    // The last is another process's: it may have applied the event before the api knew that Temporal had it.
    const ownTimes = times.slice(0, -1);
    expect(ownTimes).toEqual(ownTimes.toSorted());
    expect((await stateOf(service.billing, customer)).appliedEvents).toBeGreaterThan(before);
  });

  test('needs a user who has in Stripe what it is about', async () => {
    const { userId } = await userWithoutCustomer(service.billing);
    const send = (json: unknown) => post('/webhook-tests', json);
    const type = 'invoice.payment_failed';
    expect(await send({ userId, type })).toMatchObject({
      status: 409,
      body: error('no_stripe_customer', 'userId'),
    });
    expect(await send({ userId: 'nobody', type })).toMatchObject({ status: 404 });
    expect(await send({ userId, type: 'invoice.paid' })).toMatchObject({
      status: 400,
      body: error('invalid_parameter', 'type'),
    });
    const { userId: newcomer } = await subscribedCustomer(service.billing);
    expect(await send({ userId: newcomer, type })).toMatchObject({
      status: 409,
      body: { error: { code: 'nothing_to_test', message: textLike(/has no invoice/) } },
    });
  });

  test('is of test mode alone, and known by its own id alone', async () => {
    const live = await service.request('POST', '/api/admin/live/webhook-tests', { json: {} });
    expect(live).toMatchObject({ status: 404 });
    expect(await get(`/webhook-tests/evt_${randomUUID().replaceAll('-', '')}`)).toMatchObject({
      status: 404,
      body: error('event_not_found', 'eventId'),
    });
  });

  test('that never came in says so after a minute', async () => {
    const sent = async (agoMs: number) =>
      (await get(`/webhook-tests/${testEventId(new Date(Date.now() - agoMs), '0123456789ab')}`)).body;
    expect(await sent(1_000)).toMatchObject({ state: 'waiting', reason: null });
    expect(await sent(61_000)).toMatchObject({ state: 'failed', reason: 'not_received' });
  });
});
