import { StripeApiError } from '../errors.ts';
import type { Fault } from '../faults.ts';
import type { Answer } from './message.ts';
import { htmlAnswer, jsonAnswer } from './message.ts';

/** What a fault does to a request; `stored` is what to keep under its idempotency key besides what `execute` keeps. */
export interface FaultOutcome {
  outcome: Answer | 'broken';
  stored?: Answer;
}

/** @param execute does the work and returns its answer. */
export function applyFault(fault: Fault, logUrl: string, execute: () => Answer): FaultOutcome {
  switch (fault.kind) {
    case 'latency':
      return { outcome: execute() };
    case 'status_403':
      return { outcome: errorOf(forbidden(), logUrl) };
    case 'status_409':
      return { outcome: errorOf(conflict(), logUrl) };
    case 'status_429': {
      const limited = errorOf(rateLimited(fault.reason), logUrl);
      // A lock that could not be had in time is found while executing, and so it is replayed for 24 hours.
      return fault.reason === 'lock_timeout' ? { outcome: limited, stored: limited } : { outcome: limited };
    }
    case 'status_500': {
      const failed = errorOf(internal(), logUrl);
      return { outcome: failed, stored: failed };
    }
    case 'status_500_without_error':
      return { outcome: jsonAnswer(500, { message: 'Internal server error' }) };
    case 'processed_without_answer':
      execute();
      return { outcome: 'broken' };
    case 'reset':
      return { outcome: 'broken' };
    case 'html':
      return { outcome: htmlAnswer(502, '<html><body><h1>502 Bad Gateway</h1></body></html>') };
  }
}

function errorOf(error: StripeApiError, logUrl: string): Answer {
  return jsonAnswer(error.status, error.toBody(logUrl), error.headers);
}

function forbidden(): StripeApiError {
  return new StripeApiError(
    403,
    'invalid_request_error',
    'The provided key does not have the required permissions for this endpoint.',
  );
}

function conflict(): StripeApiError {
  return new StripeApiError(
    409,
    'invalid_request_error',
    'This object cannot be accessed right now because another API request or Stripe process is currently accessing it.',
    { code: 'lock_timeout' },
  );
}

/** 429: too many requests, for a reason that it says or, with `null`, does not say; or a lock that could not be had. */
export function rateLimited(reason: string | null): StripeApiError {
  return new StripeApiError(
    429,
    'invalid_request_error',
    'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.',
    { code: reason === 'lock_timeout' ? 'lock_timeout' : 'rate_limit' },
    reason === 'lock_timeout' || reason === null ? {} : { 'stripe-rate-limited-reason': reason },
  );
}

function internal(): StripeApiError {
  return new StripeApiError(500, 'api_error', 'An unknown error occurred (a fault set in the simulator).');
}
