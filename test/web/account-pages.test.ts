import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ensurePriceList } from '../../db/price-list.ts';
import { registerUser } from '../../db/users.ts';
import { ingest, usage } from '../db/fixtures.ts';
import { accountLink } from '../support/account.ts';
import { startBrowser } from '../support/chromium.ts';
import { openPage, startTestSite, type TestSite } from './harness.ts';
import { tellStory } from './story.ts';

// What a user does there is in account.test.ts, on real parts; here is who gets in, and what the page is like.

let browser: Browser;
let site: TestSite;
beforeAll(async () => {
  browser = await startBrowser();
  site = await startTestSite();
  await tellStory(site.db);
  await ensurePriceList(site.db, 'test');
  await registerUser(site.db, { mode: 'test', userId: 'new', email: 'new@example.com', name: 'New' });
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  await site.close();
});

async function openAccount(userId: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await openPage(browser, site, options);
  const answer = await page.goto(await accountLink(site.url, { mode: 'test', userId }));
  expect(answer?.status()).toBe(200);
  return page;
}

const PHONE = { width: 390, height: 844 };
/** In good standing, with a bill that failed, after the end, and with nothing at all. */
const USERS = ['ada', 'grace', 'mary', 'new'];

describe('a link', () => {
  test('opens the page of its user, and leaves no token in the address', async () => {
    const page = await openAccount('ada');
    expect(page.url()).toBe(`${site.url}/account`);
    expect(await page.locator('main').textContent()).toContain('Ada Lovelace · ada@example.com');
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ name: 'account_session', httpOnly: true, sameSite: 'Lax' });
  });

  test('opens it once, and not after ten minutes', async () => {
    const link = await accountLink(site.url, { mode: 'test', userId: 'ada' });
    const [first, second] = [await openPage(browser, site), await openPage(browser, site)];
    expect((await first.goto(link))?.status()).toBe(200);
    expect((await second.goto(link))?.status()).toBe(401);
    const old = new Date(Date.now() - 11 * 60_000);
    const late = await second.goto(await accountLink(site.url, { mode: 'test', userId: 'ada' }, old));
    expect(late?.status()).toBe(401);
    expect(await second.locator('main').textContent()).toContain(
      'open your billing page from there once more',
    );
  });

  test('of a user who is not registered opens nothing, and is still good once they are', async () => {
    const page = await openPage(browser, site);
    const link = await accountLink(site.url, { mode: 'test', userId: 'late' });
    expect((await page.goto(link))?.status()).toBe(401);
    await registerUser(site.db, { mode: 'test', userId: 'late', email: 'late@example.com', name: 'Late' });
    expect((await page.goto(link))?.status()).toBe(200);
  });

  test("of somebody else takes the first one's place, and shows nothing of theirs", async () => {
    const page = await openAccount('ada');
    const [before] = await page.context().cookies();
    await page.goto(await accountLink(site.url, { mode: 'test', userId: 'mary' }));
    expect(await page.locator('main').textContent()).toContain('Mary Jackson');
    expect(await page.content()).not.toContain('Ada');
    expect((await page.context().cookies())[0]?.value).not.toBe(before?.value);
  });

  test('of live mode shows what is of live mode', async () => {
    const page = await openPage(browser, site);
    await page.goto(await accountLink(site.url, { mode: 'live', userId: 'grace' }));
    expect(await page.locator('main').textContent()).not.toContain('test mode');
    expect(await page.getByRole('heading', { name: 'Not set up yet' }).count()).toBe(1);
  });
});

describe('without a session', () => {
  const ROUTES = [
    ['GET', ''],
    ['GET', '/standing'],
    ['GET', '/usage-chart.svg'],
    ['GET', '/checkouts/cs_test_1'],
    ['POST', '/payment-methods'],
    ['POST', '/credits'],
    ['POST', '/billing-portal'],
    ['POST', '/sign-out'],
  ] as const;

  test.each(ROUTES)('%s /account%s is refused', async (method, path) => {
    expect((await fetch(`${site.url}/account${path}`, { method })).status).toBe(401);
  });

  test.each(ROUTES.filter(([method]) => method === 'POST'))(
    'and with one, but without its token, %s /account%s too',
    async (method, path) => {
      const page = await openAccount('ada');
      for (const form of [{}, { _csrf: 'guessed' }]) {
        const answer = await page.request.fetch(`/account${path}`, { method, form });
        expect(answer.status()).toBe(403);
      }
      expect((await page.goto('/account'))?.status()).toBe(200);
    },
  );

  test('there is none any more after signing out, for whoever else holds the cookie too', async () => {
    const page = await openAccount('ada');
    const [cookie] = await page.context().cookies();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Signed out' }).waitFor();
    const answer = await fetch(`${site.url}/account`, {
      headers: { cookie: `account_session=${cookie?.value}` },
    });
    expect(answer.status).toBe(401);
  });

  test("an admin's session is none here, and a user's none there", async () => {
    const page = await openAccount('ada');
    await page.goto('/admin47392/customers');
    expect(await page.getByLabel('Password').count()).toBe(1);
  });
});

