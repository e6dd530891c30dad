import { defineConfig } from 'vitest/config';

/** The behaviour tests against Stripe itself; `test-stripe.ts` starts it. */
export default defineConfig({
  test: {
    include: ['cards', 'errors', 'idempotency', 'invoices', 'lists', 'reads', 'subscriptions'].map(
      (name) => `test/stripe-simulator/${name}.test.ts`,
    ),
    provide: { stripeTarget: 'stripe' },
    pool: 'forks',
    // One after the other: a sandbox takes 25 requests a second.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
