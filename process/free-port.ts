import { createServer } from 'node:net';

// Below the ranges from which Linux (32768–60999) and macOS (49152–65535) take the ports of outgoing connections.
const FIRST_FREE_PORT = 15_000;
const FREE_PORTS = 15_000;
const givenOut = new Set<number>();

/**
 * A port of 127.0.0.1 nobody listens on. Chosen at random, so that two suites side by side hardly ever choose the
 * same one; who starts a part of a stack on it does so within `onFreePort` (stack/ports.ts), which covers the rest.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_FREE_PORT + Math.floor(Math.random() * FREE_PORTS);
    if (givenOut.has(port)) continue;
    givenOut.add(port);
    if (await canListen(port)) return port;
  }
}

/**
 * True if neither the loopback address nor all addresses together are in use at this port.
 *
 * @throws Error the system's, if one can't listen there for another reason
 */
export async function canListen(port: number): Promise<boolean> {
  return (await canListenOn(port, '127.0.0.1')) && (await canListenOn(port, undefined));
}

function canListenOn(port: number, host: string | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    probe.listen({ port, ...(host && { host }), exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
