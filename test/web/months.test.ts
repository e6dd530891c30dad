import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Customer, simulate } from '../../chaos/world/customers.ts';
import { useGpu, usersWithCustomer, userWithoutCustomer } from '../../chaos/world/usage.ts';
import { reportOf } from '../../cli/close.ts';
import { listBills } from '../../db/bills.ts';
import { freezeBill } from '../../db/freeze.ts';
import { type BillingPeriod, nextPeriod, parseBillingPeriod } from '../../domain/billing-period.ts';
import { monthlyBillingWorkflowId } from '../../domain/monthly-close.ts';
import { tabPath } from '../../web/admin/tabs.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startBrowser } from '../support/chromium.ts';
import { startTestBilling } from '../workflows/service.ts';
import { openForm, postForm } from './forms.ts';
import { openAdminPage } from './harness.ts';
import { approveOnPage, figure, holdOnPage, rowsOf, standsAt, startOnPage } from './month-page.ts';

let browser: Browser;
let service: BillingService;
beforeAll(async () => {
  browser = await startBrowser();
  service = await startTestBilling();
  await service.startWorker({
    approval: 'required',
    holdOutliers: { factor: 5, minimumCents: 10_000 },
  });
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  await service.stop();
});

/** Each test closes a month of its own. */
let period = parseBillingPeriod('2024-06');
function newPeriod(): BillingPeriod {
  period = nextPeriod(period);
  return period;
}

const pathOf = (...below: string[]) => tabPath('months', 'test', period, ...below);
const open = () => openAdminPage(browser, { url: service.apiUrl });
const close = () => service.temporal.workflow.getHandle(monthlyBillingWorkflowId('test', period));

async function billOf({ userId }: Pick<Customer, 'userId'>) {
  return (await listBills(service.db, 'test', userId)).find((bill) => bill.period === period);
}

async function invoicesOf({ stripeCustomerId: customer }: Customer): Promise<number[]> {
  const { data } = await service.stripe.test.invoices.list({ customer, limit: 100 });
  return data.map((invoice) => invoice.total);
}

const decisions = async () =>
  await service.db
    .selectFrom('close_decisions')
    .select(['type', 'decided_by', 'reason'])
    .where('period', '=', period)
    .orderBy('decided_at')
    .execute();

/** Customers of $2.00 each, whose bills are frozen and wait for approval on the page. */
async function frozenMonth(page: Page, count: number): Promise<Customer[]> {
  newPeriod();
  const customers = await usersWithCustomer(service, count);
  for (const each of customers) await useGpu(service, each, period, '1');
  await startOnPage(page, period);
  await standsAt(page, 'waits for approval');
  return customers;
}

