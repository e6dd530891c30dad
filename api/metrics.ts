import type { Request, RequestHandler } from 'express';
import { Counter, Histogram, type Registry } from 'prom-client';

/** What the api counts. Labels have few values: no ids, and of event types only those that are handled. */
export interface ApiMetrics {
  readonly webhooks: Counter<'mode' | 'type' | 'outcome'>;
  readonly signalSeconds: Histogram<'mode'>;
  readonly usageEvents: Counter<'mode' | 'outcome'>;
  readonly httpRequests: Counter<'method' | 'route' | 'status'>;
  readonly httpSeconds: Histogram<'method' | 'route'>;
}

/** @throws Error when `registry` has metrics of these names already: a registry serves one api. */
export function createMetrics(registry: Registry): ApiMetrics {
  const registers = [registry];
  return {
    webhooks: new Counter({
      name: 'billing_webhooks_total',
      help: 'Webhook deliveries received from Stripe, by what became of them',
      labelNames: ['mode', 'type', 'outcome'],
      registers,
    }),
    signalSeconds: new Histogram({
      name: 'billing_webhook_signal_seconds',
      help: 'Time until Temporal has accepted the signal of a webhook',
      labelNames: ['mode'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    usageEvents: new Counter({
      name: 'billing_usage_events_total',
      help: 'Usage events received: accepted, duplicate, or the code of their rejection',
      labelNames: ['mode', 'outcome'],
      registers,
    }),
    httpRequests: new Counter({
      name: 'billing_http_requests_total',
      help: 'HTTP requests answered',
      labelNames: ['method', 'route', 'status'],
      registers,
    }),
    httpSeconds: new Histogram({
      name: 'billing_http_request_seconds',
      help: 'Time until an HTTP request was answered',
      labelNames: ['method', 'route'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
      registers,
    }),
  };
}

/** Counts and times every request. */
export function measureRequests(metrics: ApiMetrics): RequestHandler {
  return (request, response, next) => {
    const startedAt = process.hrtime.bigint();
    response.once('finish', () => {
      const labels = { method: request.method, route: routeOf(request) };
      metrics.httpRequests.inc({ ...labels, status: response.statusCode });
      metrics.httpSeconds.observe(labels, Number(process.hrtime.bigint() - startedAt) / 1e9);
    });
    next();
  };
}

/** The pattern of the route, such as `/api/users/:userId`: what was asked for itself would be a label without end. */
export function routeOf(request: Request): string {
  const route: unknown = request.route;
  const hasPath = typeof route === 'object' && route !== null && 'path' in route;
  return hasPath && typeof route.path === 'string' ? route.path : 'none';
}
