/** `npm run test:stripe` itself: when it runs, when it refuses, and that the suite asks nothing only the simulator has. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { inheritedEnvironment } from '../../config/machine.ts';
import { startTestSimulator } from './support.ts';

const PROGRAM = fileURLToPath(new URL('test-stripe.ts', import.meta.url));

function runProgram(env: Record<string, string>): Promise<{ code: number | string; output: string }> {
  const { PATH = '', HOME = '' } = inheritedEnvironment();
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', PROGRAM],
      { env: { PATH, HOME, NO_COLOR: '1', ...env } },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });
}

test('without a key nothing runs, which is said and is no failure', async () => {
  const { code, output } = await runProgram({});
  expect(code).toBe(0);
  expect(output).toContain('test:stripe did not run');
  expect(output).not.toMatch(/passed/);
});

test.each([
  ['sk_live_51Hxyz', 'refuses a live key'],
  ['rk_live_51Hxyz', 'refuses a live key'],
  ['pk_test_51Hxyz', 'needs a test mode secret key'],
])('the key %s is refused', async (key, reason) => {
  const { code, output } = await runProgram({ STRIPE_TEST_SECRET_KEY: key });
  expect(code).toBe(1);
  expect(output).toContain(reason);
  expect(output).not.toContain(key);
});

test('with a key it runs by the API alone, and leaves neither customers nor products behind', async () => {
  await using context = await startTestSimulator();
  const { stripe, simulator } = context;
  const { code, output } = await runProgram({
    STRIPE_TEST_SECRET_KEY: simulator.testKey,
    STRIPE_API_BASE: simulator.baseUrl,
  });
  expect(output).toMatch(/Tests +\d+ passed/);
  expect(code).toBe(0);
  expect((await stripe.customers.list()).data).toEqual([]);
  expect((await stripe.products.list({ active: true })).data).toEqual([]);
  expect((await stripe.billing.meters.list({ status: 'active' })).data).toEqual([]);
}, 120_000);
