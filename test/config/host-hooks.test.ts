import { exec } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadServiceConfig } from '../../config/config.ts';
import { parts, problemsOf } from './service-variables.ts';

const hook = { HOST_WEBHOOK_URL: 'https://host.example' };

function hookSecretOf(bytes: number): string {
  return `whsec_${Buffer.alloc(bytes, 'donotshowme').toString('base64')}`;
}

describe('the environment', () => {
  it('tells the host product nothing unless it is asked to', () => {
    expect(loadServiceConfig(parts).hostHooks).toEqual({ live: null, test: null });
  });

  it.each([
    ['live', 'HOST_WEBHOOK_URL', 'HOST_WEBHOOK_SECRET'],
    ['test', 'HOST_TEST_WEBHOOK_URL', 'HOST_TEST_WEBHOOK_SECRET'],
  ])('takes the hook of %s mode whole or not at all', (mode, urlName, secretName) => {
    const url = 'https://host.example/billing-messages';
    const secret = hookSecretOf(32);
    const config = loadServiceConfig({ ...parts, [urlName]: url, [secretName]: secret });
    expect(config.hostHooks).toEqual({ live: null, test: null, [mode]: { url, secrets: [secret] } });
    const old = hookSecretOf(24);
    const two = loadServiceConfig({ ...parts, [urlName]: url, [secretName]: `${secret}, ${old}` });
    expect(two.hostHooks).toMatchObject({ [mode]: { secrets: [secret, old] } });

    const withoutSecret = problemsOf({ ...parts, [urlName]: url });
    expect(withoutSecret).toEqual([
      expect.stringMatching(`^${secretName}: is missing beside ${urlName}; make one`),
    ]);
    const withoutUrl = problemsOf({ ...parts, [secretName]: secret });
    expect(withoutUrl).toEqual([expect.stringMatching(`^${urlName}: is missing beside ${secretName};`)]);
  });

  it.each([24, 64])('takes a hook secret of %i bytes', (bytes) => {
    expect(problemsOf({ ...parts, ...hook, HOST_WEBHOOK_SECRET: hookSecretOf(bytes) })).toEqual([]);
  });

  it.each([
    ['too short', hookSecretOf(23)],
    ['too long', hookSecretOf(65)],
    ['with another prefix', hookSecretOf(32).replace('whsec_', 'whpub_')],
    ['with the prefix alone', 'whsec_'],
    ['in hexadecimal', `whsec_${'0123456789abcdef'.repeat(4)}x`],
    ['in the base64 of URLs', `whsec_${Buffer.alloc(32, 255).toString('base64url')}`],
    ['without its padding', hookSecretOf(32).replace('=', '')],
    ['beside a good one', `${hookSecretOf(32)},${hookSecretOf(23)}`],
  ])('refuses a hook secret %s, and says how to make one', (_fault, secret) => {
    const problems = problemsOf({ ...parts, ...hook, HOST_WEBHOOK_SECRET: secret });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^HOST_WEBHOOK_SECRET: must be whsec_ .* node -e/);
    expect(problems[0]).not.toContain(secret.slice('whsec_'.length) || secret + secret);
  });

  it('says how to make a hook secret that it takes itself', async () => {
    const [problem = ''] = problemsOf({ ...parts, ...hook, HOST_WEBHOOK_SECRET: 'x' });
    const { stdout } = await promisify(exec)(problem.slice(problem.indexOf('node -e')));
    expect(problemsOf({ ...parts, ...hook, HOST_WEBHOOK_SECRET: stdout.trim() })).toEqual([]);
  });

  it.each([
    'ftp://host.example',
    'host.example',
    'https://ada:hunter2@host.example',
    'https://ada@host.example',
  ])('refuses %s as a hook, without saying it again', (url) => {
    const problems = problemsOf({ ...parts, HOST_WEBHOOK_URL: url, HOST_WEBHOOK_SECRET: hookSecretOf(32) });
    expect(problems).toEqual([expect.stringMatching(/^HOST_WEBHOOK_URL: must /)]);
    expect(problems[0]).not.toContain('host.example');
  });
});
