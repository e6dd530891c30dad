import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { OnStripeCall } from '../activities/stripe-calls.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import { stripeLimits } from '../domain/stripe-rate.ts';

/** What a worker counts. Labels have few values: patterns of routes, no ids. */
export interface WorkerMetrics {
  /** Counts and times requests to Stripe. */
  readonly onStripeCall: OnStripeCall;
}

/**
 * Registers the worker's own metrics; docs/metrics.md says what each means.
 *
 * @param batchRequestsPerSecond what a close may ask of Stripe, over all workers.
 * @throws Error when `registry` has metrics of these names already: a registry serves one worker.
 */
export function createWorkerMetrics(
  registry: Registry,
  batchRequestsPerSecond: Readonly<Record<Mode, number>>,
): WorkerMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'billing_stripe_requests_total',
    help: 'Requests to Stripe by what came of them: ok, declined, refused, rate_limited, unavailable',
    labelNames: ['mode', 'method', 'route', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'billing_stripe_request_seconds',
    help: 'Time until Stripe has answered a request, or until it was given up',
    labelNames: ['mode', 'method', 'route'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
    registers,
  });
  const rateLimited = new Counter({
    name: 'billing_stripe_rate_limited_total',
    help: 'Requests that Stripe refused with 429, by the limit that it names',
    labelNames: ['mode', 'limit'],
    registers,
  });
  showLimits(registry, batchRequestsPerSecond);
  return {
    onStripeCall: ({ mode, method, route, outcome, rateLimit, seconds: duration }) => {
      requests.inc({ mode, method, route, outcome });
      seconds.observe({ mode, method, route }, duration);
      if (rateLimit !== null) rateLimited.inc({ mode, limit: rateLimit });
    },
  };
}

/** Stripe never says how much of its limits is left. So the limits are shown beside what is asked, for a query to subtract. */
function showLimits(registry: Registry, batchRequestsPerSecond: Readonly<Record<Mode, number>>): void {
  const limits = new Gauge({
    name: 'billing_stripe_limit_requests_per_second',
    help: 'Requests per second that Stripe lets all workers together make (scope account), and of these those that closes may (scope close)',
    labelNames: ['mode', 'scope'],
    registers: [registry],
  });
  const ofAccount = stripeLimits(batchRequestsPerSecond);
  for (const mode of MODES) {
    limits.set({ mode, scope: 'account' }, ofAccount[mode]);
    limits.set({ mode, scope: 'close' }, batchRequestsPerSecond[mode]);
  }
}
