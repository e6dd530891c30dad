import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { routeOf } from './metrics.ts';
import { OPERATIONS_PATHS } from './operations.ts';

/**
 * Makes a span of each request, in the caller's trace where they name one (`traceparent`), and does all that follows in it. Of what was
 * asked it holds the route's pattern, no address and no header.
 */
export function traceRequests(): RequestHandler {
  const tracer = trace.getTracer('durable-billing');
  return (request, response, next) => {
    if (OPERATIONS_PATHS.includes(request.path)) return next();
    const { method } = request;
    const caller = propagation.extract(context.active(), request.headers);
    const attributes = { 'http.request.method': method };
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, caller);
    response.once('close', () => {
      const route = routeOf(request);
      span.updateName(`${method} ${route}`);
      span.setAttributes({ 'http.route': route, 'http.response.status_code': response.statusCode });
      if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    context.with(trace.setSpan(caller, span), next);
  };
}
