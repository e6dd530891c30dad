import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { freePort } from '../stack/ports.ts';

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
    logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
      log[level === 'ERROR' ? 'error' : 'warn'](meta ?? {}, message),
    ),
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
