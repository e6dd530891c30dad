import type { ErrorCode } from '../errors.ts';

/** A message of each error as a caller may see it. */
export const EXAMPLE_MESSAGES: Readonly<Record<ErrorCode, string>> = {
  invalid_request: 'Failed to decode param %zz',
  invalid_json: 'The body is not JSON: Unexpected end of JSON input',
  invalid_parameter: 'userId: must be 1 to 128 of the characters A-Z a-z 0-9 . _ : @ -',
  too_many_events: 'A request takes up to 1000 events, and this one has 1001: send them in several',
  missing_signature: 'The header Stripe-Signature is missing: only Stripe is to send here',
  invalid_signature:
    "The signature fits no secret of this endpoint: compare it with the webhook's in Stripe's Dashboard",
  stale_timestamp: 'It was signed more than 300 s ago: a replay, or one of the two clocks is wrong',
  not_an_event: "This is no event of Stripe's: id: Invalid input: expected string, received undefined",
  wrong_mode: 'This endpoint takes live events only, and livemode is false',
  missing_api_key: 'Send your API key in the header "Authorization: Bearer <key>"',
  invalid_api_key:
    'This API key is unknown or revoked: use the apiKey or testApiKey of stack.json, or have one made',
  missing_admin_password:
    'Sign in at the admin page, or send the password in the header "Authorization: Bearer <password>"',
  invalid_admin_password: "This is not the admin's password",
  invalid_csrf_token: 'The request comes from a page of another site: use our own',
  not_found: 'There is nothing at /api/nowhere; /openapi.json lists what there is',
  user_erased: 'The data of the user "user_42" was erased: register them under another id, if they come back',
  user_not_found: 'No user "user_42" is registered in live mode: PUT /api/users/user_42 first',
  purchase_not_found: 'There is no test purchase "b2fe"; GET /api/admin/billing-test lists them',
  idempotency_key_reused:
    'This Idempotency-Key has started another test purchase, of 25 credits for user_42 with card success: use a new key',
  event_not_found: 'No event "evt_1" came in here in the last 30 days (live mode)',
  checkout_over:
    'The Checkout session of this Idempotency-Key is over: start another one with a new Idempotency-Key',
  not_decryptable: 'A payload is encrypted with the key "2025", which TEMPORAL_CODEC_KEYS does not have',
  decision_refused: 'There is no grace period to extend: the customer owes nothing.',
  month_not_over: '2026-11 is not over yet; only a month that has ended can be closed',
  not_replayable: 'evt_1 is of a type that takes no effect here (balance.available)',
  nothing_to_test: 'user_42 has no invoice yet: close a month of theirs first',
  no_stripe_customer: 'The user user_42 has no Stripe customer yet: they never began a Checkout',
  method_not_allowed: '/api/users/:userId takes PUT, not DELETE',
  request_timeout: 'The request did not come in time: send it again, and faster',
  uri_too_long: 'The address is longer than 8192 characters: nothing here has one so long',
  headers_too_large: 'Address and headers are larger than 16 KiB together: send less',
  payload_too_large: 'The body is larger than the limit of 1048576 bytes: send less at once',
  unsupported_media_type: 'Send the body as JSON, with Content-Type: application/json',
  rate_limited:
    'An API key may send 100 requests per second: wait as Retry-After says, and send more usage events in one request',
  internal_error: 'Something went wrong on our side; quote request 0b9d1c0e-6c62-4f43-8a5b-0f7a3d5f6a11',
  stripe_refused:
    'Stripe did not take it (StripeRefused, resource_missing, req_1a2b3c). A customer who was deleted there never comes back: register the user under another id',
  mode_not_configured: 'Webhooks of test mode are not set up here: set STRIPE_TEST_WEBHOOK_SECRET',
  admin_not_configured:
    'The admin\'s part is not set up here: make a hash with "npm run billing -- hash-password", and set ADMIN_PASSWORD_HASH and ADMIN_SESSION_SECRETS (see .env.example)',
  database_unavailable: 'The database does not answer just now: send the request again in a moment',
  temporal_unavailable:
    'Temporal does not answer just now, so it is not known whether it took this: send the same request again in a moment',
  worker_unavailable:
    'No worker got it done within 15 s: see that one runs, and send the request again with the same Idempotency-Key',
  stripe_unavailable:
    'Stripe does not answer just now. What was asked for goes on by itself: send the request again with the same Idempotency-Key',
  workflow_ended: 'The workflow was ended before it was done: send the request again',
};
