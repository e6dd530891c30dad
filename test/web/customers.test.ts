import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { saveDispute } from '../../db/disputes.ts';
import { registerUser } from '../../db/users.ts';
import { tabPath } from '../../web/admin/tabs.ts';
import { AUGUST } from '../db/fixtures.ts';
import { startBrowser } from '../support/chromium.ts';
import { openAdminPage, startTestSite, TEMPORAL_UI_URL, type TestSite } from './harness.ts';
import { tellStory } from './story.ts';

const LIST = `${tabPath('customers')}?mode=test`;
const GRACE = tabPath('customers', 'test', 'grace');

let browser: Browser;
/** With the customers of the story, and with nobody. */
let site: TestSite;
let empty: TestSite;

beforeAll(async () => {
  browser = await startBrowser();
  site = await startTestSite();
  await tellStory(site.db);
  empty = await startTestSite();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  await site.close();
  await empty.close();
});

/** The cells of a table, row by row, without its head. */
async function cells(page: Page, name: string): Promise<string[][]> {
  const rows = await page.getByRole('region', { name, exact: true }).locator('tbody tr').all();
  return await Promise.all(rows.map((row) => row.getByRole('cell').allTextContents()));
}

/** Who is listed. */
const listed = (page: Page) => page.locator('tbody tr td:first-child a').allTextContents();

describe('the list', () => {
  test('shows where each customer of a mode stands, with their page and their workflow', async () => {
    const page = await openAdminPage(browser, site);
    await page.goto(LIST);
    const rows = await cells(page, 'Customers of test mode');
    expect(rows[1]).toEqual([
      'graceGrace Hoppergrace@example.com',
      'past_duewaits for a payment',
      '2026-11-01 00:04:00 UTC',
      '$1,409.21',
      'cluster-eu-1',
      'cus_grace',
    ]);
    expect(await page.getByRole('link', { name: 'cus_grace' }).getAttribute('href')).toBe(
      `${TEMPORAL_UI_URL}/namespaces/${site.namespace}/workflows/customer-billing%3Atest%3Acus_grace`,
    );
    await page.getByRole('link', { name: 'grace', exact: true }).click();
    await page.waitForURL(`**${GRACE}`);
    await page.getByRole('link', { name: 'All customers of test mode' }).click();
    await page.getByRole('region', { name: 'Customers of test mode' }).waitFor();

    // In the other mode nobody has begun anything.
    await page.getByRole('link', { name: 'Live' }).click();
    await page.getByRole('region', { name: 'Customers of live mode' }).waitFor();
    expect((await cells(page, 'Customers of live mode'))[1]).toEqual([
      'graceGrace Hoppergrace@example.com',
      'none',
      expect.stringMatching(/UTC$/),
      '$0.00',
      'none',
      'none yet',
    ]);
  });

  test('finds by a part of an id, name or e-mail, and by the Stripe customer', async () => {
    const page = await openAdminPage(browser, site);
    await page.goto(LIST);
    const field = page.getByRole('searchbox', { name: 'Search' });
    for (const [search, found] of [
      ['race', ['grace']],
      ['LOVELACE', ['ada']],
      ['mary@ex', ['mary']],
      ['cus_ada', ['ada']],
      ['example.com', ['ada', 'grace', 'mary']],
    ] as const) {
      await field.fill(search);
      await page.getByRole('button', { name: 'Search' }).click();
      await page.waitForURL((url) => url.searchParams.get('search') === search);
      expect(await listed(page), search).toEqual(found);
      expect(await field.inputValue()).toBe(search);
    }
  });

  test('is narrowed by status and by what is waited for, also without JavaScript', async () => {
    const page = await openAdminPage(browser, site, { javaScriptEnabled: false });
    await page.goto(LIST);
    await page.getByLabel('Status').selectOption('suspended');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL(/status=suspended/);
    expect(await listed(page)).toEqual(['mary']);
    await page.getByLabel('Waits for').selectOption({ label: 'a payment' });
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL(/waitingFor=payment/);
    expect(await listed(page)).toEqual([]);
    expect(await page.getByRole('main').textContent()).toContain('Nobody fits.');
    await page.getByRole('link', { name: 'clear the search', exact: true }).click();
    await page.waitForURL(`**${LIST}`);
    expect(await listed(page)).toEqual(['ada', 'grace', 'mary']);
  });

  test('goes on with the next page, within what was looked for', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `page-${String(index).padStart(2, '0')}`);
    for (const userId of ids)
      await registerUser(site.db, { mode: 'live', userId, email: 'p@example.com', name: 'Page' });
    const page = await openAdminPage(browser, site);
    await page.goto(`${tabPath('customers')}?search=page-`);
    const first = await listed(page);
    await page.getByRole('link', { name: 'Next page' }).click();
    await page.waitForURL(/after=/);
    expect([...first, ...(await listed(page))]).toEqual(ids);
    expect(await page.getByRole('link', { name: 'Next page' }).count()).toBe(0);
    await page.getByRole('link', { name: 'First page' }).click();
    await page.waitForURL((url) => !url.searchParams.has('after'));
    expect(await listed(page)).toEqual(first);
  });

  test('says what to do when there is nobody, and refuses what is no filter', async () => {
    const page = await openAdminPage(browser, empty);
    await page.goto(LIST);
    const main = await page.getByRole('main').textContent();
    expect(main).toContain('Nobody is registered in test mode yet.');
    expect(main).toContain('PUT /api/users/USER');
    expect((await page.goto(`${LIST}&status=rich`))?.status()).toBe(400);
  });
});

