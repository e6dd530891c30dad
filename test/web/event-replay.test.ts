import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  type Customer,
  callApi,
  eventsOf,
  subscribedCustomer,
  workflowOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { tabPath } from '../../web/admin/tabs.ts';
import type { BillingWorker } from '../../worker/worker.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startBrowser } from '../support/chromium.ts';
import { startTestBilling } from '../workflows/service.ts';
import { postForm } from './forms.ts';
import { openAdminPage, type Site } from './harness.ts';

const TEST_EVENTS = `${tabPath('events')}?mode=test`;

let browser: Browser;
let service: BillingService;
let site: Site;
let worker: BillingWorker;
let customer: Customer;
beforeAll(async () => {
  browser = await startBrowser();
  service = await startTestBilling();
  site = { url: service.apiUrl };
  worker = await service.startWorker();
  customer = await subscribedCustomer(service);
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  await service.stop();
});

const rowOf = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });

/** How often a customer's workflow was told so. */
const told = async (signal: string, whom: Customer = customer): Promise<number> => {
  const { events } = await workflowOf(service, whom).fetchHistory();
  return (events ?? []).filter(
    ({ workflowExecutionSignaledEventAttributes: signalled }) => signalled?.signalName === signal,
  ).length;
};

/** Once the workflow was told so again: it was told once. */
const toldOnceMore = async (signal: string, before: number): Promise<void> => {
  const times = await eventually(
    `${signal} to be told`,
    () => told(signal),
    (times) => times > before,
  );
  expect(times).toBe(before + 1);
};

/** The tab once it lists an event: what came in is noted a second later. */
const openEvents = async (eventId: string, options = {}): Promise<Page> => {
  const page = await openAdminPage(browser, site, options);
  await eventually(
    `${eventId} to be listed`,
    async () => {
      await page.goto(TEST_EVENTS);
      return await rowOf(page, eventId).count();
    },
    (rows) => rows === 1,
  );
  return page;
};

const checkoutEvent = async (whom: Customer = customer): Promise<string> => {
  const events = await eventsOf(service, whom);
  return events.find(({ type }) => type === 'checkout.session.completed')?.id ?? '';
};

test('an event says what became of it and when, and leads to its customer and workflow', async () => {
  const eventId = await checkoutEvent();
  const page = await openEvents(eventId);
  const row = rowOf(page, eventId);
  const text = await row.textContent();
  expect(text).toContain('checkout.session.completed');
  expect(text).toMatch(/cs_test_\w+/);
  expect(text).toMatch(/acceptedapplied 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  expect(await row.getByRole('link', { name: customer.userId }).getAttribute('href')).toBe(
    tabPath('customers', 'test', customer.userId),
  );
  expect(await row.getByRole('link', { name: customer.stripeCustomerId }).getAttribute('href')).toBe(
    `http://temporal.example/namespaces/${service.temporal.options.namespace}/workflows/customer-billing%3Atest%3A${customer.stripeCustomerId}`,
  );
});

test.each([true, false])(
  'one that was applied has its customer looked at again (JavaScript: %s)',
  async (javaScriptEnabled) => {
    const eventId = await checkoutEvent();
    const before = await told('lookAgain');
    const page = await openEvents(eventId, { javaScriptEnabled });
    await page.getByRole('button', { name: `Replay ${eventId}` }).click();
    expect(await page.getByRole('status').textContent()).toBe(
      `${eventId} was applied before, so its customer is looked at again.`,
    );
    expect(page.url()).toBe(`${site.url}${TEST_EVENTS}`);
    await toldOnceMore('lookAgain', before);
  },
);

test('one whose signal was lost with its workflow is handed on again, and applied', async () => {
  const someone = await subscribedCustomer(service);
  await worker.stop();
  const json = { userId: someone.userId, type: 'payment_method.attached' };
  const { id } = await callApi<{ id: string }>(service, 'test', 'POST', '/api/admin/test/webhook-tests', {
    body: json,
  });
  const page = await openEvents(id);
  expect(await rowOf(page, id).textContent()).toContain('not applied yet');
  await workflowOf(service, someone).terminate('lost');
  worker = await service.startWorker();

  await page.getByRole('button', { name: `Replay ${id}` }).click();
  expect(await page.getByRole('status').textContent()).toBe(`${id} was handed to its workflow again.`);
  await eventually(
    'the page to say that it was applied',
    async () => {
      await page.reload();
      return await rowOf(page, id).textContent();
    },
    (text) => /acceptedapplied 20/.test(text ?? ''),
  );
});

test.each([
  ['without a token', null],
  ['with another token', 'guessed'],
])('nothing is handed on %s', async (_how, token) => {
  const eventId = await checkoutEvent();
  const before = await told('lookAgain');
  const page = await openEvents(eventId);
  const path = tabPath('events', 'test', eventId, 'replay');
  expect((await postForm(page, path, {}, token)).status()).toBe(403);
  // It is the token that is missing, and nothing else.
  expect((await postForm(page, path, {})).status()).toBe(303);
  await toldOnceMore('lookAgain', before);
});
