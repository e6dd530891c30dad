/**
 * Where a behaviour test runs: in `npm test` against the simulator, in `npm run test:stripe` against Stripe itself, in
 * test mode. So Stripe can prove the simulator right.
 */
import Stripe from 'stripe';
import { inject } from 'vitest';
import { inheritedEnvironment } from '../../config/machine.ts';
import { startLitter } from './litter.ts';
import type { TestSimulator } from './support.ts';
import { startTestSimulator } from './support.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Set by `vitest.real.config.ts`. */
    stripeTarget?: 'stripe';
  }
}

/**
 * For `test.skipIf(onStripe)`: what can't be asked of Stripe, because it needs `/_sim` or live mode, or an answer at once
 * that Stripe gives eventually.
 */
export const onStripe = inject('stripeTarget') === 'stripe';

/** `name`, made unique where others may have used it before: Stripe keeps what a run leaves behind. */
const RUN = onStripe ? `-${Date.now().toString(36)}` : '';
/** `name` itself on the simulator, which is new; on Stripe with the run's own end. */
export const unique = (name: string): string => `${name}${RUN}`;
/** Stripe refuses addresses of domains that can't get mail. */
export const uniqueEmail = (name: string): string => `${name}${RUN}@example.com`;

/** What a test may ask, of the simulator or of Stripe. What only the simulator has throws on Stripe. */
export interface Target extends TestSimulator {
  /** For requests that the SDK's types would not allow. */
  readonly api: { readonly baseUrl: string; readonly key: string };
}

/** A simulator of the file's own; or Stripe, where whatever the tests make is removed at the end. */
export async function startTarget(): Promise<Target> {
  if (onStripe) return stripeItself();
  const simulator = await startTestSimulator();
  const { baseUrl, testKey } = simulator.simulator;
  return { ...simulator, api: { baseUrl, key: testKey } };
}

/**
 * The key of a real account's test mode.
 * @throws if there is none, or if it is a live one.
 */
function realTestKey(): string {
  const key = inheritedEnvironment()['STRIPE_TEST_SECRET_KEY'] ?? '';
  if (/^[sr]k_live/.test(key)) {
    throw new Error(
      'STRIPE_TEST_SECRET_KEY holds a live key: these tests make and charge customers. Use a test mode key.',
    );
  }
  if (!/^[sr]k_test_/.test(key))
    throw new Error('STRIPE_TEST_SECRET_KEY has to be a test mode secret key (sk_test_…).');
  return key;
}

function stripeItself(): Target {
  const key = realTestKey();
  // For trying this very suite without Stripe: another address, such as a simulator's.
  const base = new URL(inheritedEnvironment()['STRIPE_API_BASE'] ?? 'https://api.stripe.com');
  const litter = startLitter();
  const stripe = new Stripe(key, {
    host: base.hostname,
    port: base.port || (base.protocol === 'https:' ? 443 : 80),
    protocol: base.protocol === 'https:' ? 'https' : 'http',
    maxNetworkRetries: 0,
    httpClient: litter.httpClient,
  });
  return {
    stripe,
    api: { baseUrl: base.origin, key },
    get live() {
      return onlySimulated('live');
    },
    get sim() {
      return onlySimulated('sim');
    },
    get simulator() {
      return onlySimulated('simulator');
    },
    [Symbol.asyncDispose]: () => litter.remove(stripe),
  };
}

function onlySimulated(what: string): never {
  throw new Error(`context.${what} is the simulator's: this test has to skip with skipIf(onStripe)`);
}