describe('the page of a customer', () => {
  test('says in words where they stand, and all that is known of it', async () => {
    const page = await openAdminPage(browser, site);
    await page.goto(GRACE);
    const state = page.getByRole('article').first();
    const facts = await state.locator('.facts > div').allTextContents();
    expect(await state.locator('header').textContent()).toContain('has access until the grace period ends.');
    expect(facts).toEqual([
      'WhyA bill is unpaid; access ends with the grace period.',
      'Because ofin_1SPq4c',
      'Since2026-11-01 00:04:00 UTC',
      'Waits fora payment',
      'Grace period ends2026-12-06 00:04:00 UTC',
      'Owes$1,409.21',
      'Clustercluster-eu-1',
      'Workflowcus_grace',
      'Subscriptionsub_grace',
      'Payment methodpm_1SPq2x',
    ]);
    expect(await state.getByText('There is no such workflow').count()).toBe(1);
    expect(await page.getByRole('link', { name: 'cus_grace' }).getAttribute('href')).toContain(
      '/workflows/customer-billing%3Atest%3Acus_grace',
    );
  });

  test('has bills, credits, disputes and the history, without JavaScript too', async () => {
    const page = await openAdminPage(browser, site, { javaScriptEnabled: false });
    await page.goto(GRACE);
    const of = (month: string, next: string) => `2026-${month}computed 2026-${next}-01 00:02:00 UTC`;
    expect(await cells(page, 'Bills')).toEqual([
      [of('10', '11'), 'payment failed', '$1,409.21', '$0.00', '$0.00', 'in_1SPq4c'],
      [of('09', '10'), 'parkedNo such customer (req_8Hq2).', '$8.30', '$0.00', '$0.00', 'none yet'],
      [of('08', '09'), 'paid', '$120.34', '$0.00', '$0.00', 'in_1SPq4a'],
    ]);
    expect(await page.getByRole('link', { name: 'in_1SPq4c' }).getAttribute('href')).toBe(
      'https://invoice.stripe.com/i/test',
    );
    expect(await cells(page, 'Credits')).toEqual([['Purchase', 'cs_test_grace', 'never', '$25.00']]);
    expect(await cells(page, 'Disputes')).toEqual([
      ['dp_1SPq6f', 'needs_response', '2026-12-09 23:59:00 UTC', '$120.34'],
    ]);
    expect(await cells(page, 'History')).toEqual([
      ['2026-11-04 08:05:00 UTC', 'grace period extended', 'Katherine', 'until 2026-12-06 00:04:00 UTC'],
      ['2026-11-03 09:30:03 UTC', 'invoice.payment_failedevt_3', 'Stripe', 'in_1SPq4c'],
      ['2026-11-02 16:40:00 UTC', 'reactivated', 'Dorothy', ''],
      ['2026-11-02 10:15:00 UTC', 'suspended', 'Dorothy', 'A chargeback; wrote to her.'],
    ]);
  });

  test('of a user whom Stripe does not know says what comes first, and offers no decision', async () => {
    const page = await openAdminPage(browser, site);
    await registerUser(site.db, { mode: 'live', userId: 'new', email: 'new@example.com', name: 'New' });
    await page.goto(tabPath('customers', 'live', 'new'));
    const main = page.getByRole('main');
    expect(await main.getByText('They never began a Checkout, so there is no workflow').count()).toBe(1);
    expect(await main.textContent()).toContain('POST /api/users/USER/checkout-sessions');
    for (const words of ['No bill yet.', 'No credits are left.', 'No event of theirs has had an effect yet.'])
      expect(await main.textContent()).toContain(words);
    expect(await main.locator('form').count()).toBe(0);
  });

  test('is none for whom nobody has registered, or in no mode', async () => {
    const page = await openAdminPage(browser, site);
    expect((await page.goto(tabPath('customers', 'test', 'nobody')))?.status()).toBe(404);
    expect(await page.getByRole('main').textContent()).toContain(
      'No user "nobody" is registered in test mode',
    );
    expect((await page.goto(tabPath('customers', 'both', 'grace')))?.status()).toBe(404);
  });
});

