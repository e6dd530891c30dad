import { sql } from 'kysely';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MAX_GUESSES } from '../../api/rate-limit.ts';
import { registerUser } from '../../db/users.ts';
import { ADMIN_PATH, tabPath } from '../../web/admin/tabs.ts';
import { startBrowser } from '../support/chromium.ts';
import { openAdminPage, openPage, PASSWORD, startTestSite, type TestSite, typePassword } from './harness.ts';
import { startedPurchases } from './put-purchases.ts';

let browser: Browser;
let site: TestSite;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
});
beforeEach(async () => {
  site = await startTestSite({ hasTestMode: true });
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await site.close();
});

describe('signing in', () => {
  test('with the password leads to the page that was asked for', async () => {
    const page = await openPage(browser, site);
    await page.goto(tabPath('months'));
    expect(new URL(page.url()).pathname).toBe(ADMIN_PATH);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`**${tabPath('months')}`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Months');
    expect(await page.locator('[aria-current="page"]').textContent()).toBe('Months');
  });

  test('with another one is refused with a sentence that is read out, and nobody is let in', async () => {
    const page = await openPage(browser, site);
    await typePassword(page, 'a guess of somebody');
    expect(await page.getByRole('alert').textContent()).toMatch(/not the admin's password/);
    await page.goto(tabPath('test-billing'));
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Sign in');
  });

  test('is refused after too many guesses, also with the right password; who is in stays in', async () => {
    const inside = await openAdminPage(browser, site);
    // The password that was right once is known at once: what is tried here is another process of the api.
    const other = await startTestSite();
    try {
      const page = await openPage(browser, other);
      for (let guess = 0; guess < MAX_GUESSES; guess += 1) await typePassword(page, `guess ${guess}`);
      await typePassword(page, PASSWORD);
      expect(await page.getByRole('alert').textContent()).toMatch(/Too many wrong passwords/);
    } finally {
      await other.close();
    }
    await inside.reload();
    expect(await inside.getByRole('heading', { level: 1 }).textContent()).toBe('Test Billing');
  });

  test('many guesses at once are counted as well', async () => {
    const answers = await Promise.all(
      Array.from({ length: 3 * MAX_GUESSES }, (_, guess) => signIn(`guess ${guess}`)),
    );
    const looked = answers.filter(({ status }) => status === 401);
    expect(looked).toHaveLength(MAX_GUESSES);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(2 * MAX_GUESSES);
  });

  test('leads to no page of others', async () => {
    for (const next of ['https://evil.example/', '//evil.example', `${ADMIN_PATH}/../x\\y`]) {
      expect((await signIn(PASSWORD, { next })).headers.get('location')).toBe(tabPath('test-billing'));
    }
  });
});

describe('a session', () => {
  test('has a cookie that scripts and other sites do not get, and another id than before', async () => {
    const page = await openPage(browser, site);
    await typePassword(page);
    const [first] = await page.context().cookies();
    expect(first).toMatchObject({ name: 'admin_session', httpOnly: true, sameSite: 'Strict', path: '/' });
    await page.goto(ADMIN_PATH);
    const again = await signIn(PASSWORD, {}, { cookie: `admin_session=${first?.value}` });
    expect(again.headers.get('set-cookie')).not.toContain(first?.value);
  });

  test('is written down before the browser goes on, however slow the database is', async () => {
    await sql`CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END $$`.execute(site.db);
    await sql`CREATE TRIGGER be_slow BEFORE INSERT ON admin_sessions
      FOR EACH ROW EXECUTE FUNCTION be_slow()`.execute(site.db);
    await registerUser(site.db, { mode: 'test', userId: 'ada', email: 'ada@example.com', name: 'Ada' });
    const page = await openAdminPage(browser, site);
    await page.getByLabel('User', { exact: true }).fill('ada');
    await page.getByRole('button', { name: 'Start the test purchase' }).click();
    expect(await page.getByRole('status').textContent()).toBe('The test purchase has started.');
  });

  test('ends with signing out, for whoever else has its cookie too', async () => {
    const page = await openAdminPage(browser, site);
    const [cookie] = await page.context().cookies();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Password').waitFor();
    const answer = await fetch(`${site.url}${tabPath('test-billing')}`, {
      headers: { cookie: `admin_session=${cookie?.value}` },
      redirect: 'manual',
    });
    expect(answer.status).toBe(303);
  });

  test('ends after a working day, and with another password', async () => {
    const page = await openAdminPage(browser, site);
    for (const change of [{ passwordId: 'another' }, { signedInAtMs: Date.now() - 12 * 60 * 60_000 }]) {
      const { sess } = await session();
      await putSession({ ...sess, admin: { ...sess.admin, ...change } });
      await page.goto(tabPath('test-billing'));
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Sign in');
      await putSession(sess);
      await page.goto(tabPath('test-billing'));
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Test Billing');
    }
  });

  test('is not made for who only looks at the form', async () => {
    const page = await openPage(browser, site);
    await page.goto(ADMIN_PATH);
    expect(await page.context().cookies()).toEqual([]);
  });
});

describe('what changes something', () => {
  const form = { purchaseId: crypto.randomUUID(), userId: 'ada', credits: '5', card: 'success' };

  test.each([
    ['without the token', {}, {}],
    ['with another token', { _csrf: 'guessed' }, {}],
    ['from another site', null, { 'sec-fetch-site': 'cross-site' }],
    ['from another origin, as older browsers say it', null, { origin: 'https://evil.example' }],
    ['from a page without an origin', null, { origin: 'null' }],
  ])('is refused %s', async (_how, fields, headers) => {
    const page = await openAdminPage(browser, site);
    const [cookie] = await page.context().cookies();
    const token = await page.locator('input[name="_csrf"]').first().getAttribute('value');
    const answer = await fetch(`${site.url}${tabPath('test-billing', 'purchases')}`, {
      method: 'POST',
      headers: { cookie: `admin_session=${cookie?.value}`, ...headers } as Record<string, string>,
      body: new URLSearchParams({ ...form, ...(fields ?? { _csrf: token ?? '' }) }),
    });
    expect(answer.status).toBe(403);
    expect(await startedPurchases(site)).toEqual([]);
  });

  test('a form on another page does not sign anybody out', async () => {
    const page = await openAdminPage(browser, site);
    await page.route('https://evil.example/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${site.url}${ADMIN_PATH}/sign-out"><button>Win</button></form>`,
      }),
    );
    await page.goto('https://evil.example/');
    await page.getByRole('button', { name: 'Win' }).click();
    await page.waitForURL(`${site.url}/**`);
    await page.goto(tabPath('test-billing'));
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Test Billing');
  });
});

async function signIn(
  password: string,
  fields: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  return await fetch(`${site.url}${ADMIN_PATH}/sign-in`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ password, ...fields }),
    redirect: 'manual',
  });
}

interface StoredSession {
  readonly admin: { readonly signedInAtMs: number; readonly passwordId: string };
}

async function session(): Promise<{ readonly sess: StoredSession }> {
  const { rows } = await sql<{ sess: StoredSession }>`SELECT sess FROM admin_sessions`.execute(site.db);
  expect(rows).toHaveLength(1);
  return rows[0] as { sess: StoredSession };
}

async function putSession(sess: StoredSession): Promise<void> {
  await sql`UPDATE admin_sessions SET sess = ${JSON.stringify(sess)}`.execute(site.db);
}
