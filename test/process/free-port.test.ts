import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { canListen, freePort } from '../../process/free-port.ts';

test.each(['127.0.0.1', undefined])('a port that somebody listens on (at %s) is not free', async (host) => {
  const port = await freePort();
  expect(await canListen(port)).toBe(true);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  onTestFinished(() => void server.close());
  expect(await canListen(port)).toBe(false);
});

test('no port is given out twice', async () => {
  const ports = await Promise.all(Array.from({ length: 600 }, freePort));
  expect(new Set(ports).size).toBe(600);
});
