import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { LogEvent } from 'kysely';

/**
 * Makes a span of a query that is over, where a trace is under way. It says what was done to which table, and neither the statement
 * nor its parameters: those hold people's data.
 */
export function traceQuery({ level, query, queryDurationMillis, ...event }: LogEvent): void {
  if (trace.getActiveSpan()?.isRecording() !== true) return;
  const { operation, table } = summaryOf(query.sql);
  const span = trace.getTracer('durable-billing').startSpan(`${operation} ${table}`.trim(), {
    kind: SpanKind.CLIENT,
    startTime: new Date(Date.now() - queryDurationMillis),
    attributes: { 'db.system.name': 'postgresql', 'db.operation.name': operation },
  });
  if (table !== '') span.setAttribute('db.collection.name', table);
  if (level === 'error') {
    span.setStatus({ code: SpanStatusCode.ERROR });
    const error = 'error' in event ? event.error : undefined;
    if (error instanceof Error && 'code' in error)
      span.setAttribute('db.response.status_code', String(error.code));
  }
  span.end();
}

/** The first word of a statement, and the first table that it names. */
function summaryOf(sql: string): { operation: string; table: string } {
  const operation = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase() ?? 'QUERY';
  const table = /\b(?:from|into|update)\s+"?([a-z_]+)"?/i.exec(sql)?.[1] ?? '';
  return { operation, table };
}
