import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { TRACE_LINKS_HEADER } from '../domain/trace-headers.ts';

/** Links an activity's span to the other events that it answers for, whose traces it is not in (workflows/trace-context.ts). */
export class TraceLinksInterceptor implements ActivityInboundCallsInterceptor {
  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    const payload = input.headers[TRACE_LINKS_HEADER];
    const span = trace.getActiveSpan();
    if (payload !== undefined && span !== undefined) {
      for (const carrier of defaultPayloadConverter.fromPayload<object[]>(payload)) {
        const linked = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier));
        if (linked !== undefined) span.addLink({ context: linked });
      }
    }
    return await next(input);
  }
}
