import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadServiceConfig } from '../../config/config.ts';
import { ENVIRONMENT_NAMES } from '../../config/environment.ts';
import { parts, problemsOf } from './service-variables.ts';

/** The same each time, but no text that a message could hold by chance. */
const HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA';

describe('the environment', () => {
  it('has the defaults that the documentation states', () => {
    const config = loadServiceConfig(parts);
    expect(config).toMatchObject({
      port: 3_000,
      rules: {
        graceMs: 7 * 24 * 60 * 60_000,
        collectionWindowMs: 60 * 60_000,
        approval: 'auto',
        creditsExpireAfterMs: null,
        holdOutliers: { factor: 5, minimumCents: 10_000 },
      },
      stripe: {
        modes: { live: null, test: null },
        automaticTax: false,
        batchRequestsPerSecond: { live: 80, test: 25 },
      },
    });
  });

  it('takes an empty variable for an absent one, as .env.example leaves them', async () => {
    const example = Object.fromEntries((await exampleLines()).map((line) => [line, '']));
    expect(loadServiceConfig({ ...example, ...parts })).toEqual(loadServiceConfig(parts));
  });

  it('is listed whole in .env.example, and nothing else is but what docker-compose.yml reads itself', async () => {
    const asked = [...(await composeFile()).matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name);
    const all = new Set([...ENVIRONMENT_NAMES, ...asked]);
    expect((await exampleLines()).toSorted()).toEqual([...all].toSorted());
  });

  it('has every name that the seed has', async () => {
    const seed = [
      'STRIPE_SECRET_KEY',
      'STRIPE_WEBHOOK_SECRET',
      'NEXT_PUBLIC_STRIPE_PUBLISHABLE_KEY',
      'STRIPE_PRICE_ID_CPU_HOUR',
      'STRIPE_PRICE_ID_GPU_HOUR',
      'STRIPE_PRICE_ID_STORAGE_GB_MONTH',
      'STRIPE_PRICE_ID_API_CALLS',
      'STRIPE_PRICE_ID_CREDIT',
      'STRIPE_TEST_SECRET_KEY',
      'NEXT_PUBLIC_STRIPE_TEST_PUBLISHABLE_KEY',
      'STRIPE_TEST_WEBHOOK_SECRET',
      'STRIPE_TEST_PRODUCT_ID',
    ];
    expect(ENVIRONMENT_NAMES).toEqual(expect.arrayContaining(seed));
  });

  it('names all its problems at once', () => {
    const problems = problemsOf({
      PORT: '99999',
      BILLING_COLLECTION_WINDOW: 'soon',
      STRIPE_TEST_SECRET_KEY: 'sk_live_1',
    });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'PORT',
      'STRIPE_TEST_SECRET_KEY',
      'BILLING_COLLECTION_WINDOW',
    ]);
    expect(problemsOf({ STRIPE_SECRET_KEY: 'sk_live_1' }).map((problem) => problem.split(':')[0])).toEqual([
      'STRIPE_WEBHOOK_SECRET',
      'DATABASE_URL',
      'TEMPORAL_ADDRESS',
    ]);
  });

  it('never shows a secret in its complaint', () => {
    const secret = 'sk_live_donotshowme';
    for (const variables of [
      { STRIPE_TEST_SECRET_KEY: secret },
      { STRIPE_WEBHOOK_SECRET: secret },
      { DATABASE_URL: `mysql://u:${secret}@h` },
    ]) {
      const problems = problemsOf(variables);
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.join()).not.toContain(secret);
    }
  });

  it('refuses a key of the other mode', () => {
    expect(
      problemsOf({ ...parts, STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' }),
    ).toHaveLength(1);
    expect(
      problemsOf({ ...parts, STRIPE_TEST_SECRET_KEY: 'rk_live_1', STRIPE_TEST_WEBHOOK_SECRET: 'whsec_1' }),
    ).toHaveLength(1);
  });

  it('takes two webhook secrets while one replaces the other', () => {
    const config = loadServiceConfig({
      ...parts,
      STRIPE_SECRET_KEY: 'sk_live_1',
      STRIPE_WEBHOOK_SECRET: 'whsec_old, whsec_new',
    });
    expect(config.stripe.modes.live?.webhookSecrets).toEqual(['whsec_old', 'whsec_new']);
  });

  it('has no admin unless there is a password, and then needs what signs their sessions', () => {
    const passwordHash = HASH;
    const [old, fresh] = ['o'.repeat(32), 'n'.repeat(32)];
    expect(loadServiceConfig(parts).admin).toBeNull();
    expect(problemsOf({ ...parts, ADMIN_PASSWORD_HASH: passwordHash })).toEqual([
      expect.stringMatching(/^ADMIN_SESSION_SECRETS: is missing beside ADMIN_PASSWORD_HASH; make one/),
    ]);
    const admin = { ADMIN_PASSWORD_HASH: passwordHash, ADMIN_SESSION_SECRETS: `${fresh}, ${old}` };
    expect(loadServiceConfig({ ...parts, ...admin }).admin).toEqual({
      passwordHashes: [passwordHash],
      sessionSecrets: [fresh, old],
    });
    const another = passwordHash.replace('c2FsdH', 'b3RoZX');
    const two = { ...admin, ADMIN_PASSWORD_HASH: `${another} ${passwordHash}` };
    expect(loadServiceConfig({ ...parts, ...two }).admin?.passwordHashes).toEqual([another, passwordHash]);
    const linked = { ...parts, ...admin, TEMPORAL_UI_URL: 'https://temporal.example' };
    expect(loadServiceConfig(linked).temporalUiUrl).toBe('https://temporal.example');
    expect(loadServiceConfig(parts).temporalUiUrl).toBeNull();
  });

  it('has no account page unless somebody may sign links to it, in each mode with secrets of its own', () => {
    const [sessions, live, test] = ['s'.repeat(32), 'l'.repeat(32), 't'.repeat(32)];
    expect(loadServiceConfig(parts).account).toBeNull();
    expect(problemsOf({ ...parts, ACCOUNT_LINK_SECRETS: live })).toEqual([
      expect.stringMatching(/^ACCOUNT_SESSION_SECRETS: is missing beside who signs links; make one/),
    ]);
    const signs = { ...parts, ACCOUNT_SESSION_SECRETS: sessions };
    expect(problemsOf(signs)).toEqual([expect.stringMatching(/^ACCOUNT_LINK_SECRETS: is missing/)]);
    expect(
      problemsOf({ ...signs, ACCOUNT_LINK_SECRETS: `${test},${live}`, ACCOUNT_TEST_LINK_SECRETS: test }),
    ).toEqual([expect.stringMatching(/each mode has its own/)]);
    const jwksUrl = 'https://host.example/jwks';
    const both = { ...signs, ACCOUNT_LINK_JWKS_URL: jwksUrl, ACCOUNT_TEST_LINK_SECRETS: `${test}, ${live}` };
    expect(loadServiceConfig(both).account).toEqual({
      sessionSecrets: [sessions],
      links: { live: { secrets: [], jwksUrl }, test: { secrets: [test, live], jwksUrl: null } },
    });
  });

  it.each([
    ['a short secret of links', 'ACCOUNT_LINK_SECRETS', 'hunter2', /32 characters/],
    ['a password in place of its hash', 'ADMIN_PASSWORD_HASH', 'hunter2hunter2', /hash-password/],
    ['a password beside a hash', 'ADMIN_PASSWORD_HASH', `${HASH} hunter2hunter2`, /hash-password/],
    [
      'a short secret beside a long one',
      'ADMIN_SESSION_SECRETS',
      `${'x'.repeat(32)},hunter2`,
      /32 characters/,
    ],
  ])('refuses %s, without saying it again', (_what, name, value, complaint) => {
    const problems = problemsOf({ ...parts, [name]: value });
    expect(problems).toEqual([expect.stringMatching(complaint)]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it.each([
    ['0', 0],
    ['90s', 90_000],
    ['30m', 30 * 60_000],
    ['2 days', 2 * 24 * 60 * 60_000],
  ])('reads a collection window of %s', (text, milliseconds) => {
    expect(loadServiceConfig({ ...parts, BILLING_COLLECTION_WINDOW: text }).rules.collectionWindowMs).toBe(
      milliseconds,
    );
  });

  it.each([
    ['365d', 365 * 24 * 60 * 60_000],
    ['100y', 100 * 365.25 * 24 * 60 * 60_000],
  ])('lets credits expire after %s', (text, milliseconds) => {
    const { rules } = loadServiceConfig({ ...parts, BILLING_CREDITS_EXPIRE_AFTER: text });
    expect(rules.creditsExpireAfterMs).toBe(milliseconds);
  });

  it.each(['0', '101y', 'a year', '-1d'])('does not let credits expire after %s', (text) => {
    expect(problemsOf({ ...parts, BILLING_CREDITS_EXPIRE_AFTER: text })).toEqual([
      expect.stringMatching(/^BILLING_CREDITS_EXPIRE_AFTER: must /),
    ]);
  });

  it.each([
    ['2.5', '0', { factor: 2.5, minimumCents: 0 }],
    ['12', '19.99', { factor: 12, minimumCents: 1_999 }],
    ['0', '100', null],
  ])('holds bills of %s times, and $%s more', (factor, dollars, rule) => {
    const { rules } = loadServiceConfig({
      ...parts,
      BILLING_HOLD_FACTOR: factor,
      BILLING_HOLD_MINIMUM_DOLLARS: dollars,
    });
    expect(rules.holdOutliers).toEqual(rule);
  });

  it.each(['1', '0.5', '-5', 'twice', 'Infinity'])('holds no bills of %s times', (factor) => {
    expect(problemsOf({ ...parts, BILLING_HOLD_FACTOR: factor })).toEqual([
      expect.stringMatching(/^BILLING_HOLD_FACTOR: /),
    ]);
  });

  it.each(['-1', '$100'])('holds no bills of %s more', (dollars) => {
    expect(problemsOf({ ...parts, BILLING_HOLD_MINIMUM_DOLLARS: dollars })).toEqual([
      expect.stringMatching(/^BILLING_HOLD_MINIMUM_DOLLARS: /),
    ]);
  });

  it('reaches the services of docker-compose.yml, every rule of the house', async () => {
    const compose = await composeFile();
    const rules = ENVIRONMENT_NAMES.filter((name) => name.startsWith('BILLING_'));
    for (const name of rules) expect(compose).toMatch(new RegExp(`^ {4}${name}: \\$\\{${name}:-`, 'm'));
  });
});

async function composeFile(): Promise<string> {
  return await readFile(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
}

async function exampleLines(): Promise<string[]> {
  const text = await readFile(new URL('../../.env.example', import.meta.url), 'utf8');
  return text.split('\n').flatMap((line) => /^([A-Z0-9_]+)=/.exec(line)?.[1] ?? []);
}
