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
 * @param payload the body exactly as it came.
 * @param secrets any of them will do: while a secret is being rotated there are two.
 * @returns whatever JSON was signed.
 * @throws HttpError `missing_signature`, `invalid_signature`, `stale_timestamp`, `invalid_json` or `not_an_event`
 */
export function verifyWebhook(
  payload: Buffer,
  signature: string | undefined,
  secrets: readonly string[],
  now: Date,
): unknown {
  if (signature === undefined || signature === '') {
    const message = 'The header Stripe-Signature is missing: only Stripe is to send here';
    throw new HttpError('missing_signature', message);
  }
  const secret = secrets.find((secret) => isSignedWith(payload, signature, secret));
  if (secret === undefined) {
    const message =
      "The signature fits no secret of this endpoint: compare it with the webhook's in Stripe's Dashboard";
    throw new HttpError('invalid_signature', message);
  }
  try {
    return Stripe.webhooks.constructEvent(
      payload,
      signature,
      secret,
      TOLERANCE_SECONDS,
      undefined,
      now.getTime(),
    );
  } catch (error) {
    throw refusal(error);
  }
}

/** Signs a payload as Stripe does; the header `Stripe-Signature`. */
export function signAsStripe(payload: string, secret: string, now: Date): string {
  const timestamp = Math.floor(now.getTime() / 1_000);
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
}

function isSignedWith(payload: Buffer, signature: string, secret: string): boolean {
  try {
    return Stripe.webhooks.signature?.verifyHeader(payload, signature, secret, ANY_AGE) ?? false;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
    throw error;
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
