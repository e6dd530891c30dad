import { defineConfig } from 'vitest/config';

/** The simulator's tests alone: they need neither PostgreSQL nor Temporal, so they start at once. */
export default defineConfig({
  test: {
    include: ['test/stripe-simulator/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
