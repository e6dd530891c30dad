import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type Customer,
  completeCheckout,
  newCustomer,
  settled,
  simulate,
  stateOf,
  subscribedCustomer,
} from '../../chaos/world/customers.ts';
import { customerPath } from '../../web/admin/components/customer.tsx';
import type { BillingWorker } from '../../worker/worker.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startBrowser } from '../support/chromium.ts';
import { whilePriceIsDeleted } from '../workflows/deleted-price.ts';
import { startTestBilling } from '../workflows/service.ts';
import { openForm } from './forms.ts';
import { openAdminPage, type Site } from './harness.ts';

let browser: Browser;
let billing: BillingService;
let worker: BillingWorker;
let site: Site;

beforeAll(async () => {
  browser = await startBrowser();
  billing = await startTestBilling();
  site = { url: billing.apiUrl };
  worker = await billing.startWorker();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  await billing.stop();
});

const pathOf = ({ mode, userId }: Pick<Customer, 'mode' | 'userId'>) => customerPath(mode, userId);
const stateOn = (page: Page) => page.getByRole('article').first();

describe('the live page of a customer', () => {
  test('what changes shows by itself: the state, the history, and what may be decided', async () => {
    const { checkout, ...someone } = await newCustomer(billing);
    const page = await openAdminPage(browser, site);
    await page.goto(pathOf(someone));
    expect(await stateOn(page).textContent()).toContain('Has not subscribed, and has no access.');
    expect(await stateOn(page).textContent()).toContain('Waits fora Checkout');
    await page.evaluate(() => document.body.classList.add('same-page'));
    // So long that the page asks in between.
    const slow = { route: 'POST /v1/subscriptions', kind: 'latency', latencyMs: 7_000 };
    await simulate(billing, 'faults', slow);
    await completeCheckout(billing, checkout.id);
    await page.getByRole('progressbar', { name: 'Events are applied' }).waitFor();
    await page.getByText('Has access.', { exact: true }).waitFor();
    await page.getByText('checkout.session.completed').first().waitFor();
    await page.getByText('The customer is active and has access.').waitFor();
    await page.getByRole('progressbar').waitFor({ state: 'detached' });
    expect(await page.locator('body.same-page').count()).toBe(1);
  });

  test('what did not change is not sent again, and what is typed stays', async () => {
    const someone = await subscribedCustomer(billing);
    const page = await openAdminPage(browser, site);
    await page.goto(pathOf(someone));
    const suspend = await openForm(page, 'Suspend');
    await suspend.getByLabel('Reason').fill('Half a sen');
    const unchanged = await page.waitForResponse(/\/changes\?/);
    expect(unchanged.status()).toBe(204);

    await billing.stripe.test.paymentMethods.attach('pm_card_visa', { customer: someone.stripeCustomerId });
    await settled(billing, someone);
    await page.getByText('payment_method.attached').nth(1).waitFor();
    expect(await suspend.getByLabel('Reason').inputValue()).toBe('Half a sen');
    expect(await suspend.getAttribute('open')).not.toBeNull();
  });

  test('shows a step that Stripe has refused, with the request and what waits for it', async () => {
    const { checkout, ...someone } = await newCustomer(billing);
    const page = await openAdminPage(browser, site);
    await page.goto(pathOf(someone));
    const look = async () => {
      await completeCheckout(billing, checkout.id);
      await page.getByText('Parked:').waitFor();
      const state = await stateOf(billing, someone);
      const text = await stateOn(page).textContent();
      expect(text).toContain('Stripe has refused the step createSubscription.');
      expect(text).toContain('price_<b>gone</b>');
      expect(text).toContain(`by its id, ${state.parked?.stripeRequestId ?? '?'}.`);
      expect(text).toContain('Waits foran operator');
      expect(text).toMatch(/Events\d applied, \d repeated, [1-9] waiting/);
      // That waits for an operator, and still no operator has suspended anybody.
      expect(await page.getByText('Reactivate is not possible now. No operator has suspended').count()).toBe(
        1,
      );
    };
    await whilePriceIsDeleted(billing, 'cpu_hour', look, 'price_<b>gone</b>');
  });

  test('shows what a person should see to', async () => {
    const someone = await subscribedCustomer(billing);
    const product = await billing.stripe.test.products.create({ name: 'Theirs' });
    const currency = 'usd';
    const { id: price } = await billing.stripe.test.prices.create({
      product: product.id,
      currency,
      unit_amount: 100,
      recurring: { interval: 'month' },
    });
    const page = await openAdminPage(browser, site);
    await page.goto(pathOf(someone));
    const { id } = await billing.stripe.test.subscriptions.create({
      customer: someone.stripeCustomerId,
      items: [{ price }],
    });
    const sentence = page.getByText(`There is a second live subscription, ${id}`);
    await sentence.waitFor();
    expect(await sentence.getAttribute('class')).toBe('flash waiting');
  });

  test('without a worker shows what the database has, and says so', async () => {
    const someone = await subscribedCustomer(billing);
    const page = await openAdminPage(browser, site);
    await worker.stop();
    try {
      await page.goto(pathOf(someone));
      expect(await stateOn(page).textContent()).toContain('No worker has answered within 2 s');
      expect(await stateOn(page).textContent()).toContain('Has access.');
      expect(await page.getByText('Suspend', { exact: true }).count()).toBe(2);
    } finally {
      worker = await billing.startWorker();
    }
    await page.getByText('No worker has answered').waitFor({ state: 'detached' });
  });
});
