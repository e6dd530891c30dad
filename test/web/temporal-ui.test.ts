import { randomBytes } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Customer, subscribedCustomer, workflowOf } from '../../chaos/world/customers.ts';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import { SUSPEND_UPDATE } from '../../domain/customer-workflow.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { freePort } from '../../process/free-port.ts';
import { type Reaper, startReaper } from '../../stack/reaper.ts';
import { findTemporalBinary } from '../../stack/temporal-binary.ts';
import { startTemporalServer, type TemporalServer } from '../../stack/temporal-server.ts';
import { dataConverterOf } from '../../temporal/data-converter.ts';
import { bundleWorkflows } from '../../worker/workflow-bundle.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startBrowser } from '../support/chromium.ts';
import { startTestBilling } from '../workflows/service.ts';
import { openAdminPage, openPage } from './harness.ts';

// Temporal's own Web UI, in a browser: who is signed in at our admin page sees what is encrypted, and nobody else does.

const REASON = 'has told us a secret';

let reaper: Reaper;
let server: TemporalServer;
let billing: BillingService;
let browser: Browser;
let customer: Customer;

beforeAll(async () => {
  reaper = startReaper();
  const env = inheritedEnvironment();
  const apiPort = await freePort();
  server = await startTemporalServer({
    binary: await findTemporalBinary({ cacheDir: cacheDirectory(), env, log: () => undefined, reaper }),
    port: await freePort(),
    uiPort: await freePort(),
    codecEndpoint: `http://127.0.0.1:${apiPort}/api/admin/codec`,
    namespace: 'default',
    searchAttributes: SEARCH_ATTRIBUTES,
    env,
    log: () => undefined,
    reaper,
  });
  const payloadKeys = [{ id: 'k', key: randomBytes(32) }];
  billing = await startTestBilling({
    temporalAddress: server.address,
    temporalUiUrl: server.uiUrl ?? '',
    apiPort,
    payloadKeys,
    workflowBundle: await bundleWorkflows(dataConverterOf(payloadKeys)),
  });
  await billing.startWorker();
  customer = await subscribedCustomer(billing);
  await workflowOf(billing, customer).executeUpdate(SUSPEND_UPDATE, {
    args: [{ reason: REASON, by: 'ops' }],
  });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await billing.stop();
  await server.stop();
  await reaper.close();
});

/** Opens what the customer's workflow says of itself. */
async function openDetails(page: Page): Promise<void> {
  // The development server has no flag for it; the image has TEMPORAL_CODEC_INCLUDE_CREDENTIALS (docker-compose.yml).
  await page.route('**/api/v1/settings*', async (route) => {
    const response = await route.fetch();
    const settings = (await response.json()) as { Codec: object };
    await route.fulfill({ json: { ...settings, Codec: { ...settings.Codec, IncludeCredentials: true } } });
  });
  const { namespace } = billing.temporal.options;
  const id = encodeURIComponent(workflowOf(billing, customer).workflowId);
  const { execution } = (await workflowOf(billing, customer).describe()).raw.workflowExecutionInfo ?? {};
  await page.goto(
    `${server.uiUrl}/namespaces/${namespace}/workflows/${id}/${execution?.runId}/user-metadata`,
  );
}

test('who is signed in as the admin sees what workflows hold', async () => {
  const page = await openAdminPage(browser, { url: billing.apiUrl });
  const decoded = page.waitForResponse((response) => response.url().endsWith('/api/admin/codec/decode'));
  await openDetails(page);
  expect((await decoded).status()).toBe(200);
  await page.getByText(REASON).first().waitFor();
});

test('who is not sees nothing of it', async () => {
  const page = await openPage(browser, { url: billing.apiUrl });
  const refused = page.waitForResponse((response) => response.url().endsWith('/api/admin/codec/decode'));
  await openDetails(page);
  expect((await refused).status()).toBe(401);
  await page.getByText(customer.stripeCustomerId).first().waitFor();
  expect(await page.getByText(REASON).count()).toBe(0);
});
