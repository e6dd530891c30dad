import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Customer, subscribedCustomer, userOf } from '../../../chaos/world/customers.ts';
import { customerBillingWorkflowId } from '../../../domain/customer-workflow.ts';
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

const get = (path: string) => service.request('GET', `/api/admin/test/customers${path}`);
const post = (path: string, json: unknown, key: string = randomUUID()) =>
  service.request('POST', `/api/admin/test/customers${path}`, { json, headers: { 'idempotency-key': key } });

async function register(users: Record<string, { email: string; name: string }>): Promise<void> {
  for (const [user_id, user] of Object.entries(users)) {
    await service.billing.db
      .insertInto('users')
      .values({ mode: 'test', user_id, ...user })
      .execute();
  }
}

describe('the list of customers', () => {
  const found = async (query: string) => {
    const { status, body } = await get(`?${query}`);
    expect(status).toBe(200);
    return (body as { customers: { userId: string }[] }).customers.map(({ userId }) => userId);
  };

  test('finds by parts of id, e-mail and name in any case, and by cus_…', async () => {
    await register({
      'find-1': { email: 'grace@hopper.example', name: 'Grace Hopper' },
      'find-2': { email: '100%_sure@example.com', name: 'Ελένη Παπαδοπούλου' },
    });
    expect(await found('search=find-')).toEqual(['find-1', 'find-2']);
    expect(await found('search=IND-')).toEqual(['find-1', 'find-2']);
    expect(await found('search=HOPPER.ex')).toEqual(['find-1']);
    expect(await found('search=ace+hop')).toEqual(['find-1']);
    expect(await found(`search=${encodeURIComponent('ελένη')}`)).toEqual(['find-2']);
    // No character means anything but itself.
    expect(await found('search=0%25_s')).toEqual(['find-2']);
    expect(await found('search=%25')).toEqual(['find-2']);
    expect(await found(`search=${customer.stripeCustomerId}`)).toEqual([customer.userId]);
    expect(await found('search=cus_nobody')).toEqual([]);
  });

  test('is narrowed by status and by what is waited for', async () => {
    await register({
      'owes-1': { email: 'o@example.com', name: 'Owes' },
      'owes-2': { email: 'o@example.com', name: 'Owes' },
    });
    await service.billing.db
      .updateTable('users')
      .set({ status: 'past_due', waiting_for: 'payment' })
      .where('user_id', '=', 'owes-1')
      .execute();
    expect(await found('search=owes-&status=past_due')).toEqual(['owes-1']);
    expect(await found('search=owes-&status=none')).toEqual(['owes-2']);
    expect(await found('search=owes-&waitingFor=payment')).toEqual(['owes-1']);
    expect(await found('search=owes-&waitingFor=cluster')).toEqual([]);
    const refused = await get('?status=rich');
    expect(refused).toMatchObject({ status: 400, body: error('invalid_parameter', 'status') });
  });

  test('comes in pages that miss none and repeat none', async () => {
    const person = { email: 'p@example.com', name: 'Page' };
    await register(Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`page-${name}`, person])));
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const { body } = await get(`?search=page-&limit=2${next === '' ? '' : `&after=${next}`}`);
      const page = body as { customers: { userId: string }[]; next: string | null };
      seen.push(...page.customers.map(({ userId }) => userId));
      ({ next } = page);
    }
    expect(seen).toEqual(['page-a', 'page-b', 'page-c', 'page-d', 'page-e']);
    for (const limit of ['0', '201', 'many', '1.5']) {
      expect(await get(`?limit=${limit}`)).toMatchObject({
        status: 400,
        body: error('invalid_parameter', 'limit'),
      });
    }
  });

  test('is of one mode: another is no path, and the other has none of these', async () => {
    expect(await service.request('GET', '/api/admin/live/customers')).toMatchObject({
      status: 200,
      body: { customers: [], next: null },
    });
    expect(await service.request('GET', '/api/admin/both/customers')).toMatchObject({
      status: 404,
      body: error('not_found'),
    });
  });
});

