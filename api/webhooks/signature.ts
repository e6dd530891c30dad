import { isUtf8 } from 'node:buffer';
import { Stripe } from 'stripe';
import { HttpError } from '../errors.ts';

/** How old a signature may be, in seconds; Stripe's own default. Stripe signs each attempt anew. */
const TOLERANCE_SECONDS = 300;
/** What the SDK takes for "at any age". */
const ANY_AGE = 0;

/**
 * Checks a delivery with Stripe's own SDK, and parses it.
 * See https://docs.stripe.com/webhooks/signature
 *
 * @param body exactly as it came.
 * @param secrets any of them will do: while a secret is being rotated there are two.
 * @returns whatever JSON was signed.
 * @throws HttpError `missing_signature`, `invalid_signature`, `stale_timestamp`, `invalid_json` or `not_an_event`
 */
export function verifyWebhook(
  body: Buffer,
  signature: string | undefined,
  secrets: readonly string[],
  now: Date,
): unknown {
  if (signature === undefined || signature === '') {
    const message = 'The header Stripe-Signature is missing: only Stripe is to send here';
    throw new HttpError('missing_signature', message);
  }
  for (const secret of isPlainUtf8(body) ? secrets : []) {
    try {
      return Stripe.webhooks.constructEvent(
        body,
        signature,
        secret,
        TOLERANCE_SECONDS,
        undefined,
        now.getTime(),
      );
    } catch (error) {
      if (isSignedWith(body, signature, secret)) throw refusal(error);
    }
  }
  const message =
    "The signature fits no secret of this endpoint: compare it with the webhook's in Stripe's Dashboard";
  throw new HttpError('invalid_signature', message);
}

/** Signs a payload as Stripe does; the header `Stripe-Signature`. */
export function signAsStripe(payload: string, secret: string, now: Date): string {
  const timestamp = Math.floor(now.getTime() / 1_000);
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
}

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/**
 * The SDK reads over a byte order mark, and takes one character for all that is no UTF-8. So there are bodies that it takes for what
 * was signed and that are other bytes.
 */
function isPlainUtf8(body: Buffer): boolean {
  return isUtf8(body) && !body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
}

/** Whether it was signed with that secret, however long ago. */
function isSignedWith(body: Buffer, signature: string, secret: string): boolean {
  try {
    return Stripe.webhooks.signature?.verifyHeader(body, signature, secret, ANY_AGE) ?? false;
  } catch {
    // Not only errors of Stripe's: a `v1` that is empty, or not in ASCII, breaks the comparison itself.
    return false;
  }
}

/** Why the SDK refuses what was rightly signed. */
function refusal(error: unknown): HttpError {
  if (error instanceof Stripe.errors.StripeSignatureVerificationError) {
    const message = `It was signed more than ${TOLERANCE_SECONDS} s ago: a replay, or one of the two clocks is wrong`;
    return new HttpError('stale_timestamp', message);
  }
  if (error instanceof SyntaxError) return new HttpError('invalid_json', 'The body is not JSON');
  // A "thin" event of API v2: it names an event without holding it.
  return new HttpError(
    'not_an_event',
    "The body is no snapshot event of Stripe's: choose that payload style",
  );
}
