import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newCustomer, PERSON } from '../../chaos/world/customers.ts';
import { findUser } from '../../db/users.ts';
import { customerBillingWorkflowId } from '../../domain/customer-workflow.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from '../workflows/service.ts';
import { type Answer, requestTo } from './harness.ts';

let billing: BillingService;
beforeAll(async () => {
  billing = await startTestBilling();
  await billing.startWorker();
});
afterAll(() => billing.stop());

const BACK = 'https://host.example/account';

async function ask(userId: string, json: unknown = { returnUrl: BACK }): Promise<Answer> {
  return await requestTo(billing.apiUrl, 'POST', `/api/users/${userId}/billing-portal-sessions`, {
    headers: { authorization: `Bearer ${billing.apiKeys.test}` },
    body: JSON.stringify(json),
  });
}

test("opens a page of Stripe's for this customer, from which the way leads back", async () => {
  const { userId } = await newCustomer(billing, 'test');
  const answer = await ask(userId);
  expect(answer.status).toBe(201);
  const { url } = answer.body as { readonly url: string };
  const page = await fetch(url);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain(BACK);
  // Each time another: the last one may be over.
  expect((await ask(userId)).body).not.toEqual(answer.body);
});

test('a user whom Stripe does not know yet becomes a customer with it', async () => {
  const userId = `user-${randomUUID()}`;
  await requestTo(billing.apiUrl, 'PUT', `/api/users/${userId}`, {
    headers: { authorization: `Bearer ${billing.apiKeys.test}` },
    body: JSON.stringify(PERSON),
  });
  expect(await ask(userId)).toMatchObject({ status: 201 });
  expect((await findUser(billing.db, 'test', userId))?.stripe_customer_id).toMatch(/^cus_/);
});

test('nobody whom we do not know, and no page that is none', async () => {
  expect(await ask('nobody')).toMatchObject({ status: 404, body: { error: { code: 'user_not_found' } } });
  const { userId } = await newCustomer(billing, 'test');
  expect(await ask(userId, { returnUrl: 'javascript:alert(1)' })).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_parameter', param: 'returnUrl' } },
  });
});

test('what Stripe refuses is said, with the request for its support; the customer goes on', async () => {
  const { userId, stripeCustomerId } = await newCustomer(billing, 'test');
  await billing.stripe.test.customers.del(stripeCustomerId);
  const answer = await ask(userId);
  expect(answer).toMatchObject({ status: 502, body: { error: { code: 'stripe_refused' } } });
  expect(JSON.stringify(answer.body)).toMatch(/req_\w+/);
  expect(JSON.stringify(answer.body)).toContain('register the user under another id');
  const workflow = billing.temporal.workflow.getHandle(customerBillingWorkflowId('test', stripeCustomerId));
  expect(await workflow.describe()).toMatchObject({ status: { name: 'RUNNING' } });
});