describe('one customer', () => {
  test('is shown with what the database and their workflow say, and where to look at it', async () => {
    const { status, body } = await get(`/${customer.userId}`);
    expect(status).toBe(200);
    const { stripe_subscription_id: subscription } = await userOf(service.billing, customer);
    const workflowId = customerBillingWorkflowId('test', customer.stripeCustomerId);
    expect(body).toMatchObject({
      userId: customer.userId,
      stripeCustomerId: customer.stripeCustomerId,
      stripeSubscriptionId: subscription,
      status: 'active',
      owedCents: 0,
      creditsCents: 0,
      bills: [],
      disputes: [],
      state: { status: 'active', clusterId: 'cluster-test', parked: null },
      stateProblem: null,
      workflow: { id: workflowId, url: textLike(/^http:\/\/temporal\.example\/namespaces\/.+%3Acus_/) },
    });
    const { events } = body as { events: { type: string; appliedAt: string }[] };
    expect(events.map(({ type }) => type)).toContain('checkout.session.completed');
    const times = events.map(({ appliedAt }) => appliedAt);
    expect(times).toEqual(times.toSorted().toReversed());
  });

  test('who never began a Checkout has no workflow, and nothing can be decided about them', async () => {
    await register({ 'new-1': { email: 'n@example.com', name: 'New' } });
    expect(await get('/new-1')).toMatchObject({
      status: 200,
      body: { stripeCustomerId: null, state: null, stateProblem: textLike(/Checkout/), workflow: null },
    });
    expect(await post('/new-1/suspend', { reason: 'fraud', by: 'ops' })).toMatchObject({
      status: 409,
      body: error('no_stripe_customer', 'userId'),
    });
    expect(await get('/nobody')).toMatchObject({ status: 404, body: error('user_not_found', 'userId') });
  });

  test('is suspended and reactivated by name, and the decisions are listed', async () => {
    const someone = await subscribedCustomer(service.billing);
    const suspended = await post(`/${someone.userId}/suspend`, { reason: 'fraud', by: 'ops' });
    expect(suspended).toMatchObject({
      status: 200,
      body: { state: { status: 'suspended', waitingFor: 'operator' } },
    });
    expect(await post(`/${someone.userId}/reactivate`, { by: 'boss' })).toMatchObject({
      status: 200,
      body: { state: { status: 'active' } },
    });
    const { body } = await get(`/${someone.userId}`);
    expect(body).toMatchObject({
      decisions: [
        { type: 'reactivate', by: 'boss', until: null, reason: null },
        { type: 'suspend', by: 'ops', until: null, reason: 'fraud' },
      ],
    });
  });

  test('the same decision with the same key is carried out once; another customer may have the same key', async () => {
    const [one, other] = [
      await subscribedCustomer(service.billing),
      await subscribedCustomer(service.billing),
    ];
    const decision = { reason: 'fraud', by: 'ops' };
    for (const { userId } of [one, one, other])
      expect(await post(`/${userId}/suspend`, decision, 'k1')).toMatchObject({
        status: 200,
        body: { state: { status: 'suspended' } },
      });
    // Without the key it is a second decision, and makes no sense.
    expect(await post(`/${one.userId}/suspend`, decision)).toMatchObject({
      status: 409,
      body: { error: { code: 'decision_refused', message: textLike(/suspended already/) } },
    });
    const { body } = await get(`/${one.userId}`);
    expect((body as { decisions: unknown[] }).decisions).toHaveLength(1);
  });

  test('what makes no sense is refused in the words of the workflow, or before it is asked', async () => {
    const grace = (json: unknown) => post(`/${customer.userId}/extend-grace`, json);
    expect(await grace({ days: 7, by: 'ops' })).toMatchObject({
      status: 409,
      body: { error: { code: 'decision_refused', message: textLike(/owes nothing/) } },
    });
    expect(await grace({ days: 91, by: 'ops' })).toMatchObject({
      status: 400,
      body: error('invalid_parameter', 'days'),
    });
    expect(await grace({ days: 7 })).toMatchObject({ status: 400, body: error('invalid_parameter', 'by') });
    expect(await post(`/${customer.userId}/reactivate`, { by: 'ops', force: true })).toMatchObject({
      status: 400,
      body: error('invalid_parameter', 'force'),
    });
  });

  test('without a worker is shown as the database has them, and why nothing more is known', async () => {
    await worker.stop();
    try {
      const { status, body } = await get(`/${customer.userId}`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ status: 'active', state: null, stateProblem: textLike(/worker/) });
      expect(await post(`/${customer.userId}/suspend`, { reason: 'x', by: 'ops' })).toMatchObject({
        status: 503,
        body: error('worker_unavailable'),
      });
    } finally {
      worker = await service.billing.startWorker();
    }
  });
});
