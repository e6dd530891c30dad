import type { APIResponse, Page } from 'playwright-core';

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
