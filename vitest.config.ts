import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders whose files run no workers of ours and no browser, and leave nothing behind in their process. */
const TOGETHER = ['activities', 'api', 'db', 'domain'].map((folder) => `test/${folder}/**/*.test.ts`);

/** Tests that take a minute for their few lines. */
const LONG = /\/test\/(chaos|drills)\//;

/** Large files first, as Vitest does; but those that are long whatever their size before all others, so that none of them is left alone at the end. */
class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is no array's
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

const common = {
  // Forks, not threads: Temporal's native core and PostgreSQL's clients want a process of their own.
  pool: 'forks',
  // Against what hangs, not what is slow: a command takes ten seconds to start where two suites run side by side on two cores.
  testTimeout: 300_000,
  hookTimeout: 300_000,
} as const;

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    // Each starts workers, servers and browsers of its own: on two cores a third one makes every test take half as long again.
    maxWorkers: 2,
    sequence: { sequencer: LongOnesFirst },
    projects: [
      // Loading our modules takes longer than most of these tests: a process loads them once.
      {
        test: { ...common, name: 'together', include: TOGETHER, isolate: false, sequence: { groupOrder: 1 } },
      },
      {
        test: {
          ...common,
          name: 'alone',
          include: ['test/**/*.test.ts'],
          exclude: TOGETHER,
          sequence: { groupOrder: 0 },
        },
      },
    ],
  },
});
