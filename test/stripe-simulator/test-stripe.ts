/**
 * `npm run test:stripe`: the simulator's behaviour tests against a real Stripe account in test mode, with the key in
 * STRIPE_TEST_SECRET_KEY. Without a key nothing runs, and that is said.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inheritedEnvironment } from '../../config/machine.ts';

const CONFIG = fileURLToPath(new URL('vitest.real.config.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The exit code. */
async function run(): Promise<number> {
  const key = inheritedEnvironment()['STRIPE_TEST_SECRET_KEY'];
  if (key === undefined || key === '') {
    process.stdout.write(
      'test:stripe did not run: nothing was tested against Stripe.\nSet STRIPE_TEST_SECRET_KEY to a test mode secret key (sk_test_…) to run it.\n',
    );
    return 0;
  }
  if (!/^[sr]k_test_/.test(key)) {
    process.stderr.write(
      /^[sr]k_live/.test(key)
        ? 'test:stripe refuses a live key: its tests make and charge customers. Set STRIPE_TEST_SECRET_KEY to a test mode secret key (sk_test_…).\n'
        : 'test:stripe needs a test mode secret key (sk_test_…) in STRIPE_TEST_SECRET_KEY; this is none.\n',
    );
    return 1;
  }
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--root', ROOT, '--config', CONFIG], {
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

process.exitCode = await run();
