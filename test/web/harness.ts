import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import express from 'express';
import { pino } from 'pino';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { Registry } from 'prom-client';
import { inject } from 'vitest';
import { openAdminAccess } from '../../api/admin/access.ts';
import { healthReader, type ReadHealth } from '../../api/admin/health/health.ts';
import { hashPassword } from '../../api/admin/password.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { readLastMonths } from '../../api/month-metrics.ts';
import { logRequests } from '../../api/request-log.ts';
import type { Database } from '../../db/database.ts';
import { addAccountPages } from '../../web/account/pages.ts';
import { addAdminPages } from '../../web/admin/pages.ts';
import { ADMIN_PATH } from '../../web/admin/tabs.ts';
import { addAssets } from '../../web/assets.ts';
import { TEST_ACCOUNT } from '../support/account.ts';
import { createNamespace } from '../support/billing-worker.ts';
import { createTestDatabase } from '../support/database.ts';

/** The admin's, on a {@link TestSite}. */
export const PASSWORD = 'correct horse battery staple';
const SESSION_SECRETS = ['the session secret of the tests, long enough'] as const;
/** Where pages link to workflows; nobody opens it. */
export const TEMPORAL_UI_URL = 'http://127.0.0.1:8233';

/** What a browser is pointed at: a {@link TestSite}, or a whole service. */
export interface Site {
  readonly url: string;
}

/**
 * The pages of admins and users on a database and a Temporal namespace of their own, where no worker runs. What a page has done is tried
 * on a whole service instead.
 */
export interface TestSite extends Site {
  readonly db: Database;
  readonly temporal: Client;
  /** Of Temporal. */
  readonly namespace: string;
  close(): Promise<void>;
}

/** What is not as usual about a site. */
export interface TestSiteOptions {
  /** In place of the real one. */
  readonly readHealth?: ReadHealth;
  /** Whether Stripe's test mode is set up; not, unless given. */
  readonly hasTestMode?: boolean;
}

/** Starts it: pages and their assets, and not the public api. */
export async function startTestSite(options: TestSiteOptions = {}): Promise<TestSite> {
  const database = await createTestDatabase();
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  const namespace = await createNamespace(connection);
  const dependencies: ApiDependencies = {
    db: database.db,
    temporal: new Client({ connection, namespace }),
    webhookSecrets: { live: [], test: options.hasTestMode === true ? ['whsec_test'] : [] },
    account: TEST_ACCOUNT,
    admin: {
      passwordHashes: [await hashPassword(PASSWORD)],
      sessionSecrets: SESSION_SECRETS,
    },
    temporalUiUrl: TEMPORAL_UI_URL,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
  };
  const app = express();
  app.set('query parser', 'simple');
  app.use(logRequests(dependencies.log));
  addAssets(app);
  addAccountPages(app, dependencies);
  const { readHealth = healthReader(dependencies, readLastMonths(dependencies)) } = options;
  addAdminPages(app, dependencies, openAdminAccess(dependencies), readHealth);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    db: database.db,
    temporal: dependencies.temporal,
    namespace,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await connection.close();
      await database.drop();
    },
  };
}

/** How long a page is waited for: what takes a second takes many where two suites run on two cores. */
const PATIENCE_MS = 120_000;

/** A window of its own, with nobody signed in. */
export async function openPage(
  browser: Browser,
  site: Site,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ baseURL: site.url, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  return await context.newPage();
}

/** Fills in the sign-in page, and does not wait for what it leads to: the password may be wrong. */
export async function typePassword(page: Page, password = PASSWORD): Promise<void> {
  await page.goto(ADMIN_PATH);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** A window in which the admin has signed in. */
export async function openAdminPage(
  browser: Browser,
  site: Site,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const page = await openPage(browser, site, options);
  await typePassword(page);
  await page.waitForURL(`**${ADMIN_PATH}/test-billing`);
  return page;
}
