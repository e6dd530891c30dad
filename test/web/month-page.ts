import type { Page } from 'playwright-core';
import type { BillingPeriod } from '../../domain/billing-period.ts';
import { tabPath } from '../../web/admin/tabs.ts';
import { openForm } from './forms.ts';

/** Waits for the month to stand there, without loading the page again. */
export const standsAt = (page: Page, words: string) =>
  page.locator('#month-standing').getByText(words, { exact: true }).waitFor();

export async function startOnPage(page: Page, period: BillingPeriod): Promise<void> {
  await page.goto(tabPath('months', 'test', period));
  const form = await openForm(page, /^Close the month/);
  await form.getByRole('button', { name: /^Close .+ now$/ }).click();
  await page.getByRole('status').getByText(`The close of ${period} runs.`).waitFor();
}

export async function approveOnPage(page: Page, period: BillingPeriod): Promise<void> {
  await standsAt(page, 'waits for approval');
  const form = await openForm(page, 'Approve the month');
  await form.getByLabel('Your name').fill('Grace');
  await form.getByRole('button', { name: /^Approve/ }).click();
  await page.getByText(`${period} is approved`).waitFor();
}

export async function holdOnPage(page: Page, bills: string, reason: string): Promise<void> {
  const form = await openForm(page, 'Hold bills');
  await form.getByLabel('Bills or users').fill(bills);
  await form.getByLabel('Reason').fill(reason);
  await form.getByLabel('Your name').fill('Grace');
  await form.getByRole('button', { name: 'Hold these bills' }).click();
}

/** What the page says under a heading of its figures. */
export async function figure(page: Page, name: string): Promise<string | null> {
  return await page.locator('dl div', { hasText: name }).first().locator('dd').textContent();
}

/** The texts of a table’s rows, without its head. */
export async function rowsOf(page: Page, table: string): Promise<string[]> {
  return (await page.getByRole('region', { name: table }).getByRole('row').allTextContents()).slice(1);
}
