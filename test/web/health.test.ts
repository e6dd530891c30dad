import getPort from 'get-port';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Health } from '../../api/admin/health/health.ts';
import { subscribedCustomer } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { reconcileNow } from '../../cli/reconcile.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { summaryOf } from '../../web/admin/health/groups.ts';
import { tabPath } from '../../web/admin/tabs.ts';
import { ensureSchedules } from '../../worker/namespace.ts';
import { startTestApi } from '../api/harness.ts';
import { startBrowser } from '../support/chromium.ts';
import { startTestBilling } from '../workflows/service.ts';
import { openAdminPage, startTestSite, type TestSite } from './harness.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(() => browser.close());

const findingOf = (page: Page, group: string, name: string) =>
  page.getByRole('region', { name: group }).getByRole('listitem').filter({ hasText: name });

describe('of a whole service', () => {
  test('all is well while all is, and what then wants attention leads to where it is seen to', async () => {
    const service = await startTestBilling();
    try {
      await service.startWorker();
      for (const mode of ['live', 'test'] as const) {
        await ensureSchedules(service.temporal, mode);
        await subscribedCustomer(service, { mode });
        await reconcileNow(service.temporal, mode);
      }
      const page = await openAdminPage(browser, { url: service.apiUrl });
      const sentence = async () => {
        await page.goto(tabPath('health'));
        return await page.getByRole('main').textContent();
      };
      await eventually('all to be well', sentence, (text) => text?.includes('All is well.') ?? false);
      expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
        'Database',
        'Temporal',
        'Workers',
        'Live mode',
        'Test mode',
      ]);
      const items = page.getByRole('listitem').filter({ hasText: /^ok/ });
      expect(await items.count()).toBe(3 + 2 + 7 + 2 * 8);

      const user = await service.db
        .selectFrom('users')
        .select('user_id')
        .where('mode', '=', 'test')
        .executeTakeFirstOrThrow();
      await service.db
        .insertInto('bills')
        .values({
          mode: 'test',
          user_id: user.user_id,
          period: parseBillingPeriod('2025-12'),
          status: 'parked',
          total_cents: 200,
          credits_applied_cents: 0,
        })
        .execute();
      // The page looks by itself.
      await page.getByText('1 thing wants your attention.').waitFor();
      const bills = findingOf(page, 'Test mode', 'Bills');
      expect(await bills.textContent()).toMatch(/^warning.*1 parked of 2025-12\..*To mend it: .*retry/);
      expect(await bills.getByRole('link', { name: 'Months' }).getAttribute('href')).toBe(
        `${tabPath('months')}?mode=test`,
      );
      await page.getByRole('link', { name: 'Look again' }).click();
      await page.getByText('1 thing wants your attention.').waitFor();
    } finally {
      await service.stop();
    }
  });
});

describe('of a part of it', () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await startTestSite();
  });
  afterAll(() => site.close());

  test.each([true, false])(
    'says that no worker runs, and how to mend it (JavaScript: %s)',
    async (javaScriptEnabled) => {
      const page = await openAdminPage(browser, site, { javaScriptEnabled });
      await page.goto(tabPath('health'));
      const workers = findingOf(page, 'Workers', 'billing, workflows');
      expect(await workers.textContent()).toBe(
        'problembilling, workflowsNo worker takes workflows of "billing".To mend it: Start a worker, and see in its log why the last one has ended. ',
      );
      const text = (await page.getByRole('main').textContent()) ?? '';
      expect(text).toMatch(/7 things do not work, and 2 want your attention\. Looked at 20\d\d-/);
      const secret = await findingOf(page, 'Test mode', 'Webhook secret').textContent();
      expect(secret).toMatch(/set STRIPE_TEST_WEBHOOK_SECRET/);
    },
  );

  test('answers within seconds when Temporal does not', async () => {
    const lonely = await startTestApi({ temporalAddress: `127.0.0.1:${await getPort()}` });
    try {
      const page = await openAdminPage(browser, lonely);
      const startedAt = performance.now();
      await page.goto(tabPath('health'));
      expect(performance.now() - startedAt).toBeLessThan(6_000);
      expect(await findingOf(page, 'Temporal', 'Server').textContent()).toMatch(/^problem.*TEMPORAL_ADDRESS/);
      expect(await findingOf(page, 'Database', 'PostgreSQL').textContent()).toMatch(/^ok/);
    } finally {
      await lonely.close();
    }
  });
});

test("shows somebody else's text as text", async () => {
  const evil = '"><script>document.title = "owned"</script><img src=x onerror=alert(1)>';
  const check = { id: evil, mode: null, state: 'problem', finding: evil, mend: evil } as const;
  const site = await startTestSite({
    readHealth: () =>
      Promise.resolve({ state: 'problem', lookedAt: new Date().toISOString(), checks: [check] }),
  });
  try {
    const page = await openAdminPage(browser, site);
    await page.goto(tabPath('health'));
    expect(await page.getByRole('main').getByText(evil).count()).toBe(3);
    expect(await page.title()).toBe('Health · Durable Billing');
    expect(await page.locator('img[src="x"]').count()).toBe(0);
  } finally {
    await site.close();
  }
});

test.each([
  [[], 'All is well.'],
  [['ok'], 'All is well.'],
  [['ok', 'warning'], '1 thing wants your attention.'],
  [['warning', 'warning'], '2 things want your attention.'],
  [['problem'], '1 thing does not work.'],
  [['problem', 'problem', 'warning'], '2 things do not work, and 1 wants your attention.'],
] as const)('%j is: %s', (states, sentence) => {
  const checks: Health['checks'] = states.map((state) => ({
    id: 'database',
    mode: null,
    state,
    finding: '',
    mend: null,
  }));
  expect(summaryOf(checks)).toBe(sentence);
});
