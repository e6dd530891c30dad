import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Forks, not threads: Temporal's native core and PostgreSQL's clients want a process of their own.
    pool: 'forks',
    maxWorkers: 2,
    // Against what hangs, not what is slow: a command takes ten seconds to start where two suites run side by side on two cores.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
