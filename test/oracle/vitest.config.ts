import { defineConfig } from 'vitest/config';

/** The oracle alone, for mutations.ts. */
export default defineConfig({
  test: {
    include: ['test/oracle/oracle.test.ts'],
    globalSetup: ['test/oracle/postgres-only.ts'],
    pool: 'forks',
    hookTimeout: 120_000,
  },
});
