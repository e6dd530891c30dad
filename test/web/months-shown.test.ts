import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startClose } from '../../api/temporal/close.ts';
import { saveCloseDecision } from '../../db/close-decisions.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import { registerUser } from '../../db/users.ts';
import { nextPeriod, periodStart } from '../../domain/billing-period.ts';
import { tabPath } from '../../web/admin/tabs.ts';
import { ingest, OCTOBER, SEPTEMBER, usage } from '../db/fixtures.ts';
import { startBrowser } from '../support/chromium.ts';
import { openAdminPage, startTestSite, TEMPORAL_UI_URL, type TestSite } from './harness.ts';
import { tellStory } from './story.ts';

let browser: Browser;
let site: TestSite;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  site = await startTestSite();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await site.close();
});

const HERE = tabPath('months');

test('with no usage it says what to do, in each mode; and so does a month without any', async () => {
  const page = await openAdminPage(browser, site);
  await page.goto(HERE);
  expect(await page.getByText('No usage in live mode yet.').count()).toBe(1);
  await page.getByRole('link', { name: 'Test', exact: true }).click();
  await page.getByText('No usage in test mode yet.').waitFor();
  expect(await page.getByText('POST /api/usage-events').count()).toBe(1);
  await page.goto(tabPath('months', 'test', '2026-01'));
  expect(await page.getByText('No bills yet.').count()).toBe(1);
  await page.getByRole('link', { name: /^Preview/ }).click();
  await page.getByText('Nobody would be billed.').waitFor();
});

test('an address of no month is said to be none', async () => {
  const page = await openAdminPage(browser, site);
  for (const [path, status] of [
    [tabPath('months', 'test', '2026-13'), 400],
    [tabPath('months', 'best', '2026-10'), 404],
    [tabPath('months', 'test', 'x', 'preview'), 400],
  ] as const)
    expect((await page.goto(path))?.status(), path).toBe(status);
});

test('without JavaScript all of it reads, and forms are there', async () => {
  await tellStory(site.db);
  const page = await openAdminPage(browser, site, { javaScriptEnabled: false });
  await page.goto(HERE);
  await page.getByRole('link', { name: 'Preview' }).click();
  await page.waitForURL(`**${tabPath('months', 'live', OCTOBER, 'preview')}`);
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
    'Preview of October 2026, live mode',
  );
  await page.goto(HERE);
  await page.getByRole('link', { name: 'September 2026' }).click();
  await page.waitForURL(`**${tabPath('months', 'live', SEPTEMBER)}`);
  const biggest = page.getByRole('region', { name: 'The biggest bills' }).getByRole('row');
  expect(await biggest.nth(1).textContent()).toMatch(/^grace\$2,408\.00\$193\.00\+\$2,215\.00 \(\+1148 %\)$/);
  await page.locator('summary', { hasText: 'Release or skip' }).click();
  expect(await page.getByRole('button', { name: /^Release/ }).isVisible()).toBe(true);
});

test('from the preview the way back leads to where it was asked for', async () => {
  await tellStory(site.db);
  const page = await openAdminPage(browser, site);
  await page.goto(HERE);
  await page.getByRole('link', { name: 'Preview' }).click();
  await page.getByRole('heading', { name: /^Preview of/ }).waitFor();
  expect(await page.title()).toBe('Preview of October 2026, live mode · Durable Billing');
  await page.goBack();
  await page.getByRole('heading', { name: 'Months', level: 1 }).waitFor();
  expect(new URL(page.url()).pathname).toBe(HERE);
});

test('a preview is computed when it is asked for, never before; that it fails is said', async () => {
  await tellStory(site.db);
  // What a preview can't do without, and the pages can.
  await site.db.deleteFrom('stripe_products').execute();
  const page = await openAdminPage(browser, site);
  for (const path of [HERE, tabPath('months', 'live', OCTOBER)]) {
    expect((await page.goto(path))?.status()).toBe(200);
    await page.getByRole('link', { name: /^Preview/ }).click();
    await page.getByRole('heading', { name: 'Internal Server Error' }).waitFor();
  }
});

