/** Stripe's errors, as https://docs.stripe.com/api/errors describes them. */
import type { Stripe } from 'stripe';
import type { PaymentIntent, PaymentMethod, SetupIntent } from './wire.ts';

/** Whose fault it is, in Stripe's words. The SDK's own retries go by the status (409, 500 and above), not by this. */
export type StripeErrorType = 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';

/** The SDK lists the codes, and then allows any string beside them: only the list is wanted here. */
type Listed<T> = T extends string ? (string extends T ? never : T) : never;

/** Codes that the SDK's list leaves out: those of meter events, and one that is not documented. */
type UnlistedErrorCode =
  | 'archived_meter'
  | 'invoice_already_paid'
  | 'meter_event_invalid_value'
  | 'meter_event_no_customer_defined';

/** https://docs.stripe.com/error-codes */
export type StripeErrorCode = Listed<Stripe.PaymentIntent.LastPaymentError.Code> | UnlistedErrorCode;

/** The part of an error's JSON that depends on the case. */
export interface StripeErrorDetails {
  code?: StripeErrorCode;
  param?: string;
  decline_code?: string;
  advice_code?: string;
  charge?: string;
  payment_intent?: PaymentIntent;
  payment_method?: PaymentMethod;
  setup_intent?: SetupIntent;
}

/** Thrown anywhere below a route; `http/api.ts` turns it into the answer. */
export class StripeApiError extends Error {
  override readonly name = 'StripeApiError';
  readonly status: number;
  readonly type: StripeErrorType;
  readonly details: StripeErrorDetails;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    type: StripeErrorType,
    message: string,
    details: StripeErrorDetails = {},
    headers: Record<string, string> = {},
  ) {
    super(message);
    this.status = status;
    this.type = type;
    this.details = details;
    this.headers = headers;
  }

  /** A declined card is a result, not a mistake: the failed charge and its events stay. */
  get keepsWork(): boolean {
    return this.type === 'card_error';
  }

  /** The `{error}` body of the answer. */
  toBody(requestLogUrl: string): { error: Record<string, unknown> } {
    return {
      error: {
        ...this.details,
        ...(this.details.code
          ? { doc_url: `https://stripe.com/docs/error-codes/${docName(this.details.code)}` }
          : {}),
        message: this.message,
        request_log_url: requestLogUrl,
        type: this.type,
      },
    };
  }
}

function docName(code: string): string {
  return code.replaceAll('_', '-');
}

/** 400: the request can't be done as it stands. */
export function invalidRequest(message: string, details: StripeErrorDetails = {}): StripeApiError {
  return new StripeApiError(400, 'invalid_request_error', message, details);
}

/** 402: the card was declined, or wants something of its owner. */
export function cardError(message: string, details: StripeErrorDetails): StripeApiError {
  return new StripeApiError(402, 'card_error', message, details);
}

/** 401: no key, or one that the simulator must not take. */
export function unauthorized(message: string, details: StripeErrorDetails = {}): StripeApiError {
  const headers = { 'www-authenticate': 'Basic realm="Stripe"' };
  return new StripeApiError(401, 'invalid_request_error', message, details, headers);
}

/** 404 for the object that the path names, 400 for one that a parameter names. */
export function resourceMissing(kind: string, id: string, param: string, hint = ''): StripeApiError {
  return new StripeApiError(
    param === 'id' ? 404 : 400,
    'invalid_request_error',
    `No such ${kind}: '${id}'${hint}`,
    { code: 'resource_missing', param },
  );
}

/** 404: no route. */
export function unrecognizedUrl(method: string, path: string): StripeApiError {
  return new StripeApiError(
    404,
    'invalid_request_error',
    `Unrecognized request URL (${method}: ${path}). The simulator answers the routes its README lists.`,
  );
}
