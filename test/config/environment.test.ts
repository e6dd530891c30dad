import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadServiceConfig } from '../../config/config.ts';
import { ConfigurationError, ENVIRONMENT_NAMES } from '../../config/environment.ts';

const parts = {
  DATABASE_URL: 'postgres://user:hunter2@localhost/billing',
  TEMPORAL_ADDRESS: 'localhost:7233',
};

function problemsOf(variables: Record<string, string>): readonly string[] {
  try {
    loadServiceConfig(variables);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe('the environment', () => {
  it('has the defaults that the documentation states', () => {
    const config = loadServiceConfig(parts);
    expect(config).toMatchObject({
      port: 3_000,
      rules: { graceMs: 7 * 24 * 60 * 60_000, collectionWindowMs: 60 * 60_000, approval: 'auto' },
      stripe: { modes: { live: null, test: null }, automaticTax: false, batchRequestsPerSecond: 80 },
    });
  });

  it('takes an empty variable for an absent one, as .env.example leaves them', async () => {
    const example = Object.fromEntries((await exampleLines()).map((line) => [line, '']));
    expect(loadServiceConfig({ ...example, ...parts })).toEqual(loadServiceConfig(parts));
  });

  it('is listed whole in .env.example, and nothing else is', async () => {
    expect((await exampleLines()).toSorted()).toEqual([...ENVIRONMENT_NAMES].toSorted());
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
});

async function exampleLines(): Promise<string[]> {
  const text = await readFile(new URL('../../.env.example', import.meta.url), 'utf8');
  return text.split('\n').flatMap((line) => /^([A-Z0-9_]+)=/.exec(line)?.[1] ?? []);
}