test('a month from its preview to its end: an outlier is held and released, a parked bill is tried again', async () => {
  const before = newPeriod();
  const [outlier, other] = (await usersWithCustomer(service, 2)) as [Customer, Customer];
  for (const earlier of [before, nextPeriod(before)]) {
    await useGpu(service, outlier, earlier, '1');
    await freezeBill(service.db, { mode: 'test', userId: outlier.userId, period: earlier });
  }
  period = nextPeriod(nextPeriod(before));
  const stranger = await userWithoutCustomer(service);
  await useGpu(service, outlier, period, '100');
  await useGpu(service, other, period, '1');
  await useGpu(service, stranger, period, '3');

  const page = await open();
  await page.goto(`${tabPath('months')}?mode=test`);
  const row = page.getByRole('row', { name: /September 2024/ });
  expect(await row.getByText('not closed').count()).toBe(1);
  const article = page.getByRole('article').filter({ hasText: 'September 2024 is over and not closed.' });
  await article.getByRole('link', { name: 'Preview' }).click();
  await page.getByRole('heading', { name: 'Preview of September 2024, test mode' }).waitFor();
  expect(new URL(page.url()).pathname).toBe(pathOf('preview'));
  expect(await figure(page, 'New bills')).toBe('3');
  expect(await figure(page, 'To collect')).toBe('$208.00');
  expect(await rowsOf(page, "Can't be collected")).toContainEqual(
    `${stranger.userId}$6.00$0.00+$6.00Never began a Checkout: Stripe has nobody to bill, and the bill will be parked.`,
  );
  expect(await billOf(other)).toBeUndefined();

  await page.getByRole('link', { name: 'To September 2024' }).click();
  await standsAt(page, 'not closed');
  await startOnPage(page, period);
  await standsAt(page, 'waits for approval');
  expect(await figure(page, 'Frozen by this close')).toBe('3');
  expect(await rowsOf(page, 'Held bills')).toEqual([
    expect.stringContaining(
      `${outlier.userId}$200.00$200.00 is 100 times the most of the last 6 months ($2.00)`,
    ),
  ]);
  expect(await page.getByText('1 bill, $6.00,').count()).toBe(1);
  expect(await page.getByRole('link', { name: outlier.userId }).first().getAttribute('href')).toBe(
    tabPath('customers', 'test', outlier.userId),
  );
  expect(await page.getByRole('link', { name: /^Workflow/ }).getAttribute('href')).toMatch(
    /^http:\/\/temporal\.example\/.+\/workflows\/monthly-billing%3Atest%3A2024-09$/,
  );

  await approveOnPage(page, period);
  await standsAt(page, 'waits for release');
  expect(await invoicesOf(other)).toEqual([200]);
  expect(await invoicesOf(outlier)).toEqual([]);
  expect(await page.getByText('Approve the month').count()).toBe(0);

  await page.getByRole('checkbox', { name: outlier.userId }).check();
  const held = await openForm(page, 'Release or skip');
  expect(await held.getByLabel('Your name').inputValue()).toBe('Grace');
  await held.getByLabel(/^Reason/).fill('They asked for it');
  await held.getByRole('button', { name: /^Release/ }).click();
  await page.getByText('Released: 1 bill.').waitFor();
  await standsAt(page, 'closed, bills left');
  expect(await invoicesOf(outlier)).toEqual([20_000]);
  expect(await page.getByText('$208.00 used = $202.00 billed + $6.00 unbillable.').count()).toBe(1);
  expect(await rowsOf(page, 'Parked bills')).toEqual([
    expect.stringMatching(/no Stripe customer|no customer/i),
  ]);
  expect((await rowsOf(page, 'Decisions')).map((text) => text.replace(/^.+UTC/, ''))).toEqual([
    expect.stringMatching(/^ReleasedGraceThey asked for itbill_/),
    'ApprovedGracethe month',
  ]);

  const { id } = await service.stripe.test.customers.create({ name: 'Late' });
  await service.db
    .updateTable('users')
    .set({ stripe_customer_id: id })
    .where('user_id', '=', stranger.userId)
    .execute();
  const retry = await openForm(page, 'Try the parked bills again');
  await retry.getByRole('button', { name: 'Try them again' }).click();
  await page.getByText('The parked bills are tried again.').waitFor();
  await standsAt(page, 'closed');
  expect(await invoicesOf({ ...stranger, stripeCustomerId: id })).toEqual([600]);
  expect(await decisions()).toEqual([
    { type: 'approve', decided_by: 'Grace', reason: null },
    { type: 'release', decided_by: 'Grace', reason: 'They asked for it' },
    { type: 'retryParked', decided_by: 'Grace', reason: null },
  ]);

  let asked = 0;
  page.on('request', () => (asked += 1));
  await page.waitForTimeout(2_500);
  expect(asked).toBe(0);

  await page.goto(`${tabPath('months')}?mode=test`);
  expect(await row.getByText('closed', { exact: true }).count()).toBe(1);
  expect(await row.getByRole('link', { name: /^Close of/ }).getAttribute('href')).toContain('2024-09');
});

test('bills are held by their users’ ids, and skipped: the close ends without them, and they can be released later', async () => {
  const page = await open();
  const [held, other] = (await frozenMonth(page, 2)) as [Customer, Customer];
  await holdOnPage(page, held.userId, 'looks odd');
  await page.getByText('Held: 1 bill.').waitFor();
  expect(await billOf(held)).toMatchObject({ status: 'held' });
  expect(await rowsOf(page, 'Held bills')).toEqual([expect.stringContaining('held by Grace: looks odd')]);

  await approveOnPage(page, period);
  await standsAt(page, 'waits for release');
  const form = await openForm(page, 'Release or skip');
  await form.getByLabel(/^All that are held/).check();
  await form.getByRole('button', { name: /^Skip/ }).click();
  await page.getByText('Skipped: 1 bill.').waitFor();
  await standsAt(page, 'closed, bills left');
  expect(await invoicesOf(other)).toEqual([200]);
  expect(await invoicesOf(held)).toEqual([]);

  expect(await page.getByText('1 bill is held. 1 was skipped: no close waits for it.').count()).toBe(1);
  const later = await openForm(page, 'Release or skip');
  expect(await later.getByRole('button', { name: /^Skip/ }).count()).toBe(0);
  await page.getByRole('checkbox', { name: held.userId }).check();
  await later.getByRole('button', { name: /^Release/ }).click();
  await page.getByText('Released: 1 bill.').waitFor();
  await standsAt(page, 'closed');
  expect(await invoicesOf(held)).toEqual([200]);
});

