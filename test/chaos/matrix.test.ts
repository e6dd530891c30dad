import { describe, expect, it } from 'vitest';
import { discover } from '../../chaos/matrix/discover.ts';
import { makeRoom } from '../../chaos/matrix/places.ts';
import { boundariesIn, readPublished } from '../../chaos/matrix/published.ts';
import { nameOf, SCENARIOS } from '../../chaos/matrix/rows.ts';
import { type RunOptions, runMatrix } from '../../chaos/matrix/run.ts';
import { SAFEGUARDS } from '../../chaos/matrix/safeguards.ts';
import { onStage } from '../../chaos/matrix/stage.ts';

/** One for each part that is killed, and one for Stripe's forgetting. `npm run chaos:matrix` runs all. */
const SELECTION: readonly string[] = [
  'first card: after createSubscription, worker',
  'first card: after signal stripeEvent, api',
  'first card: before saveStanding, PostgreSQL',
  'first card: before assignCluster, Temporal',
  'first card: after POST /v1/subscriptions, Stripe simulator',
  'month closed: after POST /v1/invoices/:id/add_lines, worker, keys forgotten',
];

/** @returns what was wrong, by the names of the rows. */
async function run(
  rows: readonly string[],
  options: Partial<RunOptions> = {},
): Promise<Record<string, readonly string[]>> {
  const { verdicts } = await runMatrix({
    boundaries: boundariesIn(await readPublished()),
    wants: (name) => rows.includes(name),
    stacks: 2,
    atOnce: 1,
    onProgress: () => undefined,
    ...options,
  });
  return Object.fromEntries(verdicts.map(({ row, wrong }) => [nameOf(row), wrong] as const));
}

describe('the matrix', () => {
  it('is green where one process after the other is killed at a boundary', async () => {
    const verdicts = await run(SELECTION);
    expect(verdicts).toEqual(Object.fromEntries(SELECTION.map((name) => [name, []] as const)));
  });

  it('turns red where the database takes a usage event twice', async () => {
    const safeguard = SAFEGUARDS.find(({ name }) => name === 'a usage event counts once');
    const row = 'usage sent: after store usage, api';
    const verdicts = await run([row], { statements: safeguard?.statements ?? [] });
    expect(verdicts[row]?.join()).toMatch(/9 GPU hours are counted, and 4.5 were used/);
  });

  it('has the boundaries that a story meets', async () => {
    const published = boundariesIn(await readPublished());
    const stories = SCENARIOS.filter(({ name }) => name === 'first card' || name === 'credits bought');
    const met = await onStage(async (stage) => {
      await makeRoom(stage);
      return await Promise.all(stories.map((story) => discover(stage, story)));
    });
    const sorted = (boundaries: typeof published) =>
      boundaries.map(({ scenario, side, step }) => `${scenario}: ${side} ${step}`).toSorted();
    const ofStories = published.filter(({ scenario }) => stories.some(({ name }) => name === scenario));
    expect(sorted(met.flat())).toEqual(sorted(ofStories));
  });
});
