import { createHmac } from 'node:crypto';

/** What a `v1=` holds, computed from https://docs.stripe.com/webhooks/signature and without a line of ours or the SDK's. */
export function hmacOf(payload: string | Buffer, secret: string, timestamp: number | string): string {
  return createHmac('sha256', secret).update(`${timestamp}.`).update(payload).digest('hex');
}

/** The header `Stripe-Signature`. @param timestamp in seconds; now unless given. */
export function signatureOf(
  payload: string | Buffer,
  { secret, timestamp = nowSeconds() }: { readonly secret: string; readonly timestamp?: number },
): string {
  return `t=${timestamp},v1=${hmacOf(payload, secret, timestamp)}`;
}

/** Now, in Unix seconds, as Stripe dates its signatures. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1_000);
