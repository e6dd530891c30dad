import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';

const { BILLING_URL = '', BILLING_LINK_SECRET = '' } = process.env;

/** The address of the user's account page; it opens once, within a minute. */
export async function billingLink(userId: string): Promise<string> {
  const token = await new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setAudience('durable-billing:test')
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('1 minute')
    .sign(new TextEncoder().encode(BILLING_LINK_SECRET));
  return `${BILLING_URL}/account?token=${token}`;
}
