import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Customer, stateOf, subscribedCustomer, userOf } from '../../chaos/world/customers.ts';
import { pastDueCustomer } from '../../chaos/world/usage.ts';
import { listOperatorDecisions } from '../../db/operator-decisions.ts';
import { customerPath } from '../../web/admin/components/customer.tsx';
import type { BillingService } from '../support/billing-worker.ts';
import { startBrowser } from '../support/chromium.ts';
import { startTestBilling } from '../workflows/service.ts';
import { openForm, postForm } from './forms.ts';
import { openAdminPage, type Site } from './harness.ts';

const DAY_MS = 24 * 60 * 60_000;

let browser: Browser;
let billing: BillingService;
let site: Site;
let customer: Customer;

beforeAll(async () => {
  browser = await startBrowser();
  billing = await startTestBilling();
  site = { url: billing.apiUrl };
  await billing.startWorker();
  customer = await subscribedCustomer(billing);
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  await billing.stop();
});

const pathOf = ({ mode, userId }: Pick<Customer, 'mode' | 'userId'>, ...below: string[]) =>
  customerPath(mode, userId, ...below);
const decisionsOf = (of: Customer) => listOperatorDecisions(billing.db, of, 10);
const stateOn = (page: Page) => page.getByRole('article').first();
const said = (page: Page) => page.getByRole('status').textContent();

