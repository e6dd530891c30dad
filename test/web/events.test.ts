import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RECEIPTS_KEPT_DAYS, saveReceipts } from '../../db/webhook-receipts.ts';
import { tabPath } from '../../web/admin/tabs.ts';
import { startBrowser } from '../support/chromium.ts';
import { postForm } from './forms.ts';
import { openAdminPage, startTestSite, type TestSite } from './harness.ts';
import { applied, aReceipt } from './story-events.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(() => browser.close());

const rowOf = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });

describe('the list', () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await startTestSite();
  });
  afterAll(() => site.close());
  afterEach(async () => {
    await site.db.deleteFrom('webhook_receipts').execute();
  });

  test('says of what was not accepted why, in words, and offers no replay of what takes no effect', async () => {
    const unsigned = { eventId: null, type: null, envelope: null, stripeCustomerId: null };
    await saveReceipts(site.db, [
      aReceipt({ eventId: 'evt_ignored', type: 'customer.updated', outcome: 'ignored', reason: 'type' }),
      aReceipt({ ...unsigned, outcome: 'refused', reason: 'invalid_signature' }),
      aReceipt({ eventId: 'evt_other', outcome: 'refused', reason: 'wrong_mode' }),
      aReceipt({ eventId: 'evt_failed', outcome: 'failed', reason: 'temporal_unavailable' }),
      aReceipt({ eventId: 'evt_new', outcome: 'failed', reason: 'a_code_of_tomorrow' }),
    ]);
    const page = await openAdminPage(browser, site);
    await page.goto(tabPath('events'));
    const words = {
      evt_ignored: 'ignoredEvents of this type take no effect here.',
      unknown: 'refusedIts signature is not by the secret of this endpoint.',
      evt_other: 'refusedIt is of the other mode.',
      evt_failed: 'failedTemporal did not answer. Stripe sends it again.',
      evt_new: 'faileda_code_of_tomorrow',
    };
    for (const [event, sentence] of Object.entries(words))
      expect(await rowOf(page, event).textContent()).toContain(sentence);
    const names = await page
      .getByRole('button', { name: /^Replay/ })
      .evaluateAll((buttons) => buttons.map((button) => button.getAttribute('aria-label')));
    expect(new Set(names)).toEqual(new Set(['Replay evt_failed', 'Replay evt_new']));
  });

  test.each([
    [
      'takes no effect',
      'evt_ignored',
      'evt_ignored is of a type that takes no effect here (customer.updated).',
    ],
    ['is a test purchase', 'evt_paid', 'evt_paid is of a test purchase, which asks Stripe itself.'],
    ['was refused', 'evt_other', 'evt_other was refused (wrong_mode).'],
    [
      'never came in',
      'evt_none',
      `No event "evt_none" came in here in the last ${RECEIPTS_KEPT_DAYS} days (live mode).`,
    ],
    ['is none', 'evt-', /eventId: must be the id of an event/],
  ])('an event that %s is not handed on, and the page says why', async (_what, eventId, sentence) => {
    await saveReceipts(site.db, [
      aReceipt({ eventId: 'evt_ignored', type: 'customer.updated', outcome: 'ignored', reason: 'type' }),
      aReceipt({ eventId: 'evt_paid', type: 'payment_intent.succeeded' }),
      aReceipt({ eventId: 'evt_other', outcome: 'refused', reason: 'wrong_mode' }),
    ]);
    const page = await openAdminPage(browser, site);
    const answer = await postForm(page, tabPath('events', 'live', eventId, 'replay'), {});
    expect(answer.headers()['location']).toBe(`${tabPath('events')}?mode=live`);
    await page.goto(tabPath('events'));
    const flash = await page.getByRole('status').textContent();
    if (typeof sentence === 'string') expect(flash).toBe(sentence);
    else expect(flash).toMatch(sentence);
  });

  test('is narrowed by outcome and type, without JavaScript, and a replay comes back to it', async () => {
    await saveReceipts(site.db, [
      aReceipt({ eventId: 'evt_a' }),
      aReceipt({ eventId: 'evt_b', type: 'invoice.payment_failed' }),
      aReceipt({ eventId: 'evt_c', outcome: 'failed', reason: 'temporal_unavailable' }),
      aReceipt({ eventId: 'evt_test', mode: 'test' }),
    ]);
    const page = await openAdminPage(browser, site, { javaScriptEnabled: false });
    await page.goto(tabPath('events'));
    expect(await page.getByRole('row').count()).toBe(1 + 3);
    await page.getByLabel('Outcome').selectOption('accepted');
    await page.getByLabel('Type').fill('invoice.paid');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.waitForURL(/outcome=accepted&type=invoice.paid$/);
    expect(await page.getByRole('row').count()).toBe(1 + 1);
    expect(await rowOf(page, 'evt_a').count()).toBe(1);
    expect(await page.getByLabel('Outcome').inputValue()).toBe('accepted');
    expect(await page.getByLabel('Type').inputValue()).toBe('invoice.paid');

    await page.getByRole('button', { name: 'Replay evt_a' }).click();
    expect(await page.getByRole('status').textContent()).toContain('handed to its workflow');
    expect(await page.getByRole('row').count()).toBe(1 + 1);

    await page.getByLabel('Type').fill('customer.deleted');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('No event is like this.').waitFor();
    await page.getByRole('link', { name: 'Show all' }).click();
    await page.waitForURL(/\?mode=live$/);
    expect(await page.getByRole('row').count()).toBe(1 + 3);
    await page.getByRole('link', { name: 'Test', exact: true }).click();
    await rowOf(page, 'evt_test').waitFor();
  });

  test('comes in pages that miss none and repeat none', async () => {
    const ids = Array.from({ length: 120 }, (_, index) => `evt_${String(index).padStart(3, '0')}`);
    await saveReceipts(
      site.db,
      ids.map((eventId, index) => aReceipt({ eventId, receivedAt: new Date(Date.now() - index * 1_000) })),
    );
    const page = await openAdminPage(browser, site);
    await page.goto(`${tabPath('events')}?outcome=accepted`);
    const seen: string[] = [];
    for (;;) {
      const rows = await page.getByRole('row').allTextContents();
      seen.push(...rows.map((row) => /evt_\d+/.exec(row)?.[0] ?? '').filter((id) => id !== ''));
      const older = page.getByRole('link', { name: 'Older' });
      if ((await older.count()) === 0) break;
      const next = (await older.getAttribute('href')) ?? '';
      expect(next).toContain('outcome=accepted');
      await older.click();
      await page.waitForURL((url) => url.pathname + url.search === next);
    }
    expect(seen).toEqual(ids);
    await page.getByRole('link', { name: 'Newest' }).click();
    await rowOf(page, 'evt_000').waitFor();
  });

  test('that is empty says how events come to be, with the address of each endpoint', async () => {
    const page = await openAdminPage(browser, site);
    for (const [mode, endpoint] of [
      ['live', 'stripe'],
      ['test', 'stripe-test'],
    ] as const) {
      await page.goto(`${tabPath('events')}?mode=${mode}`);
      const text = await page.getByRole('main').textContent();
      expect(text).toContain('No event has come in yet.');
      expect(text).toContain(`stripe listen --forward-to ${site.url}/api/webhooks/${endpoint} brings`);
    }
    await page.getByRole('link', { name: 'send one yourself' }).click();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Test webhook processing');
  });

  test('that nobody can be shown says why', async () => {
    const page = await openAdminPage(browser, site);
    const answer = await page.goto(`${tabPath('events')}?outcome=lost`);
    expect(answer?.status()).toBe(400);
    expect(await page.getByRole('main').textContent()).toContain('outcome:');
  });

  test("shows somebody else's text as text", async () => {
    const evil = '"><script>document.title = "owned"</script><img src=x onerror=alert(1)>';
    const receipt = aReceipt({
      eventId: `evt_${evil}`,
      type: `invoice.paid${evil}`,
      stripeCustomerId: `cus_${evil}`,
      envelope: { eventId: `evt_${evil}`, type: 'x', objectId: `in_${evil}`, created: 0 },
    });
    const handled = aReceipt({ eventId: 'evt_1', stripeCustomerId: `cus_${evil}` });
    const failed = aReceipt({ eventId: 'evt_2', outcome: 'failed', reason: evil });
    await saveReceipts(site.db, [receipt, handled, failed]);
    await site.db
      .insertInto('users')
      .values({ mode: 'live', user_id: evil, email: evil, name: evil, stripe_customer_id: `cus_${evil}` })
      .execute();
    await applied(site.db, handled);
    const page = await openAdminPage(browser, site);
    await page.goto(tabPath('events'));
    // The type, the object, the event, the reason; twice the user, and once the workflow.
    expect(await page.locator('td').getByText(evil).count()).toBeGreaterThanOrEqual(7);
    await page.goto(`${tabPath('events')}?type=${encodeURIComponent(evil)}`);
    expect(await page.getByLabel('Type').inputValue()).toBe(evil);
    expect(await page.title()).toBe('Events · Durable Billing');
    expect(await page.locator('img[src="x"]').count()).toBe(0);
  });
});
