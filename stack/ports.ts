import { canListen, freePort } from '../process/free-port.ts';
import { messageOf, StackError } from './errors.ts';

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

/**
 * @throws PortTakenError if somebody listens there
 * @throws StackError `start_failed` if one can't listen there for another reason
 */
export async function assertPortFree(port: number, variable?: PortVariable): Promise<void> {
  const isFree = await canListen(port).catch((error: unknown) => {
    throw new StackError('start_failed', `Can't listen on port ${port}: ${messageOf(error)}.`);
  });
  if (!isFree) throw new PortTakenError(port, variable);
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
