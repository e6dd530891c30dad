import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import express from 'express';
import { decodeJwt } from 'jose';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { accountLinkReader } from '../../api/account/link.ts';
import { loadServiceConfig } from '../../config/config.ts';
import { ENVIRONMENT_NAMES } from '../../config/environment.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { startBrowser } from '../support/chromium.ts';
import { listen } from '../support/host.ts';
import type { Block } from './document.ts';
import { type RunningStack, startRunningStack } from './running-stack.ts';
import { sendTestEvent, stripeListenOptions } from './stripe-listen.ts';
import { PATIENCE_MS, type Walkthrough, walkThrough } from './walkthrough.ts';

// docs/integration.md, chapter by chapter, as a developer would go through it: on the stack that `npm start` runs, with its blocks.

let guide: Walkthrough;
let stack: RunningStack;
let browser: Browser;

beforeAll(async () => {
  stack = await startRunningStack();
  guide = await walkThrough('integration.md', stack);
  browser = await startBrowser();
});
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(async () => {
  await browser.close();
  await stack.stop();
});

const configOf = ({ text }: Pick<Block, 'text'>) =>
  loadServiceConfig({
    ...parseEnv(text),
    DATABASE_URL: stack.file.databaseUrl,
    TEMPORAL_ADDRESS: stack.file.temporalAddress,
  });

/** Follows a link to the account page: it opens this user's, once. */
async function expectToOpen(link: string | null, name: string): Promise<void> {
  const follow = () => fetch(link ?? '', { redirect: 'manual' });
  const opened = await follow();
  expect(opened.status).toBe(303);
  const cookie = opened.headers.get('set-cookie') ?? '';
  expect(cookie).toContain('HttpOnly');
  const headers = { cookie: cookie.split(';')[0] ?? '' };
  const page = await fetch(new URL(opened.headers.get('location') ?? '', link ?? ''), { headers });
  expect(page.status).toBe(200);
  expect(await page.text()).toContain(name);
  expect((await follow()).status).toBe(401);
}

