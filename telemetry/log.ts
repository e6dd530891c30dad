import { isSpanContextValid, trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger, pino } from 'pino';
import { describeError } from './describe-error.ts';

/**
 * The log of a process: a line of JSON for each thing, on standard output. Errors go under `err` or, what is behind an answer, under
 * `cause`. While a trace is under way each line names it.
 */
export function createLog(name: 'api' | 'worker', level: string, destination?: DestinationStream): Logger {
  const options = { name, level, mixin: traceOfLine, serializers: { err: describeError } };
  return destination === undefined ? pino(options) : pino(options, destination);
}

function traceOfLine(): { traceId?: string } {
  const context = trace.getActiveSpan()?.spanContext();
  return context !== undefined && isSpanContextValid(context) ? { traceId: context.traceId } : {};
}
