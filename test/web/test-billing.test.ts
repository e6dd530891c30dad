import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { purchaseWithSteps } from '../../api/admin/test-billing/purchases.ts';
import { listTestPurchases } from '../../db/test-purchases.ts';
import { registerUser } from '../../db/users.ts';
import { tabPath } from '../../web/admin/tabs.ts';
import { startBrowser } from '../support/chromium.ts';
import { openAdminPage, startTestSite, TEMPORAL_UI_URL, type TestSite } from './harness.ts';
import { aPurchase, putPurchase, startedPurchases } from './put-purchases.ts';
import { tellStory } from './story.ts';

let browser: Browser;
let site: TestSite;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
});
beforeEach(async () => {
  site = await startTestSite({ hasTestMode: true });
  await registerUser(site.db, { mode: 'live', userId: 'ada', email: 'ada@example.com', name: 'Ada' });
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await site.close();
});

describe('a test purchase', () => {
  test('is started for any user, and shows each step as it comes, until it has ended', async () => {
    const page = await openAdminPage(browser, site);
    await page.getByLabel('User', { exact: true }).fill('ada');
    await page.getByLabel('Credits', { exact: true }).fill('25');
    await page.getByLabel(/bank wants a confirmation/).check();
    await page.getByRole('button', { name: 'Start the test purchase' }).click();
    expect(await page.getByRole('status').textContent()).toBe('The test purchase has started.');
    expect(await startedPurchases(site)).toMatchObject([
      {
        userId: 'ada',
        credits: 25,
        card: 'authentication',
        returnUrl: `${site.url}${tabPath('test-billing')}`,
      },
    ]);

    const [started] = await listTestPurchases(site.db, 1);
    if (started === undefined) throw new Error('nothing was started');
    const purchase = purchaseWithSteps(started);
    const card = page.getByRole('article', { name: '25 credits for ada' });
    expect(await card.getByText('processing').count()).toBe(1);
    await putPurchase(site.db, {
      ...purchase,
      status: 'requires_action',
      link: 'http://127.0.0.1:12111/confirm',
      updatedAt: new Date(Date.parse(purchase.updatedAt) + 1_000).toISOString(),
    });
    await card.getByRole('link', { name: "Confirm it on Stripe's page" }).waitFor();
    await putPurchase(site.db, {
      ...purchase,
      status: 'succeeded',
      steps: [
        ...purchase.steps,
        { step: 'credits', at: new Date().toISOString(), detail: '25 credits granted' },
      ],
      updatedAt: new Date(Date.parse(purchase.updatedAt) + 2_000).toISOString(),
    });
    await card.getByText('25 credits granted').waitFor();

    let asked = 0;
    page.on('request', () => (asked += 1));
    await page.waitForTimeout(2_500);
    expect(asked).toBe(0);
  });

  test('keeps the focus where it is while it goes on', async () => {
    const purchase = aPurchase();
    await putPurchase(site.db, purchase);
    const page = await openAdminPage(browser, site);
    const link = page.getByRole('link', { name: 'Workflow' });
    await link.focus();
    await putPurchase(site.db, {
      ...purchase,
      updatedAt: new Date().toISOString(),
      steps: [{ step: 'payment', at: new Date().toISOString(), detail: 'Paid' }],
    });
    await page.getByText('Paid').waitFor();
    expect(await link.evaluate((at) => at === document.activeElement)).toBe(true);
  });

  test('links to its workflow in the Temporal Web UI', async () => {
    await putPurchase(site.db, aPurchase());
    const page = await openAdminPage(browser, site);
    const href = await page.getByRole('link', { name: 'Workflow' }).getAttribute('href');
    expect(href).toBe(
      `${TEMPORAL_UI_URL}/namespaces/${site.namespace}/workflows/test-purchase%3A${aPurchase().id}`,
    );
  });

  test.each([
    ['an id that no user can have', { userId: 'no body' }, /User: must be 1 to 128/],
    ['part of a credit', { credits: '1.5' }, /Credits: /],
    ['no card of ours', { card: 'platinum' }, /Card: /],
  ])('with %s is not started, and the form keeps what was typed', async (_what, wrong, complaint) => {
    const page = await openAdminPage(browser, site);
    const token = (await page.locator('input[name="_csrf"]').first().getAttribute('value')) ?? '';
    const [cookie] = await page.context().cookies();
    const sent = { purchaseId: crypto.randomUUID(), userId: 'ada', credits: '25', card: 'success', ...wrong };
    const answer = await fetch(`${site.url}${tabPath('test-billing', 'purchases')}`, {
      method: 'POST',
      headers: { cookie: `admin_session=${cookie?.value}` },
      body: new URLSearchParams({ ...sent, _csrf: token }),
    });
    expect(answer.status).toBe(400);
    const html = await answer.text();
    expect(html).toMatch(complaint);
    expect(html).toContain(`value="${sent.userId}"`);
    expect(await startedPurchases(site)).toEqual([]);
  });
});

