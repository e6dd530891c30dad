import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

/** Whose metrics are shown, and where. */
export interface MetricsServerOptions {
  readonly registry: Registry;
  /** Where Temporal's SDK shows its own metrics to this process. */
  readonly sdkMetricsUrl: string;
  /** Whether all workers of this process run. */
  readonly isRunning: () => boolean;
  readonly log: Logger;
  /** 0 takes any free one. */
  readonly port: number;
  /** Every interface unless given. */
  readonly host?: string | undefined;
}

/** The server while it listens. */
export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Prometheus gives a scrape 10 seconds; what the SDK shows is in memory. */
const SDK_METRICS_MS = 5_000;

/**
 * Serves what a worker shows of itself: `/metrics`, its own and the SDK's on one page, so that Prometheus scrapes one address;
 * `/healthz`, 503 while a worker of the process does not run. Nobody else is to reach it: there is no key.
 *
 * @throws the system's error (`EADDRINUSE`, `EACCES`) when it can't listen there.
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { registry, sdkMetricsUrl, isRunning, log } = options;
  const pages: Readonly<Record<string, (response: ServerResponse) => Promise<void> | void>> = {
    '/healthz': (response) => {
      const [status, text] = isRunning() ? ([200, 'ok'] as const) : ([503, 'unavailable'] as const);
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ status: text }));
    },
    '/metrics': async (response) => {
      const [own, ofSdk] = await Promise.all([registry.metrics(), readSdkMetrics(sdkMetricsUrl, log)]);
      response.writeHead(200, { 'content-type': registry.contentType }).end(own + ofSdk);
    },
  };
  const server = createServer((request, response) => {
    const page = request.method === 'GET' ? pages[request.url ?? ''] : undefined;
    if (page === undefined) {
      response.writeHead(404).end();
      return;
    }
    void Promise.resolve(page(response)).catch((error: unknown) => {
      log.error({ err: error }, 'the metrics can not be shown');
      response.writeHead(500).end();
    });
  });
  await listen(server, options.port, options.host);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: async () => {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

/** Without them the page is still of use, and says that they are missing by their absence. */
async function readSdkMetrics(url: string, log: Logger): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(SDK_METRICS_MS) });
    return await response.text();
  } catch (error) {
    log.warn({ err: error }, "the metrics of Temporal's SDK can not be read");
    return '';
  }
}

async function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
