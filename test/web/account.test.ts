import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CARDS, simulate } from '../../chaos/world/customers.ts';
import { useGpu } from '../../chaos/world/usage.ts';
import { closeMonth } from '../../cli/close.ts';
import { creditBalanceCents } from '../../db/credits.ts';
import { findUser } from '../../db/users.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { accountLink } from '../support/account.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startBrowser } from '../support/chromium.ts';
import { newBuyer } from '../workflows/purchases.ts';
import { startTestBilling } from '../workflows/service.ts';
import { openPage } from './harness.ts';

// What a user does on their page, on real parts: the service, Stripe's stand-in with its hosted pages, and a browser.

const DECLINED = '4000000000000002';
const WANTS_OWNER = '4000002500003155';
const PERIOD = parseBillingPeriod('2026-05');

let browser: Browser;
let billing: BillingService;
let userId: string;
let page: Page;

beforeAll(async () => {
  [browser, billing] = await Promise.all([startBrowser(), startTestBilling()]);
  await billing.startWorker();
});
beforeEach(async () => {
  userId = await newBuyer(billing, 'test');
  page = await openAccount(userId);
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  await billing.stop();
});

async function openAccount(ofUser: string): Promise<Page> {
  const opened = await openPage(browser, { url: billing.apiUrl });
  await opened.goto(await accountLink(billing.apiUrl, { mode: 'test', userId: ofUser }));
  return opened;
}

/** Fills in the form on Stripe's page. */
async function payWith(cardNumber: string): Promise<void> {
  await page.getByLabel('Card number').fill(cardNumber);
  await page.locator('button.pay').click();
}

async function addCard(cardNumber: string): Promise<void> {
  await page
    .getByRole('button', { name: /^Add a(nother)? card$/ })
    .first()
    .click();
  await payWith(cardNumber);
}

/** Waits until the page says so. @returns what else it says of where the user stands. */
async function standsAs(headline: string): Promise<string> {
  await page.getByRole('heading', { name: headline, exact: true }).waitFor();
  return (await section(headline).textContent()) ?? '';
}
const confirmed = () => page.getByText('Stripe has confirmed it.').waitFor();
const section = (name: string) => page.getByRole('region', { name, exact: true });

describe('a card', () => {
  test('the first one brings a subscription and a cluster, once Stripe has said so', async () => {
    await standsAs('Not set up yet');
    await addCard(CARDS.good);
    await confirmed();
    expect(await standsAs('Active')).toContain('Your cluster: cluster-test');
    expect(page.url()).toBe(`${billing.apiUrl}/account`);
    expect(await section('Subscription').textContent()).toMatch(/is made on 1 \w+ \d{4}, in UTC/);
    expect(await section('Payment method').textContent()).toContain('Visa ending in 4242');
  });

  test("that is declined is refused on Stripe's page, and another one taken there", async () => {
    await addCard(DECLINED);
    await page.getByText('Your card was declined').waitFor();
    await payWith(CARDS.good);
    expect(await standsAs('Active')).toContain('Your cluster: cluster-test');
  });

  test('that wants its owner leads over the page of the bank', async () => {
    await addCard(WANTS_OWNER);
    await page.getByRole('button', { name: 'Complete authentication' }).click();
    await confirmed();
    expect(await standsAs('Active')).toContain('Your cluster: cluster-test');
  });

  test('is removed in the billing portal, and with the last one the access', async () => {
    await addCard(CARDS.good);
    await standsAs('Active');
    await page.getByRole('button', { name: 'Replace or remove cards' }).click();
    await page.getByRole('button', { name: /^Remove / }).click();
    await page.getByRole('link', { name: 'Return' }).click();
    // The webhook may be slower than the browser: the page hears of it by itself.
    expect(await standsAs('Your access is paused')).toContain('There is no card that we could charge.');
    await addCard(CARDS.anotherGood);
    expect(await standsAs('Active')).toContain('Your cluster: cluster-test');
  });
});

test('coming back from Checkout proves nothing: the page waits for the webhook, and goes on by itself', async () => {
  const { checkoutSessionId } = await beginCheckout();
  await page.goto(`/account/checkouts/${checkoutSessionId}`);
  await page.getByText("We are waiting for Stripe's confirmation.").waitFor();
  await page.goto('/account');
  await standsAs('Not set up yet');

  await page.goto(`/account/checkouts/${checkoutSessionId}`);
  await simulate(billing, `checkout/${checkoutSessionId}/complete`, { cardNumber: CARDS.good });
  await confirmed();
  expect(await standsAs('Active')).toContain('Your cluster: cluster-test');
});

