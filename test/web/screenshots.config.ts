import { defineConfig } from 'vitest/config';

/** The screenshots of the documentation, which are no tests. */
export default defineConfig({
  test: {
    include: ['test/web/screenshots.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
