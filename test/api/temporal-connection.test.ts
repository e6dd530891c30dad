import getPort from 'get-port';
import { expect, onTestFinished, test } from 'vitest';
import { connectLazily } from '../../api/temporal/connection.ts';

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
  const call = connection.withDeadline(Date.now() + 30_000, () =>
    connection.workflowService.getSystemInfo({}),
  );
  const refusal = call.catch((error: unknown) => String(error));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await close();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await refusal).toMatch(/UNAVAILABLE|CANCELLED|connect/i);
  expect(uncaught).toEqual([]);
});
