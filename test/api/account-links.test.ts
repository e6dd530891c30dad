import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountAudience, accountLinkReader, signAccountLink } from '../../api/account/link.ts';
import { useAccountLink } from '../../db/account-links.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const SECRETS = { live: 'l'.repeat(32), oldLive: 'o'.repeat(32), test: 't'.repeat(32) };
const NOW = new Date('2026-11-03T09:30:00Z');
const NOW_SECONDS = NOW.getTime() / 1_000;

let hostKeys: Server;
let jwksUrl: string;
let hostKey: CryptoKey;
beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  hostKey = privateKey;
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'ES256' }] });
  hostKeys = createServer((_request, response) => response.end(jwks));
  await new Promise<void>((resolve) => hostKeys.listen(0, '127.0.0.1', resolve));
  jwksUrl = `http://127.0.0.1:${(hostKeys.address() as AddressInfo).port}/jwks`;
});
afterAll(() => hostKeys.close());

const reader = (live: { jwksUrl?: string; secrets?: string[] } = {}) =>
  accountLinkReader(
    {
      links: {
        live: { secrets: [SECRETS.live, SECRETS.oldLive], jwksUrl: null, ...live },
        test: { secrets: [SECRETS.test], jwksUrl: null },
      },
    },
    () => NOW,
  );

const GOOD = {
  sub: 'ada',
  jti: 'link-1',
  aud: 'durable-billing:live',
  iat: NOW_SECONDS,
  exp: NOW_SECONDS + 60,
};

async function signed(
  claims: Readonly<Record<string, unknown>>,
  secret = SECRETS.live,
  alg = 'HS256',
): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
}

describe('a link', () => {
  test.each([
    ['live', SECRETS.live],
    ['live', SECRETS.oldLive],
    ['test', SECRETS.test],
  ] as const)('of %s mode, signed as the command line does it, is read', async (mode, secret) => {
    const token = await signAccountLink(secret, { mode, userId: 'ada', linkId: 'link-1' }, NOW);
    expect(await reader()(token)).toEqual({
      mode,
      userId: 'ada',
      linkId: 'link-1',
      expiresAt: new Date('2026-11-03T09:40:00Z'),
    });
  });

  test('signed by a key that the host product publishes is read, beside those with a secret', async () => {
    const read = reader({ jwksUrl });
    const header = { alg: 'ES256', kid: 'key-1' };
    const token = await new SignJWT(GOOD).setProtectedHeader(header).sign(hostKey);
    expect(await read(token)).toMatchObject({ userId: 'ada', mode: 'live' });
    expect(await read(await signed(GOOD))).toMatchObject({ userId: 'ada' });
    await expect(reader()(token)).rejects.toThrow(/not good/);
  });

  test.each([
    ['of another secret', () => signed(GOOD, 'x'.repeat(32)), /signature verification failed/],
    ['that says it is live, with the secret of test mode', () => signed(GOOD, SECRETS.test), /signature/],
    [
      'of no mode',
      () => signed({ ...GOOD, aud: 'durable-billing' }),
      /"aud" must be durable-billing:live or/,
    ],
    ['that has expired', () => signed({ ...GOOD, exp: NOW_SECONDS - 60 }), /has expired/],
    [
      'that was signed long ago, whatever it says of its end',
      () => signed({ ...GOOD, iat: NOW_SECONDS - 700, exp: NOW_SECONDS + 9_000 }),
      /expired/,
    ],
    ['signed in the future', () => signed({ ...GOOD, iat: NOW_SECONDS + 300 }), /"iat"/],
    ['without an end', () => signed({ ...GOOD, exp: undefined }), /"exp"/],
    ['without an id', () => signed({ ...GOOD, jti: undefined }), /"jti"/],
    ['with an id too long to keep', () => signed({ ...GOOD, jti: 'j'.repeat(256) }), /"jti" must have/],
    ['of nobody', () => signed({ ...GOOD, sub: undefined }), /"sub"/],
    ['of what can be no user', () => signed({ ...GOOD, sub: 'a b' }), /"sub" must be the id/],
    ['that nobody signed', () => Promise.resolve(new UnsecuredJWT(GOOD).encode()), /not good/],
    ['with another algorithm', () => signed(GOOD, SECRETS.live, 'HS512'), /not good/],
    ['that is no token', () => Promise.resolve('hello'), /must be a JWT/],
  ])('%s is refused, and the refusal says why', async (_what, token, why) => {
    await expect(reader()(await token())).rejects.toMatchObject({
      name: 'AccountLinkRefused',
      message: expect.stringMatching(why) as string,
    });
  });

  test('whose signer publishes keys that can not be had is refused', async () => {
    const read = reader({ secrets: [], jwksUrl: 'http://127.0.0.1:1/jwks' });
    await expect(read(await signed(GOOD, SECRETS.live))).rejects.toThrow(/not good/);
  });

  test("with the host product's public key as its secret is refused", async () => {
    const { keys } = (await (await fetch(jwksUrl)).json()) as { keys: { x: string }[] };
    const token = await signed(GOOD, keys[0]?.x);
    await expect(reader({ secrets: [], jwksUrl })(token)).rejects.toThrow(/not good/);
  });

  test('of a mode in which nobody signs any is refused, and says what is to be set', async () => {
    const token = await signed({ ...GOOD, aud: accountAudience('live') });
    await expect(reader({ secrets: [] })(token)).rejects.toThrow(/ACCOUNT_LINK_SECRETS/);
  });
});

describe('opens the page once', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const expiresAt = new Date('2026-11-03T09:40:00Z');
  const use = (linkId: string, now = NOW, mode: 'live' | 'test' = 'live') =>
    useAccountLink(database.db, { mode, linkId }, { expiresAt, now });

  test('however many try at the same time; another link, and the same id of the other mode, are others', async () => {
    const tries = await Promise.all(Array.from({ length: 8 }, () => use('same')));
    expect(tries.filter((isFirst) => isFirst)).toHaveLength(1);
    expect(await use('same')).toBe(false);
    expect(await use('other')).toBe(true);
    expect(await use('same', NOW, 'test')).toBe(true);
  });

  test('and is remembered until it has expired', async () => {
    await use('kept', expiresAt);
    expect(await use('kept', expiresAt)).toBe(false);
    await use('another', new Date(expiresAt.getTime() + 1));
    const rows = await database.db.selectFrom('used_account_links').select('link_id').execute();
    expect(rows).toEqual([{ link_id: 'another' }]);
  });
});
