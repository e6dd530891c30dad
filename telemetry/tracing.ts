import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** Traces of one process, on their way to an exporter or, where none is configured, nowhere. */
export interface Tracing {
  /** Have signals, updates and starts carry the trace that they belong to. */
  readonly clientInterceptors: WorkflowClientInterceptor[];
  /** Make a span of each attempt of an activity, in the trace that its workflow names (workflows/trace-context.ts). */
  readonly activityInterceptors: ActivityInterceptorsFactory[];
  /** Exports what waits. Does not throw: whoever stops must not fail over it. */
  stop(): Promise<void>;
}

const NO_TRACING: Tracing = {
  clientInterceptors: [],
  activityInterceptors: [],
  stop: async () => undefined,
};

/**
 * Starts tracing of this process, before anything that is to be traced. Spans are made through `@opentelemetry/api` alone, which does
 * nothing as long as nobody has started; so without an exporter nothing of OpenTelemetry's SDK is loaded.
 *
 * @param name of the service in traces, such as `durable-billing-api`; `OTEL_SERVICE_NAME` is stronger.
 * @param isWanted whether an exporter is configured. Where to, and all else, the SDK reads from its `OTEL_…` variables itself.
 */
export async function startTracing(name: string, isWanted: boolean): Promise<Tracing> {
  if (!isWanted) return NO_TRACING;
  const [sdk, { OTLPTraceExporter }, resources, ofClient, ofWorker] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@temporalio/interceptors-opentelemetry/lib/client/index.js'),
    import('@temporalio/interceptors-opentelemetry/lib/worker/index.js'),
  ]);
  const resource = resources.Resource.default()
    .merge(new resources.Resource({ 'service.name': name }))
    .merge(resources.envDetectorSync.detect());
  const provider = new sdk.NodeTracerProvider({
    resource,
    spanProcessors: [new sdk.BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  return {
    clientInterceptors: [new ofClient.OpenTelemetryWorkflowClientInterceptor()],
    activityInterceptors: [
      (context) => ({ inbound: new ofWorker.OpenTelemetryActivityInboundInterceptor(context) }),
    ],
    stop: () => provider.shutdown().catch(() => undefined),
  };
}
