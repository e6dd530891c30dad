import { createServer, type IncomingMessage, request as requestOf, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What stands in front of several processes of the api, as a reverse proxy does. */
export interface LoadBalancer {
  readonly url: string;
  /** How many requests were answered by an upstream of each port. */
  readonly answered: ReadonlyMap<number, number>;
  stop(): Promise<void>;
}

/** How often each upstream is asked whether it is ready, as is usual; `API_SHUTDOWN_DELAY` is to be longer. */
const HEALTH_CHECK_MS = 500;

/**
 * Hands requests to those that say at `/readyz` that they are ready, in turn; to all of them where none is, as AWS's and Envoy do: what they
 * all lack, such as a Temporal that is slow for a moment, most requests do without. One that refuses the connection has read nothing, so
 * another one is tried; whatever else goes wrong is a 502, as with any proxy.
 */
export async function startLoadBalancer(upstreams: readonly number[], port: number): Promise<LoadBalancer> {
  const ready = new Set<number>();
  const answered = new Map<number, number>();
  let next = 0;
  const closing = new AbortController();

  const lookAround = async (): Promise<void> => {
    await Promise.all(
      upstreams.map(async (upstream) => {
        const isReady = await fetch(`http://127.0.0.1:${upstream}/readyz`, {
          signal: AbortSignal.timeout(HEALTH_CHECK_MS * 4),
        }).then(
          (response) => response.ok,
          () => false,
        );
        if (isReady) ready.add(upstream);
        else ready.delete(upstream);
      }),
    );
  };
  const watch = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await lookAround();
      await sleep(HEALTH_CHECK_MS, undefined, { ref: false });
    }
  };

  const server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat(await request.toArray());
      const inTurn = [...(ready.size === 0 ? upstreams : ready)].toSorted((a, b) => a - b);
      next += 1;
      for (let tries = 0; tries < inTurn.length; tries += 1) {
        const upstream = inTurn[(next + tries) % inTurn.length] ?? 0;
        if (!(await pass(upstream, request, body, response))) continue;
        answered.set(upstream, (answered.get(upstream) ?? 0) + 1);
        return;
      }
      if (!response.headersSent) response.writeHead(502);
      response.end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await lookAround();
  void watch();
  return {
    url: `http://127.0.0.1:${port}`,
    answered,
    stop: async () => {
      closing.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** @returns `false` when the upstream has refused the connection. */
function pass(
  port: number,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<boolean> {
  return new Promise((resolve) => {
    const request = requestOf({ host: '127.0.0.1', port, method, path: url, headers, agent: false });
    request.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.once('error', () => response.destroy());
      resolve(true);
    });
    request.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') return resolve(false);
      if (!response.headersSent) response.writeHead(502);
      response.end();
      resolve(true);
    });
    request.end(body);
  });
}
