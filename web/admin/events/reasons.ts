import { RECEIPTS_KEPT_DAYS } from '../../../db/webhook-receipts.ts';

/** The codes with which deliveries are noted, in words. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['type', 'Events of this type take no effect here.'],
  ['no_customer', 'It names no customer.'],
  ['no_purchase', 'No test purchase waits for it.'],
  ['missing_signature', "It had no Stripe-Signature: it is not Stripe's."],
  ['invalid_signature', 'Its signature is not by the secret of this endpoint.'],
  ['stale_timestamp', 'It was signed more than five minutes ago: a replay, or a clock is wrong.'],
  ['invalid_json', 'It is not JSON.'],
  ['not_an_event', "It is no event of Stripe's."],
  ['wrong_mode', 'It is of the other mode.'],
  ['payload_too_large', 'It is too large.'],
  ['unsupported_media_type', 'Its body could not be read.'],
  ['mode_not_configured', 'No webhook secret of this mode is set.'],
  ['temporal_unavailable', 'Temporal did not answer. Stripe sends it again.'],
  ['internal_error', "Something went wrong on our side; the api's log says more. Stripe sends it again."],
  ['connection_closed', 'Whoever sent it did not wait for the answer.'],
  ['not_received', `It never came in, or more than ${RECEIPTS_KEPT_DAYS} days ago.`],
]);

/** Why a delivery was not accepted, in words; a code that has none stands for itself. */
export function wordsOfReason(code: string | null): string {
  return code === null ? '' : (WORDS.get(code) ?? code);
}
