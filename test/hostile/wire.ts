import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A connection on which a test says every byte itself. */
export interface Wire {
  write(text: string | Buffer): void;
  /** All that has come back so far. */
  readonly received: () => string;
  readonly isClosed: () => boolean;
  /** Until the other side has closed. @returns for how long it was open, in milliseconds. */
  readonly closed: Promise<number>;
  destroy(): void;
}

/** Connects, and says nothing yet. */
export async function openWire(url: string): Promise<Wire> {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect({ host: hostname, port: Number(port) });
  // Being cut off is what some of these connections are for.
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  const openedAt = performance.now();
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  return {
    write: (text) => void socket.write(text),
    received: () => received,
    isClosed: () => socket.closed,
    closed: new Promise((resolve) => socket.once('close', () => resolve(performance.now() - openedAt))),
    destroy: () => socket.destroy(),
  };
}

/** Sends bytes, and gives what comes back until the other side closes. */
export async function exchangeBytes(url: string, bytes: string | Buffer): Promise<string> {
  const wire = await openWire(url);
  wire.write(bytes);
  await wire.closed;
  return wire.received();
}

/** Says a text so slowly that it is never done, until nobody listens any more. @returns for how long somebody did. */
export async function dribble(wire: Wire, text: string, everyMs: number): Promise<number> {
  for (const character of text) {
    if (wire.isClosed()) break;
    wire.write(character);
    await sleep(everyMs);
  }
  return await wire.closed;
}

/** The parts of an HTTP answer that was read from the bytes. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** The first answer among what came back, which must have a body in JSON. */
export function answerIn(received: string): WireAnswer {
  const [head = '', ...rest] = received.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = new Headers(
    lines.map((line): [string, string] => [line.split(': ')[0] ?? '', line.split(': ').slice(1).join(': ')]),
  );
  const body = rest.join('\r\n\r\n').slice(0, Number(headers.get('content-length')));
  return { status: Number(first.split(' ')[1]), headers, body: JSON.parse(body) };
}