test("nobody's page tells of somebody else's Checkout", async () => {
  const { checkoutSessionId } = await beginCheckout();
  page = await openAccount(await newBuyer(billing, 'test'));
  expect((await page.goto(`/account/checkouts/${checkoutSessionId}`))?.status()).toBe(404);
});

test("whose page it is no field says but the session: somebody else's id opens nothing of theirs", async () => {
  const other = await newBuyer(billing, 'test');
  const token = (await page.locator('input[name="_csrf"]').first().getAttribute('value')) ?? '';
  const whose = { userId: other, user_id: other, mode: 'live' };
  for (const [path, form] of [
    ['/account/payment-methods', {}],
    ['/account/credits', { credits: '5' }],
  ] as const) {
    const query = new URLSearchParams(whose).toString();
    const answer = await page.request.post(`${path}?${query}`, {
      form: { ...form, ...whose, _csrf: token },
      maxRedirects: 0,
    });
    const [sessionId = ''] = /cs_test_\w+/.exec(answer.headers()['refresh'] ?? '') ?? [];
    const session = await billing.stripe.test.checkout.sessions.retrieve(sessionId);
    expect(session, path).toMatchObject({ client_reference_id: userId, livemode: false });
  }
  expect((await findUser(billing.db, 'test', other))?.stripe_customer_id).toBeNull();
});

/** As far as Stripe's page. */
async function beginCheckout(): Promise<{ readonly checkoutSessionId: string }> {
  await page.getByRole('button', { name: 'Add a card' }).first().click();
  await page.waitForURL('**/_sim/checkout/*');
  return { checkoutSessionId: new URL(page.url()).pathname.split('/').at(-1) ?? '' };
}

test('nothing of it is kept by the browser, for whoever sits there next', async () => {
  for (const path of ['/account', '/account/standing', '/account/usage-chart.svg']) {
    const answer = await page.request.get(path);
    expect(answer.headers()['cache-control'], path).toBe('no-store');
  }
});

test('credits are bought through Checkout, and are there once they are paid', async () => {
  await page.getByLabel('Buy credits').fill('40');
  await page.getByRole('button', { name: 'Buy', exact: true }).click();
  await payWith(CARDS.good);
  await confirmed();
  const credits = section('Credits');
  expect(await credits.getByRole('definition').first().textContent()).toBe('$40.00');
  expect(await credits.getByRole('row', { name: /Bought/ }).textContent()).toContain('$40.00');
  expect(await creditBalanceCents(billing.db, 'test', userId)).toBe(4_000);
});

test('a bill that fails: the page says so, and with a new card it is paid and access goes on', async () => {
  await addCard(CARDS.declinesCharges);
  await standsAs('Active');
  await useGpu(billing, { mode: 'test', userId }, PERIOD, '1.5');
  await closeMonth(billing.temporal, { mode: 'test', period: PERIOD });

  expect(await standsAs('A payment failed')).toMatch(
    /\$3\.00 could not be collected\. .* your access ends on \d+ \w+ \d{4}/,
  );
  expect(await page.getByRole('button', { name: 'Pay now' }).getAttribute('href')).toContain('/invoices/');
  await addCard(CARDS.good);
  await standsAs('Active');

  await page.goto('/account');
  const bill = page.locator('details.bill');
  expect(await bill.locator('summary').textContent()).toMatch(/May 2026.*\$3\.00.*paid/);
  await bill.locator('summary').click();
  expect(await bill.getByRole('row', { name: /GPU Hour, 2026-05/ }).textContent()).toContain('1.5');
  const pdf = await page.request.get(
    (await bill.getByRole('link', { name: 'PDF' }).getAttribute('href')) ?? '',
  );
  expect(pdf.headers()['content-type']).toBe('application/pdf');
  await bill.getByRole('link', { name: 'Invoice of May 2026' }).click();
  await page.waitForURL('**/_sim/invoices/**');
  expect(await page.locator('main').textContent()).toContain('3.00');
});