test('users of both modes are found by a part of their name, and each is there once', async () => {
  for (const mode of ['live', 'test'] as const)
    await registerUser(site.db, { mode, userId: 'grace', email: 'g@example.com', name: 'Grace Hopper' });
  const page = await openAdminPage(browser, site);
  const found = page.waitForResponse(/test-billing\/users/);
  await page.getByLabel('User', { exact: true }).pressSequentially('hopp');
  await found;
  await page.waitForFunction(() => document.querySelectorAll('#userId-choices option').length === 1);
  const option = page.locator('#userId-choices option');
  expect(await option.getAttribute('value')).toBe('grace');
  expect(await option.textContent()).toBe('Grace Hopper · g@example.com · live, test');
});

test('shows test credits, subscriptions and the last events, each with its workflow', async () => {
  await tellStory(site.db);
  const page = await openAdminPage(browser, site);
  const cells = async (name: string) =>
    (await page.getByRole('region', { name }).getByRole('row').allTextContents()).slice(1);
  expect(await cells('Test credits')).toEqual(['grace$25.00', 'ada$125.00']);
  expect(await cells('Test subscriptions')).toContainEqual(expect.stringContaining('past_due'));
  const [newest] = await cells('Last events from Stripe');
  expect(newest).toBe('2026-11-03 09:30:04 UTCcustomer.subscription.deletedsub_1SPq5ecus_mary');
  const links = await page.getByRole('link', { name: 'cus_mary' }).all();
  for (const link of links)
    expect(await link.getAttribute('href')).toContain('/workflows/customer-billing%3Atest%3Acus_mary');
});

describe("somebody else's text", () => {
  const evil = '"><script>document.title = "owned"</script><img src=x onerror=alert(1)>';

  test('shows as text wherever it stands', async () => {
    for (const mode of ['live', 'test'] as const)
      await registerUser(site.db, { mode, userId: 'eve', email: 'eve@example.com', name: evil });
    await site.db
      .updateTable('users')
      .set({ stripe_subscription_id: 'sub_eve', status_reason: evil })
      .where('user_id', '=', 'eve')
      .execute();
    await putPurchase(
      site.db,
      aPurchase({
        userId: evil,
        problem: evil,
        steps: [{ step: 'payment', at: new Date().toISOString(), detail: evil }],
      }),
    );
    const page = await openAdminPage(browser, site);
    expect(await page.getByText(evil, { exact: false }).count()).toBeGreaterThanOrEqual(4);
    expect(await page.title()).toBe('Test Billing · Durable Billing');
    expect(await page.locator('img[src="x"]').count()).toBe(0);
  });

  test('does nothing even where it is not escaped: the policy forbids it', async () => {
    const page = await openAdminPage(browser, site);
    const forbidden: string[] = [];
    page.on('console', (message) => forbidden.push(message.text()));
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "owned"';
      document.body.append(script);
    });
    expect(await page.title()).not.toBe('owned');
    expect(forbidden.join()).toMatch(/Content Security Policy/);
  });
});
