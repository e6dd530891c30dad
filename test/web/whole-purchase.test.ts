import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { creditBalanceCents } from '../../db/credits.ts';
import { tabPath } from '../../web/admin/tabs.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startBrowser } from '../support/chromium.ts';
import { newBuyer, paymentsOf } from '../workflows/purchases.ts';
import { startTestBilling } from '../workflows/service.ts';
import { openAdminPage } from './harness.ts';

// Each card from the form to the credits on real parts: workflow, Stripe's stand-in, its webhooks, and the bank's page.

let browser: Browser;
let billing: BillingService;

beforeAll(async () => {
  [browser, billing] = await Promise.all([startBrowser(), startTestBilling()]);
  await billing.startWorker();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  await billing.stop();
});

/** Fills in the form and sends it; the article is what the page then shows of the purchase. */
async function buy(card: RegExp): Promise<{ page: Page; userId: string; article: Locator }> {
  const userId = await newBuyer(billing, 'live');
  const page = await openAdminPage(browser, { url: billing.apiUrl });
  await page.getByLabel('User', { exact: true }).first().fill(userId);
  await page.getByLabel(card).check();
  await page.getByRole('button', { name: 'Start the test purchase' }).click();
  const article = page.getByRole('article', { name: `25 credits for ${userId}` });
  return { page, userId, article };
}

const creditsOf = (userId: string) => creditBalanceCents(billing.db, 'test', userId);

/** What the steps say, without their times. */
async function stepsOf(article: Locator): Promise<string[]> {
  const steps = await article.getByRole('listitem').allTextContents();
  return steps.map((step) => step.replace(/^.* UTC /, ''));
}

test('a good card: the page shows each step until the credits are there, without being loaded again', async () => {
  const { page, userId, article } = await buy(/payment succeeds/);
  await page.evaluate(() => (document.body.dataset['loaded'] = 'once'));
  await article.getByText('succeeded', { exact: true }).waitFor();

  expect(await page.evaluate(() => document.body.dataset['loaded'])).toBe('once');
  const [payment] = await paymentsOf(billing, userId);
  const steps = await stepsOf(article);
  expect(steps[0]).toContain('cus_');
  expect(steps.join('\n')).toContain(payment?.id);
  expect(steps.at(-1)).toMatch(/25 credits/);
  expect(await article.getByRole('progressbar').count()).toBe(0);
  expect(await article.getByRole('link', { name: 'Workflow' }).getAttribute('href')).toContain(
    '/workflows/test-purchase%3A',
  );
  expect(await creditsOf(userId)).toBe(2_500);

  await page.goto(tabPath('test-billing'));
  const credits = page.getByRole('region', { name: 'Test credits' });
  expect(await credits.getByRole('row', { name: userId }).textContent()).toContain('$25.00');
  const events = page.getByRole('region', { name: 'Last events from Stripe' });
  expect(await events.getByRole('row', { name: payment?.id ?? '?' }).textContent()).toContain(
    'payment_intent.succeeded',
  );
});

test('a card that is declined: the purchase ends as declined, and says why', async () => {
  const { userId, article } = await buy(/card is declined/);
  await article.getByText('declined', { exact: true }).waitFor();
  await article.getByText('Your card was declined.', { exact: true }).waitFor();
  expect(await creditsOf(userId)).toBe(0);
});

test("a card that wants its owner: the link leads to the bank's page, and from there back to credits", async () => {
  const { page, userId, article } = await buy(/bank wants a confirmation/);
  const [bank] = await Promise.all([
    page.waitForEvent('popup'),
    article.getByRole('link', { name: "Confirm it on Stripe's page" }).click(),
  ]);
  expect(await creditsOf(userId)).toBe(0);
  await bank.getByRole('button', { name: 'Complete authentication' }).click();
  await bank.waitForURL(`**${tabPath('test-billing')}*`);
  expect(await bank.getByRole('heading', { level: 1 }).textContent()).toBe('Test Billing');

  await article.getByText('succeeded', { exact: true }).waitFor();
  expect(await creditsOf(userId)).toBe(2_500);
});

test('a card whose owner fails to confirm: declined, and no credits', async () => {
  const { page, userId, article } = await buy(/bank wants a confirmation/);
  const [bank] = await Promise.all([
    page.waitForEvent('popup'),
    article.getByRole('link', { name: "Confirm it on Stripe's page" }).click(),
  ]);
  await bank.getByRole('button', { name: 'Fail authentication' }).click();
  await article.getByText('declined', { exact: true }).waitFor();
  expect(await creditsOf(userId)).toBe(0);
});
