import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_PATH, TABS, tabPath } from '../../web/admin/tabs.ts';
import { startBrowser } from '../support/chromium.ts';
import { CUSTOMER_PATHS } from './customer-story.ts';
import { openAdminPage, openPage, startTestSite, type TestSite } from './harness.ts';
import { MONTH_PATHS } from './months-story.ts';
import { tellStory } from './story.ts';
import { STORY_TEST_ID } from './story-events.ts';

let browser: Browser;
/** With something to show, and with nothing. */
let full: TestSite;
let empty: TestSite;

beforeAll(async () => {
  browser = await startBrowser();
  full = await startTestSite();
  await tellStory(full.db);
  empty = await startTestSite();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  await full.close();
  await empty.close();
});

const PATHS = [
  ...TABS.map(({ id }) => tabPath(id)),
  ...CUSTOMER_PATHS,
  ...MONTH_PATHS,
  `${tabPath('events')}?mode=test&outcome=accepted`,
  tabPath('test-billing', 'webhook-tests'),
  tabPath('test-billing', 'webhook-tests', STORY_TEST_ID),
];
const PHONE = { width: 390, height: 844 };

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test('axe finds nothing on any page, full or empty', async () => {
    for (const site of [full, empty]) {
      const page = await openAdminPage(browser, site, { colorScheme });
      for (const path of [...PATHS, `${ADMIN_PATH}/nowhere`]) {
        await page.goto(path);
        expect(await violations(page), path).toEqual([]);
      }
    }
    const signedOut = await openPage(browser, full, { colorScheme });
    await signedOut.goto(ADMIN_PATH);
    expect(await violations(signedOut)).toEqual([]);
  });

  test('the page has the colours of the system', async () => {
    const page = await openAdminPage(browser, full, { colorScheme });
    const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const [red = 0] = ground.match(/\d+/g)?.map(Number) ?? [];
    expect(red > 128 ? 'light' : 'dark').toBe(colorScheme);
  });
});

test('on a phone nothing stands out of the page', async () => {
  const signedOut = await openPage(browser, full, { viewport: PHONE });
  await signedOut.goto(ADMIN_PATH);
  expect(await overflow(signedOut)).toBe(0);
  for (const site of [full, empty]) {
    const page = await openAdminPage(browser, site, { viewport: PHONE });
    for (const path of [...PATHS, `${ADMIN_PATH}/nowhere`]) {
      await page.goto(path);
      expect(await overflow(page), path).toBe(0);
    }
  }
});

test('without JavaScript every tab reads, and the forms work', async () => {
  const page = await openAdminPage(browser, full, { javaScriptEnabled: false });
  for (const { id, name } of TABS) {
    await page.getByRole('link', { name, exact: true }).click();
    await page.waitForURL(`**${tabPath(id)}`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(name);
  }
  await page.goto(tabPath('test-billing'));
  expect(await page.getByText('125 credits granted').count()).toBe(1);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Password').waitFor();
});

test('by keyboard: the way to the content comes first, and every stop can be seen', async () => {
  const page = await openAdminPage(browser, full);
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
  const stops = new Set<string>();
  for (let press = 0; press < 16; press += 1) {
    await page.keyboard.press('Tab');
    const { name, width } = await page.evaluate(() => {
      const at = document.activeElement ?? document.body;
      const { outlineStyle, outlineWidth } = getComputedStyle(at);
      const name = (at.textContent === '' ? at.getAttribute('name') : at.textContent) ?? '';
      return { name, width: outlineStyle === 'none' ? 0 : Number.parseFloat(outlineWidth) };
    });
    stops.add(name.trim());
    expect(width, name).toBeGreaterThanOrEqual(2);
  }
  for (const name of [...TABS.map(({ name }) => name), 'Sign out', 'userId', 'credits']) {
    expect(stops).toContain(name);
  }
});

test('files are kept for ever, by the hash in their names; and no page is kept', async () => {
  const page = await openAdminPage(browser, full);
  const addresses = await page
    .locator('link[rel="stylesheet"], script[src]')
    .evaluateAll((tags) => tags.map((tag) => tag.getAttribute('href') ?? tag.getAttribute('src') ?? ''));
  expect(addresses).toHaveLength(3);
  for (const address of addresses) {
    expect(address).toMatch(/\.[0-9a-f]{16}\.(css|js)$/);
    const file = await fetch(full.url + address);
    expect(file.status).toBe(200);
    expect(file.headers.get('cache-control')).toContain('immutable');
  }
  const other = await fetch(`${full.url}/assets/pico.0000000000000000.css`);
  expect(other.status).toBe(404);
});

test('no page has a style or a script in it, and none may', async () => {
  const page = await openAdminPage(browser, full);
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  for (const path of PATHS) {
    const answer = await page.goto(path);
    const policy = answer?.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    const html = (await answer?.text()) ?? '';
    expect(html).not.toMatch(/<style|<script>| style=| on\w+=/);
  }
  expect(complaints).toEqual([]);
});

test('an address that is none is said to be none within the shell, and an error says nothing of the inside', async () => {
  const page = await openAdminPage(browser, full);
  const answer = await page.goto(tabPath('test-billing', 'purchases', 'nowhere'));
  expect(answer?.status()).toBe(404);
  expect(await page.getByRole('navigation', { name: 'Admin' }).count()).toBe(1);

  const broken = await startTestSite({
    readHealth: () => Promise.reject(new Error('relation "secret" does not exist')),
  });
  try {
    const brokenPage = await openAdminPage(browser, broken);
    const failed = await brokenPage.goto(tabPath('health'));
    expect(failed?.status()).toBe(500);
    expect(await brokenPage.content()).not.toContain('secret');
    expect(await brokenPage.content()).toContain(failed?.headers()['x-request-id'] ?? '?');
  } finally {
    await broken.close();
  }
});

async function violations(page: Page): Promise<string[]> {
  await openAll(page);
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** How many pixels the page is wider than its window. */
async function overflow(page: Page): Promise<number> {
  await openAll(page);
  return await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
}

/** What stands behind a summary is looked at too. */
async function openAll(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
}
