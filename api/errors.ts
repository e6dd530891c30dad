/** Every code the api can answer with, and its HTTP status. Codes are part of the public interface: they never change. */
export const ERROR_STATUS = {
  invalid_request: 400,
  invalid_json: 400,
  invalid_parameter: 400,
  too_many_events: 400,
  missing_signature: 400,
  invalid_signature: 400,
  stale_timestamp: 400,
  not_an_event: 400,
  wrong_mode: 400,
  missing_api_key: 401,
  invalid_api_key: 401,
  missing_admin_password: 401,
  invalid_admin_password: 401,
  invalid_csrf_token: 403,
  not_found: 404,
  user_not_found: 404,
  event_not_found: 404,
  purchase_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  checkout_over: 409,
  decision_refused: 409,
  idempotency_key_reused: 409,
  month_not_over: 409,
  not_replayable: 409,
  nothing_to_test: 409,
  no_stripe_customer: 409,
  user_erased: 410,
  payload_too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  not_decryptable: 422,
  rate_limited: 429,
  headers_too_large: 431,
  internal_error: 500,
  stripe_refused: 502,
  mode_not_configured: 503,
  admin_not_configured: 503,
  database_unavailable: 503,
  temporal_unavailable: 503,
  worker_unavailable: 503,
  stripe_unavailable: 503,
  workflow_ended: 503,
} as const;
/** What a program goes by; the message is for its author. */
export type ErrorCode = keyof typeof ERROR_STATUS;

/** What an answer says besides its code and message, and what only the log does. */
export interface HttpErrorOptions {
  /** Which parameter is at fault, such as `events` or `Idempotency-Key`. */
  readonly param?: string;
  /** When trying again may help. */
  readonly retryAfterSeconds?: number;
  /** What really happened: logged, never sent. */
  readonly cause?: unknown;
}

/** An answer other than success. Its message is for whoever sent the request, and says how to mend it. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: ErrorCode;
  readonly param: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: HttpErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.status = ERROR_STATUS[code];
    this.code = code;
    this.param = options.param;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** The body of the answer. */
  toJSON(): { error: { code: ErrorCode; message: string; param?: string } } {
    const param = this.param === undefined ? {} : { param: this.param };
    return { error: { code: this.code, message: this.message, ...param } };
  }
}

/** `true` when PostgreSQL can't be reached or is going down: what failed is the connection, not the query. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return CONNECTION_CODES.test(code) || CONNECTION_MESSAGES.test(error.message);
}

// Class 08: connection exceptions; 57P01 to 57P03: shutting or starting up; 53300: too many connections.
const CONNECTION_CODES =
  /^(08...|57P0[123]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/;
// node-postgres has no codes for these.
const CONNECTION_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;
