import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../process/free-port.ts';
import { onFreePort, PortTakenError, reservePort } from '../../stack/ports.ts';
import { failureOf } from './helpers.ts';

async function listen(port: number, host: string | undefined): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  onTestFinished(() => void server.close());
}

test('a port that is free is reserved as it is', async () => {
  const port = await freePort();
  expect(await reservePort('PORT', port)).toBe(port);
});

test.each(['127.0.0.1', undefined])(
  'a port somebody listens on (at %s) is an error with the way out',
  async (host) => {
    const port = await freePort();
    await listen(port, host);
    const { code, message } = await failureOf(reservePort('STRIPE_SIMULATOR_PORT', port));
    expect(code).toBe('port_taken');
    expect(message).toContain(`STRIPE_SIMULATOR_PORT=${port + 100}`);
  },
);

test('a free port that was taken in the meantime is replaced by another', async () => {
  const tried: number[] = [];
  const started = await onFreePort(async (port) => {
    tried.push(port);
    if (tried.length < 3) throw new PortTakenError(port);
    return port;
  });
  expect(new Set(tried).size).toBe(3);
  expect(started).toBe(tried[2]);
});