test("somebody else's text shows as text wherever it stands", async () => {
  const evil = '"><script>document.title = "owned"</script><img src=x onerror=alert(1)>';
  const key = { mode: 'test', user_id: 'eve' } as const;
  const { db } = empty;
  await registerUser(db, { mode: 'test', userId: 'eve', email: `${evil}@example.com`, name: evil });
  await db
    .updateTable('users')
    .set({
      stripe_customer_id: `cus_${evil}`,
      stripe_subscription_id: evil,
      default_payment_method_id: evil,
      status: 'suspended',
      waiting_for: 'operator',
      status_reason: `Suspended by ${evil}: ${evil}`,
      status_object_id: evil,
    })
    .where('user_id', '=', 'eve')
    .execute();
  await db
    .insertInto('bills')
    .values({
      ...key,
      period: AUGUST,
      status: 'parked',
      total_cents: 1,
      credits_applied_cents: 0,
      stripe_invoice_id: evil,
      // As a link it would be a script.
      hosted_invoice_url: 'javascript:document.title="owned"',
      problem: evil,
    })
    .execute();
  await db
    .insertInto('operator_decisions')
    .values({
      ...key,
      decision_id: 'd',
      type: 'suspend',
      decided_by: evil,
      details: JSON.stringify({ reason: evil }),
    })
    .execute();
  await db
    .insertInto('applied_stripe_events')
    .values({ mode: 'test', event_id: evil, stripe_customer_id: `cus_${evil}`, type: evil, object_id: evil })
    .execute();
  await saveDispute(db, {
    mode: 'test',
    userId: 'eve',
    id: evil,
    stripeChargeId: 'ch_1',
    status: evil,
    amountCents: 1,
    dueByMs: null,
  });
  await db
    .insertInto('credit_entries')
    .values({ ...key, amount_cents: 1, cause: `bill:${evil}`, lot: `bill:${evil}` })
    .execute();

  const page = await openAdminPage(browser, empty);
  for (const [address, title, times] of [
    [`${LIST}&search=${encodeURIComponent(evil)}`, 'Customers', 3],
    [tabPath('customers', 'test', 'eve'), evil, 15],
  ] as const) {
    await page.goto(address);
    expect(await page.title()).toBe(`${title} · Durable Billing`);
    const text = await page.getByRole('main').textContent();
    expect(text?.split(evil).length).toBeGreaterThan(times);
    expect(await page.locator('img[src="x"], main script, a[href^="javascript"]').count()).toBe(0);
  }
});
