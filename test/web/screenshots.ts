import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { TABS, tabPath } from '../../web/admin/tabs.ts';
import { startBrowser } from '../support/chromium.ts';
import { openAdminPage, startTestSite } from './harness.ts';
import { tellStory } from './story.ts';

// No test, but it needs what tests have: npm run screenshots writes docs/images/admin-….png.
test.each(['light', 'dark'] as const)('each tab in %s', async (colorScheme) => {
  const site = await startTestSite();
  await tellStory(site.db, site.purchases);
  const browser = await startBrowser();
  try {
    const page = await openAdminPage(browser, site, { colorScheme, viewport: { width: 1_100, height: 800 } });
    for (const { id, name } of TABS) {
      await page.goto(tabPath(id));
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(name);
      const file = new URL(`../../docs/images/admin-${id}-${colorScheme}.png`, import.meta.url);
      await page.screenshot({ path: fileURLToPath(file), animations: 'disabled' });
    }
  } finally {
    await browser.close();
    await site.close();
  }
});
