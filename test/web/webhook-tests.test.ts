import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Customer, subscribedCustomer, userOf } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { billGpuHour, userWithoutCustomer } from '../../chaos/world/usage.ts';
import { saveReceipts } from '../../db/webhook-receipts.ts';
import { TESTED_EVENT_TYPES, testEventId } from '../../domain/webhook-test.ts';
import { tabPath } from '../../web/admin/tabs.ts';
import type { BillingWorker } from '../../worker/worker.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startBrowser } from '../support/chromium.ts';
import { startTestBilling } from '../workflows/service.ts';
import { postForm } from './forms.ts';
import { openAdminPage, type Site, startTestSite, type TestSite } from './harness.ts';
import { applied, aReceipt } from './story-events.ts';

const TESTS = tabPath('test-billing', 'webhook-tests');

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(() => browser.close());

const cardOf = (page: Page) => page.getByRole('article', { name: / for |Test event/ });
const stepsOf = async (page: Page) => await cardOf(page).getByRole('listitem').allTextContents();
/** `2026-11-03 09:30:00 UTC +12 ms` */
const WHEN = String.raw`^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC \+(\d+) ms `;

async function send(page: Page, userId: string, type: string): Promise<void> {
  await page.getByLabel('Customer').fill(userId);
  await page.getByLabel('Event', { exact: true }).selectOption(type);
  await page.getByRole('button', { name: 'Send the event' }).click();
}

describe('on a whole service', () => {
  let service: BillingService;
  let site: Site;
  let worker: BillingWorker;
  let customer: Customer;
  beforeAll(async () => {
    service = await startTestBilling();
    site = { url: service.apiUrl };
    worker = await service.startWorker();
    customer = await subscribedCustomer(service);
    await billGpuHour(service, customer);
  });
  afterAll(() => service.stop());

  test.each(TESTED_EVENT_TYPES)('%s goes through each step, in order, with its time', async (type) => {
    const page = await openAdminPage(browser, site);
    await send(page, customer.userId, type);
    expect(await page.getByRole('status').textContent()).toBe(
      'The event was sent, and the endpoint has taken it.',
    );
    const card = cardOf(page);
    await card.getByText('applied', { exact: true }).waitFor();
    expect(await card.getByRole('heading').textContent()).toBe(`${type} for ${customer.userId}`);
    const steps = await stepsOf(page);
    const words = ['Sent', 'Received', 'Verified', 'Signalled', 'Applied'];
    expect(steps).toHaveLength(words.length);
    for (const [index, word] of words.entries()) expect(steps[index]).toMatch(new RegExp(WHEN + word));
    const afterMs = steps.map((step) => Number(new RegExp(WHEN).exec(step)?.[1]));
    // The last is another process's: it may have applied the event before the api knew that Temporal had it.
    expect(afterMs.slice(0, -1)).toEqual(afterMs.slice(0, -1).toSorted((a, b) => a - b));
    expect(await card.textContent()).toContain('Effect: the customer stays active, since 20');
    expect(await card.getByRole('link', { name: 'Workflow' }).getAttribute('href')).toBe(
      `http://temporal.example/namespaces/${service.temporal.options.namespace}/workflows/customer-billing%3Atest%3A${customer.stripeCustomerId}`,
    );
    expect(await eventTypes()).toContain(type);
  });

  /** The types of the tests that had their effect. */
  const eventTypes = async (): Promise<string[]> => {
    const rows = await service.db
      .selectFrom('applied_stripe_events')
      .select('type')
      .where('event_id', 'like', 'evt_test_webhook_%')
      .execute();
    return rows.map(({ type }) => type);
  };

  test('shows what it has changed: where the customer stood before, and where it left them', async () => {
    await service.db
      .updateTable('users')
      .set({ status: 'past_due', status_reason: 'Somebody wrote this by hand.' })
      .where('user_id', '=', customer.userId)
      .execute();
    const page = await openAdminPage(browser, site);
    await send(page, customer.userId, 'customer.subscription.updated');
    await cardOf(page).getByText('the customer was past_due and is active').waitFor();
    expect((await userOf(service, customer)).status).toBe('active');
  });

  test('waits while no worker runs, says so, and goes on by itself when one does', async () => {
    await worker.stop();
    const page = await openAdminPage(browser, site);
    await send(page, customer.userId, 'payment_method.attached');
    const card = cardOf(page);
    await card.getByRole('progressbar', { name: 'Waits for a worker' }).waitFor();
    const steps = await stepsOf(page);
    for (const step of steps.slice(0, 4)) expect(step).toMatch(new RegExp(WHEN));
    expect(steps[4]).toMatch(/^not yet: Applied/);
    const health = card.getByRole('link', { name: 'Health' });
    expect(await health.getAttribute('href')).toBe(tabPath('health'));
    const workflow = card.getByRole('link', { name: 'Workflow' });
    await workflow.focus();
    // What is as it was is not sent again.
    const answer = await page.waitForResponse(/\/card\?/);
    expect(answer.status()).toBe(204);

    worker = await service.startWorker();
    await card.getByText('applied', { exact: true }).waitFor();
    expect(await workflow.evaluate((at) => at === document.activeElement)).toBe(true);
    let asked = 0;
    page.on('request', () => (asked += 1));
    await page.waitForTimeout(1_500);
    expect(asked).toBe(0);
  });

  test('works without JavaScript: each time the page is loaded it says how far it is', async () => {
    const page = await openAdminPage(browser, site, { javaScriptEnabled: false });
    await send(page, customer.userId, 'checkout.session.completed');
    await eventually(
      'the page to say that it was applied',
      async () => {
        await page.reload();
        return await stepsOf(page);
      },
      ([, , , , last]) => new RegExp(`${WHEN}Applied`).test(last ?? ''),
    );
    expect(await cardOf(page).textContent()).toContain('the customer stays active');
  });

  test('is refused in words, and the form keeps what was chosen', async () => {
    const { userId: stranger } = await userWithoutCustomer(service);
    const { userId: newcomer } = await subscribedCustomer(service);
    const page = await openAdminPage(browser, site);
    for (const [userId, complaint] of [
      [stranger, /has no Stripe customer|Checkout/],
      [newcomer, /has no invoice: close a month in which they used something\.$/],
      ['nobody', /nobody/],
      ['no body', /^Customer: must be 1 to 128/],
    ] as const) {
      await page.goto(tabPath('test-billing'));
      await send(page, userId, 'invoice.payment_failed');
      expect(await page.getByRole('alert').textContent()).toMatch(complaint);
      expect(await page.getByLabel('Customer').inputValue()).toBe(userId);
      expect(await page.getByLabel('Event', { exact: true }).inputValue()).toBe('invoice.payment_failed');
      expect(await page.getByRole('article').count()).toBe(0);
    }
    const answer = await postForm(page, TESTS, { userId: customer.userId, type: 'invoice.paid' });
    expect(answer.status()).toBe(400);
    expect(await answer.text()).toContain('Event: must be one of checkout.session.completed,');
  });

  test.each([
    ['without a token', null],
    ['with another token', 'guessed'],
  ])('nothing is sent %s', async (_how, token) => {
    const page = await openAdminPage(browser, site);
    const fields = { userId: customer.userId, type: 'customer.subscription.deleted' };
    expect((await postForm(page, TESTS, fields, token)).status()).toBe(403);
    // What had been sent would be applied before this, which comes after it.
    await send(page, customer.userId, 'customer.subscription.created');
    await cardOf(page).getByText('applied', { exact: true }).waitFor();
    const deleted = (await eventTypes()).filter((type) => type === fields.type);
    expect(deleted).toHaveLength(1);
  });
});