test('of a close that no worker runs it says so, and offers nothing that nobody would do', async () => {
  await tellStory(site.db);
  await startClose(site.temporal, { mode: 'live', period: OCTOBER });
  // Nothing that it would ask by itself is under way when the site is closed.
  const page = await openAdminPage(browser, site, { javaScriptEnabled: false });
  await page.goto(tabPath('months', 'live', OCTOBER));
  expect(await page.locator('#month-standing').getByText('closing').count()).toBe(1);
  expect(await page.getByText(/No worker has answered within 2 s/).count()).toBe(1);
  expect(await page.locator('details').count()).toBe(0);
  const link = `${TEMPORAL_UI_URL}/namespaces/${site.namespace}/workflows/monthly-billing%3Alive%3A2026-10`;
  expect(await page.getByRole('link', { name: /^Workflow/ }).getAttribute('href')).toBe(link);
  await page.goto(HERE);
  const row = page.getByRole('row', { name: /October 2026/ });
  expect(await row.getByText('closing').count()).toBe(1);
  expect(await row.getByRole('link', { name: 'Close of 2026-10' }).getAttribute('href')).toBe(link);
});

test('older months are a page further', async () => {
  await registerUser(site.db, { mode: 'test', userId: 'ada', email: 'ada@example.com', name: 'Ada' });
  let period = OCTOBER;
  for (let months = 0; months < 13; months += 1) {
    await addBill('ada', period, 'paid', null);
    period = nextPeriod(period);
  }
  const page = await openAdminPage(browser, site);
  await page.goto(`${HERE}?mode=test`);
  expect(await page.getByRole('row').count()).toBe(13);
  await page.getByRole('link', { name: 'Older months' }).click();
  await page.getByRole('link', { name: 'October 2026' }).waitFor();
  expect(await page.getByRole('row').count()).toBe(2);
  expect(await page.getByRole('link', { name: 'Older months' }).count()).toBe(0);
});

test("somebody else's text shows as text wherever it stands", async () => {
  const evil = '"><script>document.title = "owned"</script><img src=x onerror=alert(1)>';
  for (const userId of [evil, `${evil}2`])
    await registerUser(site.db, { mode: 'test', userId, email: 'eve@example.com', name: evil });
  await ensurePriceList(site.db, 'test');
  for (const userId of [evil, `${evil}2`])
    await ingest(site.db, [usage(userId, { occurredAt: periodStart(OCTOBER) })]);
  await addBill(evil, OCTOBER, 'parked', evil);
  const billId = await addBill(`${evil}2`, OCTOBER, 'frozen', null);
  await saveCloseDecision(
    site.db,
    { mode: 'test', period: OCTOBER },
    { decisionId: 'evil', decision: { type: 'hold', bills: [billId], by: evil, reason: evil } },
  );
  const page = await openAdminPage(browser, site);
  for (const [path, times] of [
    [tabPath('months', 'test', OCTOBER), 8],
    [tabPath('months', 'test', OCTOBER, 'preview'), 8],
  ] as const) {
    await page.goto(path);
    expect(await page.locator('td', { hasText: evil }).count(), path).toBe(times);
    expect(await page.title()).toContain('Durable Billing');
    expect(await page.locator('img[src="x"]').count()).toBe(0);
  }
});

async function addBill(
  userId: string,
  period: typeof OCTOBER,
  status: 'paid' | 'parked' | 'frozen',
  problem: string | null,
): Promise<string> {
  const { bill_id: billId } = await site.db
    .insertInto('bills')
    .values({
      mode: 'test',
      user_id: userId,
      period,
      status,
      total_cents: 200,
      credits_applied_cents: 0,
      problem,
    })
    .returning('bill_id')
    .executeTakeFirstOrThrow();
  return billId;
}
