import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callApi, completeCheckout, simulate, startCheckout } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { closeMonth } from '../../cli/close.ts';
import { billingPeriodOf, previousPeriod } from '../../domain/billing-period.ts';
import { TEST_CARD_NAMES } from '../../domain/test-purchase.ts';
import { TABS, tabPath } from '../../web/admin/tabs.ts';
import { ingest, usage } from '../db/fixtures.ts';
import { accountLink } from '../support/account.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startBrowser } from '../support/chromium.ts';
import { buy, purchaseWorkflow, statusIs } from '../workflows/purchases.ts';
import { startTestBilling } from '../workflows/service.ts';
import { openAdminPage } from './harness.ts';
import { tellStory } from './story.ts';

// No test, but it needs what tests have: npm run screenshots writes docs/images/admin-….png and account-….png.

const SIZE = { width: 1_100, height: 800 };
const COLOR_SCHEMES = ['light', 'dark'] as const;

let browser: Browser;
let billing: BillingService;

beforeAll(async () => {
  [browser, billing] = await Promise.all([startBrowser(), startTestBilling()]);
  await billing.startWorker();
  await liveAsKatherine();
  for (const card of TEST_CARD_NAMES) {
    const userId = { success: 'alan', decline: 'barbara', authentication: 'dorothy' }[card];
    await register(userId, `${userId.charAt(0).toUpperCase()}${userId.slice(1)}`);
    const purchase = await buy(billing, card, { userId });
    if (card === 'authentication') await statusIs(billing, purchase, 'requires_action');
    else await purchaseWorkflow(billing, purchase).result();
  }
  await tellStory(billing.db);
});
afterAll(async () => {
  await browser.close();
  await billing.stop();
});

test.each(COLOR_SCHEMES)('each tab of the admin in %s', async (colorScheme) => {
  const page = await openAdminPage(browser, { url: billing.apiUrl }, { colorScheme, viewport: SIZE });
  for (const { id, name } of TABS) {
    // Most has happened in test mode; months are closed in live mode.
    await page.goto(`${tabPath(id)}${id === 'customers' ? '?mode=test' : ''}`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(name);
    await picture(page, `admin-${id}-${colorScheme}`);
  }
});

test.each(COLOR_SCHEMES)('the account page in %s', async (colorScheme) => {
  const context = await browser.newContext({ colorScheme, viewport: { ...SIZE, height: 1_500 } });
  const page = await context.newPage();
  await page.goto(await accountLink(billing.apiUrl, KATHERINE));
  expect(await page.getByRole('heading', { name: 'Active' }).count()).toBe(1);
  await picture(page, `account-${colorScheme}`);
});

async function picture(page: Page, name: string): Promise<void> {
  const file = new URL(`../../docs/images/${name}.png`, import.meta.url);
  await page.screenshot({ path: fileURLToPath(file), animations: 'disabled' });
}

const KATHERINE = { mode: 'test', userId: 'katherine' } as const;
const DAY_MS = 24 * 60 * 60_000;

async function register(userId: string, name: string): Promise<void> {
  const body = { email: `${userId}@example.com`, name };
  await callApi(billing, 'test', 'PUT', `/api/users/${userId}`, { body });
}

/** A customer with a card, credits, a paid month and the usage of this one. */
async function liveAsKatherine(): Promise<void> {
  const { mode, userId } = KATHERINE;
  await register(userId, 'Katherine');
  await completeCheckout(billing, (await startCheckout(billing, mode, userId)).id);
  const pages = { successUrl: 'https://host.example/', cancelUrl: 'https://host.example/' };
  const { id } = await callApi<{ readonly id: string }>(
    billing,
    mode,
    'POST',
    `/api/users/${userId}/checkout-sessions`,
    { body: { mode: 'credits', credits: 40, ...pages }, idempotencyKey: randomUUID() },
  );
  await simulate(billing, `checkout/${id}/complete`, { cardNumber: '4242424242424242' });
  await standsAs('active');

  const today = new Date();
  const period = previousPeriod(billingPeriodOf(today));
  const firstOfMonth = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), 1);
  for (let day = -20; firstOfMonth + day * DAY_MS < today.getTime(); day += 1) {
    const occurredAt = new Date(firstOfMonth + day * DAY_MS);
    const busy = 1 + ((day * 7 + 140) % 5);
    await ingest(billing.db, [
      usage(userId, { product: 'cpu_hour', quantity: String(busy * 11.5), occurredAt }),
      usage(userId, { product: 'gpu_hour', quantity: String(busy * 0.75), occurredAt }),
      usage(userId, { product: 'api_calls', quantity: String(busy * 41_250), occurredAt }),
    ]);
  }
  await closeMonth(billing.temporal, { mode, period });
  await eventually(
    'the bill to be paid',
    () =>
      callApi<{ readonly bills: readonly { readonly status: string }[] }>(
        billing,
        mode,
        'GET',
        `/api/users/${userId}/bills`,
      ),
    ({ bills }) => bills.every(({ status }) => status === 'paid'),
  );
  await standsAs('active');
}

async function standsAs(status: string): Promise<void> {
  const { mode, userId } = KATHERINE;
  await eventually(
    `her to be ${status}`,
    () => callApi<{ readonly status: string }>(billing, mode, 'GET', `/api/users/${userId}/billing`),
    (now) => now.status === status,
  );
}