describe('as it shows', () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await startTestSite();
  });
  afterAll(() => site.close());

  const aTest = (agoMs = 1_000) => testEventId(new Date(Date.now() - agoMs), '0123456789ab');

  test('where the endpoint has no secret, nothing can be sent, and the form says what to set', async () => {
    const page = await openAdminPage(browser, site);
    await send(page, 'ada', 'invoice.payment_failed');
    expect(await page.getByRole('alert').textContent()).toBe(
      'Webhooks of test mode are not set up here: set STRIPE_TEST_WEBHOOK_SECRET.',
    );
  });

  test('one that was not accepted says why, and does not ask again', async () => {
    const id = aTest();
    await saveReceipts(site.db, [
      aReceipt({
        mode: 'test',
        eventId: id,
        outcome: 'failed',
        reason: 'temporal_unavailable',
        signalledAt: null,
      }),
    ]);
    const page = await openAdminPage(browser, site);
    for (const [shown, why] of [
      [id, 'Temporal did not answer.'],
      [aTest(61_000), 'It never came in'],
    ] as const) {
      await page.goto(`${TESTS}/${shown}`);
      expect(await cardOf(page).textContent()).toContain('not accepted');
      expect(await cardOf(page).textContent()).toContain(why);
      expect(await page.locator('[hx-trigger^="every"]').count()).toBe(0);
    }
  });

  test('what is no test of ours is not there', async () => {
    const page = await openAdminPage(browser, site);
    const answer = await page.goto(`${TESTS}/evt_1SPq6g`);
    expect(answer?.status()).toBe(404);
    expect(await page.getByRole('main').textContent()).toContain('No event "evt_1SPq6g" came in here');
  });

  test("shows somebody else's text as text", async () => {
    const evil = '"><script>document.title = "owned"</script><img src=x onerror=alert(1)>';
    const stripeCustomerId = `cus_${evil}`;
    const [done, failed] = [aTest(2_000), aTest(3_000)];
    const receipt = aReceipt({
      mode: 'test',
      eventId: done,
      stripeCustomerId,
      type: 'invoice.payment_failed',
    });
    const other = aReceipt({ mode: 'test', eventId: failed, type: evil, outcome: 'failed', reason: evil });
    await saveReceipts(site.db, [receipt, other]);
    await applied(site.db, receipt);
    await site.db
      .insertInto('users')
      .values({
        mode: 'test',
        user_id: evil,
        email: evil,
        name: evil,
        stripe_customer_id: stripeCustomerId,
        status_reason: evil,
      })
      .execute();
    const page = await openAdminPage(browser, site);
    // The user, and where the event left them; the type, and the reason.
    for (const id of [done, failed]) {
      await page.goto(`${TESTS}/${id}?before=${encodeURIComponent(evil)}`);
      expect(await cardOf(page).getByText(evil).count()).toBe(2);
      expect(await page.title()).toBe('Test webhook processing · Durable Billing');
      expect(await page.locator('img[src="x"]').count()).toBe(0);
    }
  });
});
