import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';

const { BILLING_URL = '', BILLING_LINK_KEY = '' } = process.env;
/** Names the key. To replace it, publish both for some minutes, each under its own name. */
const kid = '2026-11';

/** What the address in ACCOUNT_TEST_LINK_JWKS_URL answers. */
export const jwks = {
  keys: [{ ...createPublicKey(BILLING_LINK_KEY).export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }],
};

/** The address of the user's account page; it opens once, within a minute. */
export async function billingLink(userId: string): Promise<string> {
  const token = await new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid })
    .setSubject(userId)
    .setAudience('durable-billing:test')
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('1 minute')
    .sign(createPrivateKey(BILLING_LINK_KEY));
  return `${BILLING_URL}/account?token=${token}`;
}
