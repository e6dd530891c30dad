import { createServer } from 'node:net';
import { StackError } from './errors.ts';

/** The environment variables that set a port. */
export type PortVariable =
  | 'PORT'
  | 'TEMPORAL_PORT'
  | 'TEMPORAL_UI_PORT'
  | 'POSTGRES_PORT'
  | 'STRIPE_SIMULATOR_PORT';

/** Somebody else listens on a port we were asked to use. */
export class PortTakenError extends StackError {
  readonly port: number;

  constructor(port: number, variable?: PortVariable) {
    const remedy = variable
      ? `${variable} asks for it: stop the program that holds it (another "npm start"?), or set ${variable} to a free port, for example ${variable}=${port < 65_000 ? port + 100 : port - 100}.`
      : 'Stop the program that holds it, or choose another port.';
    super('port_taken', `Port ${port} is taken. ${remedy}`);
    this.name = 'PortTakenError';
    this.port = port;
  }
}

/**
 * The port a person chose, if it can be listened on. To be asked for all ports before anything is started.
 *
 * @throws PortTakenError naming the variable to change
 */
export async function reservePort(variable: PortVariable, wanted: number): Promise<number> {
  await assertPortFree(wanted, variable);
  return wanted;
}

/** @throws PortTakenError if somebody listens there */
export async function assertPortFree(port: number, variable?: PortVariable): Promise<void> {
  if (!(await canListen(port))) throw new PortTakenError(port, variable);
}

// Below the ranges from which Linux (32768–60999) and macOS (49152–65535) take the ports of outgoing connections.
const FIRST_FREE_PORT = 15_000;
const FREE_PORTS = 15_000;
const givenOut = new Set<number>();

/**
 * A port of 127.0.0.1 nobody listens on. Chosen at random, so that two suites side by side hardly ever choose the
 * same one; who starts a program on it does so within {@link onFreePort}, which covers the rest.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_FREE_PORT + Math.floor(Math.random() * FREE_PORTS);
    if (givenOut.has(port)) continue;
    givenOut.add(port);
    if (await canListen(port)) return port;
  }
}

/** Starts something on a free port, and on another one if the port was taken between looking and listening. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === 5) throw error;
    }
  }
}

/** True if neither the loopback address nor all addresses together are in use at this port. */
async function canListen(port: number): Promise<boolean> {
  return (await canListenOn(port, '127.0.0.1')) && (await canListenOn(port, undefined));
}

function canListenOn(port: number, host: string | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(new StackError('start_failed', `Can't listen on port ${port}: ${error.message}.`));
    });
    probe.listen({ port, ...(host && { host }), exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
