import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resendWhatIsPutOff } from '../../chaos/matrix/next-tries.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { SimulatorControl } from '../../stack/simulator-control.ts';
import { startTestSimulator, type TestSimulator } from '../support/simulator.ts';

const MINUTE_MS = 60_000;

let simulator: TestSimulator;
let control: SimulatorControl;
let answer = 503;
const receiver = createServer((_request, response) => response.writeHead(answer).end());

beforeAll(async () => {
  simulator = await startTestSimulator();
  control = new SimulatorControl(simulator.url);
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/api/webhooks/stripe-test`;
  await simulator.stripe.test.webhookEndpoints.create({ url, enabled_events: ['*'] });
});
afterAll(async () => {
  receiver.close();
  await simulator.stop();
});

/** What each try of the only event came to, delivery by delivery. */
const tries = async () =>
  (await control.deliveries()).map(({ attempts }) => attempts.map(({ status }) => status));

const untilTriesAre = (expected: readonly number[][]) =>
  eventually('the tries', tries, (is) => JSON.stringify(is) === JSON.stringify(expected));

test('an event is sent once more when its next try is minutes away, and never when it was acknowledged', async () => {
  await simulator.stripe.test.customers.create({ email: 'ada@example.com' });
  const refused: number[] = [];
  for (const waitMs of [1_000, 5_000, 30_000, 0]) {
    refused.push(503);
    await untilTriesAre([refused]);
    if (waitMs > 0) await resendWhatIsPutOff({ simulator: control });
    await control.setClock((await control.nowMs()) + waitMs);
  }
  answer = 200;
  await resendWhatIsPutOff({ simulator: control });
  await untilTriesAre([refused, [200]]);
  await resendWhatIsPutOff({ simulator: control });
  await control.setClock((await control.nowMs()) + 5 * MINUTE_MS);
  await untilTriesAre([[...refused, 200], [200]]);
  await resendWhatIsPutOff({ simulator: control });
  expect(await tries()).toEqual([[...refused, 200], [200]]);
});