describe.sequential('docs/integration.md', () => {
  test('1. Keys', async () => {
    const [printSecret, keys] = guide.blocksOf('1. Keys', 'bash', 'ini');
    expect(await stripeListenOptions(printSecret)).toEqual(['--print-secret']);
    expect(configOf(keys).stripe.modes).toMatchObject({ live: null, test: { secretKey: 'sk_test_…' } });
    const onlyKey = { text: keys.text.split('\n', 1)[0] ?? '' };
    expect(() => configOf(onlyKey)).toThrow('STRIPE_TEST_WEBHOOK_SECRET: is missing');
  });

  test('2. Start', async () => {
    const [start, key] = guide.blocksOf('2. Start', 'bash', 'bash');
    expect(start.text).toBe('npm start\n');
    // It runs already, by what this stands for.
    expect(packageFile.scripts.start).toBe('node --import tsx cli/start.ts');
    await guide.run(key);
    expect(stack.terminal.variable('KEY')).toBe(stack.file.testApiKey);
  });

  test('3. Products and prices', async () => {
    const [setUp, prices] = guide.blocksOf('3. Products and prices', 'bash', 'text');
    const first = await guide.printed(setUp);
    expect(first).toMatch(guide.documentedText(prices));
    expect(await guide.printed(setUp)).toBe(first);
  });

  test('4. Webhooks', async () => {
    const [forward] = guide.blocksOf('4. Webhooks', 'bash');
    const [option, address = ''] = await stripeListenOptions(forward);
    expect(option).toBe('--forward-to');
    const url = `http://${stack.here(address)}`;
    expect(await sendTestEvent(url, stack.file.stripe.test?.webhookSecret)).toBe(200);
    const live = `${stack.file.apiUrl}/api/webhooks/stripe`;
    for (const secret of [stack.file.stripe.test?.webhookSecret, stack.file.stripe.live?.webhookSecret])
      expect(await sendTestEvent(live, secret)).toBe(400);
  });

  test('5. A user', async () => {
    const [register, registered] = guide.blocksOf('5. A user', 'bash', 'json');
    expect(await guide.answer(register)).toEqual(guide.documentedAnswer(registered));
    expect(await guide.answer(register)).toEqual(guide.documentedAnswer(registered));
  });

  test('6. Usage', async () => {
    const [send, taken, ask, usage] = guide.blocksOf('6. Usage', 'bash', 'json', 'bash', 'json');
    expect(await guide.answer(send)).toEqual(guide.documentedAnswer(taken));
    expect(await guide.answer(send)).toMatchObject({ accepted: 0, duplicates: 2 });
    expect(await guide.answer(ask)).toEqual(guide.documentedAnswer(usage));
  });

  describe('7. The link to /account', () => {
    const LANGUAGES = ['bash', 'ts', 'ts', 'ts', 'bash', 'text', 'bash', 'ts'] as const;
    const blocks = () => guide.blocksOf('7. The link to /account', ...LANGUAGES);

    beforeAll(async () => {
      const [secrets, , , , , , key] = blocks();
      await guide.run(secrets);
      await guide.run(key);
    });
    // Read when the host's code is loaded, so before each test that loads some.
    const stubEnvironment = () => {
      for (const name of ['BILLING_URL', 'BILLING_LINK_SECRET', 'BILLING_LINK_KEY'])
        vi.stubEnv(name, stack.terminal.variable(name));
    };

    test.each([
      [1, 'billing-link.ts'],
      [2, 'express.ts'],
      [3, 'app/billing/route.ts'],
      [7, 'billing-link-jwks.ts'],
    ] as const)('its block %i is the code that is run here: %s', async (index, file) => {
      expect(blocks()[index].text).toBe(await readFile(new URL(`host/${file}`, import.meta.url), 'utf8'));
    });

    test('has the claims of the table, and is good for ten minutes at most', async () => {
      stubEnvironment();
      const { billingLink } = await import('./host/billing-link.ts');
      const claims = decodeJwt(new URL(await billingLink('ada')).searchParams.get('token') ?? '');
      const [, table = ''] =
        /^\| --- \| --- \|\n((?:\|.*\n)+)/m.exec(guide.chapterOf('7. The link to /account').text) ?? [];
      const first = table.split('\n').map((row) => row.split('|')[1] ?? '');
      const documented = first.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
      expect(new Set(Object.keys(claims))).toEqual(new Set(documented));
      expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(60);
    });

    /** Asks a host for `/billing` as its users do. */
    const expectToLead = async (ask: (headers: Record<string, string>) => Promise<Response>) => {
      const locationFor = async (headers: Record<string, string>) => {
        const redirect = await ask(headers);
        expect(redirect.status).toBe(303);
        return redirect.headers.get('location');
      };
      await expectToOpen(await locationFor({ 'x-signed-in-user': 'ada' }), 'ada@example.com');
      await expectToOpen(await locationFor({ 'x-signed-in-user': 'demo' }), 'demo@example.com');
      expect(await locationFor({})).toBe('/login');
      // A redirect from a cache would be of a link that is used up.
      const redirect = await ask({ 'x-signed-in-user': 'ada' });
      expect(redirect.headers.get('cache-control')).toBe('no-store');
    };

    test('of an Express host opens the page of who is signed in, once', async () => {
      expect.hasAssertions();
      stubEnvironment();
      const { toBilling } = await import('./host/express.ts');
      const signedInUser = (request: express.Request) => request.get('x-signed-in-user');
      await using host = await listen(express().get('/billing', toBilling(signedInUser)));
      await expectToLead((headers) => fetch(`${host.origin}/billing`, { headers, redirect: 'manual' }));
    });

    test('of a Next.js host opens the page of who is signed in, once', async () => {
      expect.hasAssertions();
      stubEnvironment();
      const { GET } = await import('./host/app/billing/route.ts');
      await expectToLead((headers) => GET(new Request('https://host.example/billing', { headers })));
    });

    test('of the command line opens it, too', async () => {
      const [, , , , command, link] = blocks();
      const output = await guide.printed(command);
      expect(output).toMatch(guide.documentedText(link));
      await expectToOpen(/http\S+token=\S+/.exec(output)?.[0] ?? '', 'ada@example.com');
    });

    test('signed by a key that the host publishes is read', async () => {
      stubEnvironment();
      const { billingLink, jwks } = await import('./host/billing-link-jwks.ts');
      expect(jwks.keys[0]).not.toHaveProperty('d');
      const app = express().get('/jwks.json', (_request, response) => void response.json(jwks));
      await using host = await listen(app);
      const { account } = configOf({
        text: `ACCOUNT_SESSION_SECRETS=${'s'.repeat(32)}\nACCOUNT_TEST_LINK_JWKS_URL=${host.origin}/jwks.json`,
      });
      if (account === null) throw new Error('there is no account page');
      const token = new URL(await billingLink('ada')).searchParams.get('token') ?? '';
      expect(await accountLinkReader(account)(token)).toMatchObject({ mode: 'test', userId: 'ada' });
    });
  });

  test('8. The first card', async () => {
    const [ask, active] = guide.blocksOf('8. The first card', 'bash', 'json');
    expect(await guide.answer(ask)).toMatchObject({ status: 'none' });

    const { text } = guide.chapterOf('8. The first card');
    const page = await openAccount();
    await page
      .getByRole('button', { name: /press "(.+?)"/.exec(text)?.[1] ?? '?' })
      .first()
      .click();
    await page.getByLabel('Card number').fill(/`(\d{4}(?: \d{4}){3})`/.exec(text)?.[1] ?? '?');
    await page.locator('button.pay').click();
    await page
      .getByRole('heading', { name: /"(\w+)" appears/.exec(text)?.[1] ?? '?', exact: true })
      .waitFor();
    await guide.untilAnswered(ask, active);
  });

  test('9. The first invoice', async () => {
    const [preview, previewed, close, closed, ask, bills] = guide.blocksOf(
      '9. The first invoice',
      ...(['bash', 'text', 'bash', 'text', 'bash', 'json'] as const),
    );
    expect(await guide.printed(preview)).toMatch(guide.documentedText(previewed));
    expect(await guide.printed(close)).toMatch(guide.documentedText(closed));
    await guide.untilAnswered(ask, bills);
    expect(await guide.printed(close)).toContain('Bills frozen 0');
    const page = await openAccount();
    expect(await page.locator('details.bill').textContent()).toContain('$2.75');
  });

  test('Going live', async () => {
    const [commands, secrets] = guide.blocksOf('Going live', 'bash', 'ini');
    expect(await guide.run(commands)).toContain('Cluster cluster-a (live) takes 100 users.');
    const { links } = configOf(secrets).account ?? {};
    expect(links?.live.secrets).toHaveLength(1);
    expect(links?.test.secrets).toHaveLength(1);
  });

  test('names no variable that there is not', () => {
    const names = guide.chapters.flatMap(
      ({ text }) => text.match(/\b(STRIPE|ACCOUNT|HOST|API)(_[A-Z]+)+\b/g) ?? [],
    );
    expect(names.length).toBeGreaterThan(10);
    expect(ENVIRONMENT_NAMES).toEqual(expect.arrayContaining(names));
  });

  test('has no block that was not tried above', () => {
    expect(guide.untried()).toEqual([]);
  });
});

/** In a browser, by the link of the host product. */
async function openAccount() {
  vi.stubEnv('BILLING_URL', stack.terminal.variable('BILLING_URL'));
  vi.stubEnv('BILLING_LINK_SECRET', stack.terminal.variable('BILLING_LINK_SECRET'));
  const { billingLink } = await import('./host/billing-link.ts');
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(await billingLink('ada'));
  return page;
}