test('while bills go out it shows how many have; and when Stripe is down since when and why, until it is back', async () => {
  const page = await open();
  const [one] = (await frozenMonth(page, 1)) as [Customer];
  await approveOnPage(page, period);
  await standsAt(page, 'closed');
  // Two who have used nothing before: the second close bills them.
  const late = await usersWithCustomer(service, 2);
  for (const each of late) await useGpu(service, each, period, '1');
  for (const route of ['GET /v1/**', 'POST /v1/**'])
    await simulate(service, 'faults', { route, kind: 'status_500_without_error', count: 100_000 });
  try {
    await startOnPage(page, period);
    await approveOnPage(page, period);
    await standsAt(page, 'waits for Stripe');
    await page.getByText(/Since .+UTC: .*HTTP 500/).waitFor();
    const progress = page.getByRole('progressbar', { name: 'Bills that have gone out' });
    expect(await progress.getAttribute('max')).toBe('3');
    expect(await progress.getAttribute('value')).toBe('1');
    expect(await page.getByText('1 of 3 bills.').count()).toBe(1);
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    await page.waitForResponse((answer) => answer.url().includes('/progress') && answer.status() === 204);

    // Seen from two seconds ago, when none had gone: one in two seconds, and two to go.
    const address = new URL(
      (await page.locator('#month-progress').getAttribute('hx-get')) ?? '',
      service.apiUrl,
    );
    address.searchParams.set('since', 'before');
    address.searchParams.set('done', '0');
    address.searchParams.set('at', String(Date.now() - 2_000));
    const part = await page.request.get(address.href);
    expect(await part.text()).toMatch(/1 of 3 bills, 0\.\d a second, about 1 minute to go\./);
  } finally {
    await fetch(`${service.simulatorUrl}/_sim/faults`, { method: 'DELETE' });
  }
  await standsAt(page, 'closed');
  for (const each of [one, ...late]) expect(await invoicesOf(each)).toEqual([200]);
});

test('what can’t be decided is refused in words, and changes nothing', async () => {
  const page = await open();
  const [customer] = (await frozenMonth(page, 1)) as [Customer];
  await holdOnPage(page, 'bill_x', 'odd');
  await page.getByText('Nothing is changed: bill_x is no bill of this month.', { exact: true }).waitFor();
  const form = { decisionId: crypto.randomUUID(), by: 'Grace', reason: 'odd' };
  const said = async (name: string, fields: Record<string, string>) => {
    expect((await postForm(page, pathOf(name), fields)).status()).toBe(303);
    await page.goto(pathOf());
    return await page.locator('p.flash[role=status]').textContent();
  };
  expect(await said('release', { ...form, which: 'chosen' })).toBe(
    'Tick the bills that it is about, or choose all that are held.',
  );
  expect(await said('skip', { ...form, which: 'all' })).toBe(`No bill of ${period} (test) is held.`);
  expect(await said('hold', { ...form, bills: ' ' })).toMatch(/^Bills or users: must be 1 to 1000/);
  expect(await said('hold', { ...form, bills: customer.userId, reason: '' })).toMatch(
    /^Reason: must be 1 to/,
  );
  expect(await said('approve', { ...form, by: '' })).toMatch(/^Your name: must be 1 to 500/);
  expect(await said('approve', { ...form, decisionId: '1' })).toMatch(/load the page again\.$/);
  expect(await billOf(customer)).toMatchObject({ status: 'frozen' });
  expect(await decisions()).toEqual([]);

  await approveOnPage(page, period);
  await reportOf(close());
  expect(await said('approve', form)).toMatch(/no close of .+ \(test\) runs\.$/);
  const now = new Date().toISOString().slice(0, 7);
  await postForm(page, tabPath('months', 'test', now, 'close'), {});
  await page.goto(tabPath('months', 'test', now));
  expect(await page.getByText(/is not over yet; only a month that has ended can be closed/).count()).toBe(1);
  expect(await page.getByText('Close the month').count()).toBe(0);
});

test('a decision that is sent twice is carried out once', async () => {
  const page = await open();
  const [customer] = (await frozenMonth(page, 1)) as [Customer];
  const form = { decisionId: crypto.randomUUID(), by: 'Grace', reason: 'odd', bills: customer.userId };
  for (let times = 0; times < 2; times += 1) {
    await postForm(page, pathOf('hold'), form);
    await page.goto(pathOf());
    expect(await page.getByText('Held: 1 bill.').count()).toBe(1);
  }
  expect(await decisions()).toHaveLength(1);
});

describe('without the token of the session', () => {
  test.each([null, 'wrong'])('(%s) nothing is decided', async (token) => {
    const page = await open();
    const [customer] = (await frozenMonth(page, 1)) as [Customer];
    const form = {
      decisionId: crypto.randomUUID(),
      by: 'Eve',
      reason: 'why',
      bills: customer.userId,
      which: 'all',
    };
    for (const name of ['approve', 'hold', 'release', 'skip', 'retry-parked'])
      expect((await postForm(page, pathOf(name), form, token)).status(), name).toBe(403);
    expect(await decisions()).toEqual([]);
    expect(await billOf(customer)).toMatchObject({ status: 'frozen' });

    const unused = newPeriod();
    expect((await postForm(page, pathOf('close'), {}, token)).status()).toBe(403);
    const started = service.temporal.workflow.getHandle(monthlyBillingWorkflowId('test', unused));
    await expect(started.describe()).rejects.toThrow(/not found/);
  });
});
