import type { APIResponse, Locator, Page } from 'playwright-core';

/** Opens what a form stands behind. @returns it. */
export async function openForm(page: Page, summary: string | RegExp): Promise<Locator> {
  const details = page.locator('details').filter({ has: page.locator('summary', { hasText: summary }) });
  await details.locator('summary').click();
  return details;
}

/** Sends a form as the page would, with its token unless another is given; `null`: none. The redirect is not followed. */
export async function postForm(
  page: Page,
  path: string,
  fields: Readonly<Record<string, string>>,
  token?: string | null,
): Promise<APIResponse> {
  const ours = (await page.locator('input[name="_csrf"]').first().getAttribute('value')) ?? '';
  const sent = token === undefined ? ours : token;
  return await page.request.post(path, {
    form: { ...fields, ...(sent === null ? {} : { _csrf: sent }) },
    maxRedirects: 0,
  });
}