test.each(['', '/standing'])('GET /account%s is of who asks, whatever the address says', async (path) => {
  const page = await openAccount('mary');
  const own = await (await page.request.get(`/account${path}`)).text();
  const asked = await page.request.get(`/account${path}?userId=grace&user_id=grace&mode=live&sub=grace`);
  expect(await asked.text()).toBe(own);
  expect(own).not.toContain('Grace');
});

test('how many credits are bought is checked before anybody is asked', async () => {
  const page = await openAccount('ada');
  const token = (await page.locator('input[name="_csrf"]').first().getAttribute('value')) ?? '';
  for (const credits of ['0', '1.5', '10001', 'many', '']) {
    const answer = await page.request.post('/account/credits', { form: { credits, _csrf: token } });
    expect(answer.status(), credits).toBe(400);
    expect(await answer.text()).toContain('must be a whole number from 1 to 10000');
  }
});

test("somebody else's text shows as text", async () => {
  const evil = '"><script>document.title = "owned"</script><img src=x onerror=alert(1)>';
  await registerUser(site.db, { mode: 'test', userId: 'eve', email: 'eve@example.com', name: evil });
  const page = await openAccount('eve');
  expect(await page.getByText(evil, { exact: false }).count()).toBe(1);
  expect(await page.title()).toBe('Your billing');
  expect(await page.locator('img[src="x"]').count()).toBe(0);
});

test.each(['light', 'dark'] as const)('axe finds nothing in %s, whoever it is', async (colorScheme) => {
  for (const userId of USERS) {
    const page = await openAccount(userId, { colorScheme });
    for (const details of await page.locator('details').all()) await details.locator('summary').click();
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    expect(found, userId).toEqual([]);
  }
});

test('on a phone nothing stands out of the page', async () => {
  for (const userId of USERS) {
    const page = await openAccount(userId, { viewport: PHONE });
    for (const details of await page.locator('details').all()) await details.locator('summary').click();
    const wider = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(wider, userId).toBe(0);
  }
});

test('without JavaScript it reads, and nothing of it is inline', async () => {
  const page = await openAccount('grace', { javaScriptEnabled: false });
  for (const name of ['A payment failed', 'Payment method', 'Credits', 'Bills', 'Subscription'])
    expect(await page.getByRole('heading', { name, exact: true }).count(), name).toBe(1);
  const answer = await page.goto('/account');
  expect(answer?.headers()['content-security-policy']).toContain("default-src 'none'");
  expect(await answer?.text()).not.toMatch(/<style|<script>| style=| on\w+=/);
});

describe('the chart of the month', () => {
  const used = async (userId: string, quantity: string) =>
    await ingest(site.db, [usage(userId, { product: 'gpu_hour', quantity, occurredAt: new Date() })]);

  test.each([
    ['light', { width: 1_100, height: 800 }, 'theme=light&width=720'],
    ['dark', PHONE, 'theme=dark&width=340'],
  ] as const)('is drawn in %s, in the width of the window', async (colorScheme, viewport, asked) => {
    await used('ada', '2');
    const page = await openAccount('ada', { colorScheme, viewport });
    const chart = page.getByRole('img', { name: /^Cost of each day of / });
    await chart.scrollIntoViewIfNeeded();
    await page.waitForFunction(() => document.querySelector('img')?.complete);
    const { address, drawn } = await chart.evaluate((image: HTMLImageElement) => ({
      address: image.currentSrc,
      drawn: image.naturalWidth,
    }));
    expect(address).toContain(asked);
    expect(drawn).toBeGreaterThan(0);
  });

  test('is of who asks, and may hold styles but nothing else', async () => {
    await used('grace', '1');
    const charts = [];
    for (const userId of ['grace', 'mary']) {
      const page = await openAccount(userId);
      const answer = await page.request.get('/account/usage-chart.svg?userId=grace&sub=grace');
      expect(answer.headers()).toMatchObject({
        'content-type': 'image/svg+xml; charset=utf-8',
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      });
      charts.push(await answer.text());
    }
    expect(charts[0]).toContain('GPU Hour');
    expect(charts[1]).not.toContain('GPU Hour');
  });

  test('is not there while there is nothing to draw', async () => {
    const page = await openAccount('new');
    expect(await page.getByRole('img').count()).toBe(0);
  });
});

test('what has not changed is not sent again', async () => {
  const page = await openAccount('ada');
  const asked = (await page.locator('[hx-get]').getAttribute('hx-get')) ?? '';
  expect((await page.request.get(asked)).status()).toBe(204);
  await site.db
    .updateTable('users')
    .set({ status: 'suspended', waiting_for: 'payment_method', updated_at: new Date() })
    .where('mode', '=', 'test')
    .where('user_id', '=', 'ada')
    .execute();
  await page.getByRole('heading', { name: 'Your access is paused' }).waitFor();
});

test('who was deleted in Stripe is sent to the support, and not asked for a card that nobody could take', async () => {
  const standing = { status: 'suspended', waiting_for: 'subscription', status_object_id: null } as const;
  await site.db
    .updateTable('users')
    .set(standing)
    .where('mode', '=', 'test')
    .where('user_id', '=', 'new')
    .execute();
  const page = await openAccount('new');
  await page.getByRole('heading', { name: 'Your access is paused' }).waitFor();
  expect(await page.getByText(/Please ask our support\.$/).count()).toBe(1);
  expect(await page.getByText('Add a card to begin another one').count()).toBe(0);
});
