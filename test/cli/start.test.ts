import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStackFile, type StackFile } from '../../config/stack-file.ts';
import { freePort } from '../../process/free-port.ts';
import { makeFolder, pressCtrlC, processesOf, type RunningCommand, runCommand } from './command.ts';

describe('npm start', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let variables: Record<string, string>;
  let running: RunningCommand;
  let stack: StackFile;

  async function start(): Promise<void> {
    running = runCommand('start', [], variables);
    await running.printed('Ctrl-C stops all of it');
    const file = await readStackFile(folder);
    if (file === undefined) throw new Error('npm start wrote no stack.json');
    stack = file;
  }

  async function stop(): Promise<number | string | null> {
    pressCtrlC(running);
    return await running.ended;
  }

  const call = (method: string, route: string, body?: object) =>
    fetch(`${stack.apiUrl}${route}`, {
      method,
      headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  const signIn = (password: string | null) =>
    fetch(`${stack.apiUrl}/admin47392/sign-in`, {
      method: 'POST',
      body: new URLSearchParams({ password: password ?? '' }),
      redirect: 'manual',
    });

  async function billing(...args: string[]): Promise<{ status: number | string | null; output: string }> {
    const command = runCommand('billing', args, variables);
    return { status: await command.ended, output: command.output() };
  }

  beforeAll(async () => {
    ({ folder, remove } = await makeFolder());
    const ports = ['PORT', 'POSTGRES_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'STRIPE_SIMULATOR_PORT'];
    variables = { DATA_DIR: folder };
    for (const name of ports) variables[name] = String(await freePort());
    await start();
  });
  afterAll(async () => {
    await stop();
    await remove();
  });

  it('writes stack.json for its owner only, with all that is needed to talk to it', async () => {
    const file = path.join(folder, 'stack.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(stack.apiUrl).toBe(`http://127.0.0.1:${variables['PORT']}`);
    expect(Object.keys(stack).toSorted()).toEqual([
      'accountLinkSecrets',
      'adminPassword',
      'apiKey',
      'apiUrl',
      'databaseUrl',
      'stripe',
      'temporalAddress',
      'temporalNamespace',
      'temporalUiUrl',
      'testApiKey',
    ]);
    expect(running.output()).toContain(stack.apiUrl);
    expect(running.output()).toContain(stack.temporalUiUrl);
    const { live = '?', test = '?' } = stack.accountLinkSecrets ?? {};
    for (const secret of [stack.apiKey, stack.adminPassword ?? '?', stack.databaseUrl, live, test])
      expect(running.output()).not.toContain(secret);
  });

  it('is ready, and shows its Web UI', async () => {
    expect((await call('GET', '/readyz')).status).toBe(200);
    expect((await fetch(stack.temporalUiUrl ?? '')).status).toBe(200);
  });

  it('lets in who knows the password of stack.json, and nobody else', async () => {
    expect((await signIn(stack.adminPassword)).headers.get('location')).toBe('/admin47392/test-billing');
    expect((await signIn('a guess of somebody')).status).toBe(401);
  });

  it('opens the account page of a demo user by the link that it prints, and of anybody by npm run billing', async () => {
    const follow = async (link: string) => await fetch(link, { redirect: 'manual' });
    const [printed = ''] = /http\S+\/account\?token=\S+/.exec(running.output()) ?? [];
    const opened = await follow(printed);
    expect(opened.status).toBe(303);
    const session = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
    const page = await fetch(`${stack.apiUrl}/account`, { headers: { cookie: session } });
    expect(await page.text()).toContain('Demo User');
    expect((await follow(printed)).status).toBe(401);

    const { status, output } = await billing('account-link', 'demo', '--mode', 'test');
    expect(status, output).toBe(0);
    expect((await follow(output.trim())).status).toBe(303);
    const ofNobody = await billing('account-link', 'demo');
    expect(ofNobody).toMatchObject({ status: 1 });
    expect(ofNobody.output).toContain('No user "demo" is registered in live mode');
  });

  it('keeps users, keys and who is signed in over a restart, also when the parts were stopped in the middle of their work', async () => {
    expect(
      (await call('PUT', '/api/users/grace', { email: 'grace@example.com', name: 'Grace' })).status,
    ).toBe(200);
    const { apiKey, stripe } = stack;
    const session = (await signIn(stack.adminPassword)).headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(await stop()).toBe(0);
    expect(await processesOf(folder)).toEqual([]);
    await start();
    expect(stack.apiKey).toBe(apiKey);
    expect(stack.stripe).toEqual(stripe);
    const page = await fetch(`${stack.apiUrl}/admin47392/test-billing`, { headers: { cookie: session } });
    expect(await page.text()).toContain('New test purchase');
    expect(await (await call('GET', '/api/users/grace/billing')).json()).toMatchObject({ status: 'none' });
  });

  it('refuses a taken port with a sentence that names the variable', async () => {
    const second = runCommand('start', [], { ...variables, DATA_DIR: path.join(folder, 'second') });
    expect(await second.ended).toBe(1);
    expect(second.output()).toMatch(/Port \d+ is taken\. PORT asks for it/);
  });

  it('names every problem of the environment at once, without what the variables hold', async () => {
    const refused = runCommand('start', [], {
      ...variables,
      PORT: 'eighty',
      STRIPE_TEST_SECRET_KEY: 'sk_live_secret',
    });
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toContain('PORT:');
    expect(refused.output()).toContain('STRIPE_TEST_SECRET_KEY: must begin with sk_test_');
    expect(refused.output()).not.toContain('sk_live_secret');
  });

  it('serves npm run billing: setup-stripe twice gives the same prices', async () => {
    const first = await billing('setup-stripe');
    expect(first.status, first.output).toBe(0);
    expect(first.output).toMatch(/API Calls +\$0\.00001 +price_\w+ +mtr_\w+/);
    expect(await billing('setup-stripe')).toEqual(first);
  });

  it('serves npm run billing: a month without usage closes with nothing', async () => {
    const close = await billing('close', '2026-01', '--wait');
    expect(close.status, close.output).toBe(0);
    expect(close.output).toMatch(/Bills frozen +0/);
  });

  it.each([
    [['close', '2999-01'], /not over yet/],
    [['close', 'october'], /YYYY-MM/],
    [['approve'], /missing required argument/],
    [['frobnicate'], /unknown command/],
  ])('npm run billing %j says what is wrong and exits 1', async (args, complaint) => {
    const { status, output } = await billing(...args);
    expect(status).toBe(1);
    expect(output).toMatch(complaint);
  });

  it('writes no secret to its log', async () => {
    const log = await readFile(path.join(folder, 'logs', 'stack.log'), 'utf8');
    for (const secret of [
      stack.apiKey,
      stack.testApiKey,
      stack.adminPassword ?? '?',
      stack.stripe.live?.webhookSecret ?? '?',
    ]) {
      expect(log).not.toContain(secret);
    }
  });
});
