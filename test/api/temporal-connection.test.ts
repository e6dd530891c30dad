import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import getPort from 'get-port';
import { expect, onTestFinished, test } from 'vitest';
import { connectLazily, type TemporalConnection } from '../../api/temporal/connection.ts';

test('closing while a call that has failed is due to be retried throws nothing at anybody', async () => {
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', note);
  onTestFinished(() => {
    process.off('uncaughtException', note);
    for (const listener of others) process.on('uncaughtException', listener);
  });

  const { connection, close } = connectLazily({ address: `127.0.0.1:${await getPort()}` });
  // Nobody listens: refused at once, and again after some tenths of a second each. The caller does not wait for it.
  const refusal = refusalWithin(30_000, connection);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await close();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await refusal).toMatch(/UNAVAILABLE|CANCELLED|connect/i);
  expect(uncaught).toEqual([]);
});

test('no retry is waited for that would come after the deadline', async () => {
  const { connection, close } = connectLazily({ address: `127.0.0.1:${await getPort()}` });
  const startedAt = performance.now();
  for (let call = 1; call <= 3; call += 1)
    expect(await refusalWithin(1_000, connection)).toMatch(/UNAVAILABLE/);
  // The retry after the fourth try would come between one and two seconds after the first.
  expect(performance.now() - startedAt).toBeLessThan(3 * 1_000);
  await close();
});

test('a Temporal that was away for long is tried again every second', async () => {
  const server = createServer((socket: Socket) => void socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  const { connection, close } = connectLazily({ address: `127.0.0.1:${address.port}` });
  const refusal = refusalWithin(60_000, connection);
  const triedAt: number[] = [];
  for (let tries = 1; tries <= 6; tries += 1) {
    await once(server, 'connection');
    triedAt.push(performance.now());
  }
  const [beforeLast = 0, last = 0] = triedAt.slice(-2);
  // Growing by 1.6 each time as it would, this wait would be at least five seconds.
  expect(last - beforeLast).toBeLessThan(3_000);
  await close();
  expect(await refusal).toMatch(/UNAVAILABLE|CANCELLED/);
  server.close();
});

/** What a call comes to for which nobody is there. */
async function refusalWithin(
  deadlineMs: number,
  connection: TemporalConnection['connection'],
): Promise<string> {
  const call = connection.withDeadline(Date.now() + deadlineMs, () =>
    connection.workflowService.getSystemInfo({}),
  );
  return await call.then(() => 'answered', String);
}