describe('a decision', () => {
  test('to suspend, and to reactivate, shows its effect: on the page, in the workflow and in the database', async () => {
    const page = await openAdminPage(browser, site);
    await page.goto(pathOf(customer));
    expect(await stateOn(page).textContent()).toContain('Has access.');
    await page.getByText('The customer is active and has access.').waitFor();

    const suspend = await openForm(page, 'Suspend');
    await suspend.getByLabel('Reason').fill('A stolen card.');
    await suspend.getByLabel('Your name').fill('Dorothy');
    await suspend.getByRole('button', { name: 'Suspend' }).click();
    await page.getByText('Has no access.').waitFor();
    expect(await said(page)).toBe('The customer is suspended now.');
    expect(await stateOn(page).textContent()).toContain('Suspended by Dorothy: A stolen card.');
    expect(await page.getByText('The customer is suspended already.').count()).toBe(1);
    expect(await stateOf(billing, customer)).toMatchObject({ status: 'suspended', waitingFor: 'operator' });
    expect(await userOf(billing, customer)).toMatchObject({ status: 'suspended', suspended_by: 'Dorothy' });

    const reactivate = await openForm(page, 'Reactivate');
    // Who has said it once need not say it again.
    expect(await reactivate.getByLabel('Your name').inputValue()).toBe('Dorothy');
    await reactivate.getByRole('button', { name: 'Reactivate' }).click();
    await page.getByText('Has access.', { exact: true }).waitFor();
    expect(await said(page)).toMatch(/^The suspension is lifted\. The customer is active now: .+\.$/);
    expect(await stateOf(billing, customer)).toMatchObject({ status: 'active', waitingFor: null });

    const rows = page.getByRole('region', { name: 'History' }).locator('tbody tr');
    const [last, before] = await rows.allTextContents();
    expect(last).toMatch(/^[\d-]+ [\d:]+ UTCreactivatedDorothy$/);
    expect(before).toMatch(/^[\d-]+ [\d:]+ UTCsuspendedDorothyA stolen card\.$/);
  });

  test('to extend the grace period moves its end, and can only move it on', async () => {
    const owes = await pastDueCustomer(billing, 'test');
    const { graceEndsAtMs } = await stateOf(billing, owes);
    const page = await openAdminPage(browser, site);
    await page.goto(pathOf(owes));
    expect(await stateOn(page).textContent()).toContain('has access until the grace period ends.');
    expect(await stateOn(page).textContent()).toContain('Owes$2.00');
    const extend = await openForm(page, 'Extend the grace period');
    const days = extend.getByLabel('Days from now');
    expect(await days.getAttribute('min')).toBe('7');
    await days.fill('30');
    await extend.getByLabel('Your name').fill('Katherine');
    await extend.getByRole('button', { name: 'Extend the grace period' }).click();
    await page.getByText('grace period extended').waitFor();
    expect(await said(page)).toMatch(/^The grace period now ends at [\d-]+ [\d:]+ UTC\.$/);
    const after = await stateOf(billing, owes);
    expect((after.graceEndsAtMs ?? 0) - (graceEndsAtMs ?? 0)).toBeGreaterThan(22 * DAY_MS);
    const end = new Date(after.graceEndsAtMs ?? 0).toISOString();
    expect(await stateOn(page).locator(`time[datetime="${end}"]`).count()).toBeGreaterThan(0);
    expect(await page.getByLabel('Days from now').getAttribute('min')).toBe('30');
    expect(await decisionsOf(owes)).toMatchObject([{ type: 'extendGrace', by: 'Katherine' }]);

    const bill = page.getByRole('region', { name: 'Bills' }).getByRole('link', { name: /^in_/ });
    expect(await bill.getAttribute('href')).toMatch(/^http/);
  });

  test('is carried out once, however often its form is sent', async () => {
    const page = await openAdminPage(browser, site);
    await page.goto(pathOf(customer));
    const suspend = await openForm(page, 'Suspend');
    const decisionId = await suspend.locator('input[name="decisionId"]').getAttribute('value');
    const before = (await decisionsOf(customer)).length;
    const form = { decisionId: decisionId ?? '', reason: 'Twice', by: 'Dorothy' };
    for (let press = 0; press < 2; press += 1) {
      const answer = await postForm(page, pathOf(customer, 'suspend'), form);
      expect(answer.status()).toBe(303);
      await page.goto(pathOf(customer));
      expect(await said(page)).toBe('The customer is suspended now.');
    }
    expect(await decisionsOf(customer)).toHaveLength(before + 1);
  });

  test('that makes no sense any more is refused in the words of the workflow, without JavaScript too', async () => {
    const other = await subscribedCustomer(billing);
    const page = await openAdminPage(browser, site, { javaScriptEnabled: false });
    await page.goto(pathOf(other));
    const suspend = await openForm(page, 'Suspend');
    await suspend.getByLabel('Reason').fill('Late');
    await suspend.getByLabel('Your name').fill('Dorothy');
    const elsewhere = await openAdminPage(browser, site);
    await elsewhere.goto(pathOf(other));
    const form = { decisionId: crypto.randomUUID(), reason: 'Early.', by: 'Mary' };
    await postForm(elsewhere, pathOf(other, 'suspend'), form);
    await suspend.getByRole('button', { name: 'Suspend' }).click();
    await page.waitForURL(`**${pathOf(other)}`);
    expect(await said(page)).toBe('The customer is suspended already. Suspended by Mary: Early.');
    expect(await decisionsOf(other)).toMatchObject([{ by: 'Mary' }]);
  });

  test.each([
    ['extend-grace', { days: '91', by: 'Dorothy' }, /^Days from now: must be a number of days/],
    ['extend-grace', { days: '', by: 'Dorothy' }, /^Days from now: must be a number of days/],
    ['suspend', { reason: '', by: 'Dorothy' }, /^Reason: must be 1 to 500 characters/],
    ['reactivate', { by: '' }, /^Your name: must be 1 to 500 characters/],
    ['reactivate', { by: 'Dorothy', decisionId: '' }, /^Decision: must be the id/],
  ])('to %s that was filled in badly is refused: %o', async (decision, fields, words) => {
    const page = await openAdminPage(browser, site);
    await page.goto(pathOf(customer));
    const before = await decisionsOf(customer);
    const form = { decisionId: crypto.randomUUID(), ...fields };
    await postForm(page, pathOf(customer, decision), form);
    await page.goto(pathOf(customer));
    expect(await said(page)).toMatch(words);
    expect(await decisionsOf(customer)).toEqual(before);
  });

  test.each(['extend-grace', 'suspend', 'reactivate'])(
    'to %s is not taken without the token',
    async (decision) => {
      const owes = await subscribedCustomer(billing);
      const page = await openAdminPage(browser, site);
      const form = { decisionId: crypto.randomUUID(), reason: 'Forged', by: 'Eve', days: '90' };
      for (const token of [null, 'guessed']) {
        const answer = await postForm(page, pathOf(owes, decision), form, token);
        expect(answer.status()).toBe(403);
      }
      expect(await decisionsOf(owes)).toEqual([]);
      expect(await stateOf(billing, owes)).toMatchObject({ status: 'active' });
    },
  );
});
