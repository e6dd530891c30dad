import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Mode } from '../domain/mode.ts';

/** What came of a request to Stripe, as metrics count it. */
export type StripeCallOutcome =
  | 'ok'
  /** 402: a payment was declined. */
  | 'declined'
  /** 429. */
  | 'rate_limited'
  /** Another 4xx but 409: asking again changes nothing. */
  | 'refused'
  /** 5xx, 409, or no answer at all: to be asked again. */
  | 'unavailable';

/** A request to Stripe that has ended, without anything of what it was about. */
export interface StripeCall {
  readonly mode: Mode;
  readonly method: string;
  /** `/v1/invoices/:id/finalize`. */
  readonly route: string;
  /** HTTP status; `null` when no answer came. */
  readonly status: number | null;
  readonly outcome: StripeCallOutcome;
  /** Which of Stripe's limits was met, as it says itself (`global-rate`, `endpoint-rate`, `lock_timeout`, …); `null` where none was. */
  readonly rateLimit: string | null;
  /** Until the head of the answer had come. */
  readonly seconds: number;
}

/** Hears of each request as it ends: the worker counts them by outcome. It must not throw, for the request would. */
export type OnStripeCall = (call: StripeCall) => void;

/** The head of an answer. */
interface StripeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * Begins a request: a span in the trace under way, and one call more when it ends.
 *
 * @returns to be told the answer, or `null` when none came.
 */
export function startStripeCall(
  request: { readonly mode: Mode; readonly method: string; readonly path: string },
  onCall: OnStripeCall,
): (answer: StripeAnswer | null) => void {
  const { mode, method } = request;
  const route = stripeRoute(request.path);
  const startedAtMs = performance.now();
  const span = trace.getTracer('durable-billing').startSpan(`Stripe ${method} ${route}`, {
    kind: SpanKind.CLIENT,
    attributes: { 'http.request.method': method, 'url.template': route, 'billing.mode': mode },
  });
  return (answer) => {
    const status = answer?.status ?? null;
    const outcome = stripeOutcome(status);
    const seconds = (performance.now() - startedAtMs) / 1_000;
    onCall({ mode, method, route, status, outcome, rateLimit: rateLimitOf(answer), seconds });
    span.setAttribute('stripe.outcome', outcome);
    if (status !== null) span.setAttribute('http.response.status_code', status);
    const requestId = answer?.headers['request-id'];
    if (typeof requestId === 'string') span.setAttribute('stripe.request_id', requestId);
    // A declined payment is an answer, as in metrics and rules.
    if (outcome !== 'ok' && outcome !== 'declined') span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
}

function rateLimitOf(answer: StripeAnswer | null): string | null {
  if (answer?.status !== 429) return null;
  const reason = answer.headers['stripe-rate-limited-reason'];
  return typeof reason === 'string' ? reason : 'unnamed';
}

/**
 * The pattern of a path of Stripe's, such as `/v1/customers/:id` for `/v1/customers/cus_1?expand[]=x`. Stripe's words have neither
 * digits nor capitals, its ids have; what an id looks like otherwise does not matter.
 */
export function stripeRoute(path: string): string {
  const [bare = ''] = path.split('?');
  const [, version = '', ...rest] = bare.split('/');
  return ['', version, ...rest.map((part) => (/^[a-z_]+$/.test(part) ? part : ':id'))].join('/');
}

/** The one place that sorts Stripe's statuses: `unavailable` and `rate_limited` are worth another try. @param status `null`: no answer */
export function stripeOutcome(status: number | null): StripeCallOutcome {
  if (status === null || status >= 500 || status === 409) return 'unavailable';
  if (status === 402) return 'declined';
  if (status === 429) return 'rate_limited';
  return status >= 400 ? 'refused' : 'ok';
}
