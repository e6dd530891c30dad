import { DefaultLogger, type LogMetadata, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { freePort } from '../process/free-port.ts';
import { withoutPersonalData } from '../telemetry/personal-data.ts';

/** A line of the SDK's that `ActivityLogInterceptor` has written already, with what the activity was about. */
const SAID_BETTER = 'Activity failed';

/** The SDK's fields by the names that our lines have; tokens of tasks are of use to nobody. */
function fieldsOf(meta: LogMetadata = {}): object {
  const { workflowRunId, activityType, taskToken: _, error, ...others }: Record<string, unknown> = meta;
  // The native part tells its errors as text.
  const told = typeof error === 'string' ? { reason: withoutPersonalData(error) } : { err: error };
  return { ...others, runId: workflowRunId, activity: activityType, ...told };
}

/**
 * Sets Temporal's SDK up for this process, once, before anything of it is used: its log lines go to `log`, also those of its native
 * part, which would print lines of its own that are no JSON.
 *
 * @param showsMetrics whether it shows metrics. It can do so over HTTP only: to this machine alone, on a free port.
 * @returns where its metrics are, if it shows any.
 */
export async function installRuntime(log: Logger, showsMetrics: boolean): Promise<string | null> {
  const bindAddress = showsMetrics ? `127.0.0.1:${await freePort()}` : null;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      if (message !== SAID_BETTER) log[level === 'ERROR' ? 'error' : 'warn'](fieldsOf(meta), message);
    }),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
      ...(bindAddress === null
        ? {}
        : {
            metrics: {
              prometheus: {
                bindAddress,
                countersTotalSuffix: true,
                unitSuffix: true,
                useSecondsForDurations: true,
              },
            },
          }),
    },
  });
  return bindAddress === null ? null : `http://${bindAddress}/metrics`;
}
