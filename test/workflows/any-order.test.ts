import { beforeAll, expect, test } from 'vitest';
import { newCustomer, stateOf, userOf } from '../../chaos/world/customers.ts';
import { until } from '../../chaos/world/eventually.ts';
import { type Person, personOf, type Step } from '../../chaos/world/life-steps.ts';
import { LIVES, type Life } from '../../chaos/world/lives.ts';
import { clusterLoads, type Outcome, outcomeOf } from '../../chaos/world/outcomes.ts';
import { Settling } from '../../chaos/world/settling.ts';
import { useGpu } from '../../chaos/world/usage.ts';
import { closeMonth } from '../../cli/close.ts';
import { saveCluster } from '../../db/clusters.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { Postman } from './postman.ts';
import { startTestBilling } from './service.ts';

/** Each is a storm of its own; a failing test names it. */
const SEEDS = [20_261_124, 4_242];
const CUSTOMERS_OF_EACH_LIFE: Readonly<Record<Mode, number>> = { live: 1, test: 2 };
const PERIOD = parseBillingPeriod('2026-05');
const GPU_HOURS = '1.5';
const RUN_TIMEOUT_MS = 900_000;

interface Actor extends Person {
  readonly name: string;
  readonly life: Life;
}

/** Where all lives have led. */
interface Ending {
  readonly outcomes: Readonly<Record<string, Outcome>>;
  /** Users on each cluster. */
  readonly loads: Readonly<Record<string, number>>;
  /** Whose workflow has not applied just as many events as Stripe has of them. */
  readonly miscounted: readonly string[];
}

let calm: Ending;

beforeAll(async () => {
  calm = await inCalm();
}, RUN_TIMEOUT_MS);

test.each(LIVES.map((life) => [life.story, life] as const))(
  'in calm, who %s ends as the rules say',
  (story, { ends }) => {
    const outcomes = Object.entries(calm.outcomes).filter(([name]) => name.startsWith(`${story}, `));
    expect(outcomes).toHaveLength(CUSTOMERS_OF_EACH_LIFE.live + CUSTOMERS_OF_EACH_LIFE.test);
    for (const [name, outcome] of outcomes) expect.soft(outcome, name).toMatchObject(ends);
  },
);

test('in calm, clusters hold the users whose subscription lives, and each event is applied once', () => {
  const { outcomes, loads, miscounted } = calm;
  const places = MODES.flatMap((mode) => clustersOf(mode));
  expect(loads).toEqual(Object.fromEntries(places.map((each) => [each.clusterId, each.capacity])));
  const living = Object.values(outcomes).filter(({ subscriptions }) => subscriptions.includes('active'));
  expect(Object.values(loads).reduce((sum, load) => sum + load, 0)).toBe(living.length);
  expect(miscounted).toEqual([]);
});

test.each(SEEDS)(
  'shuffled, repeated and simultaneous deliveries end in the same state as calm ones (seed %i)',
  async (seed) => {
    const { ending, ...storm } = await inStorm(seed);
    for (const [name, outcome] of Object.entries(ending.outcomes)) {
      expect.soft(outcome, name).toEqual(calm.outcomes[name]);
    }
    expect(ending).toEqual(calm);
    expect(storm).toMatchObject({ refusals: [], unnoticedRepetitions: [] });
    // It was a storm.
    expect(storm.customersOutOfOrder).toBeGreaterThan(Object.keys(calm.outcomes).length / 2);
  },
  RUN_TIMEOUT_MS,
);

/** Each step settles before the next one, with Stripe's own deliveries. */
async function inCalm(): Promise<Ending> {
  const service = await startService();
  try {
    const settling = new Settling(service);
    const actors = await enter(service);
    const perform = async (part: 'beforeClose' | 'afterClose') => {
      for (let step = 0; actors.some(({ life }) => step < life[part].length); step += 1) {
        await Promise.all(actors.map((actor) => act(service, actor, actor.life[part].slice(step, step + 1))));
        await settling.isOver();
      }
    };
    await perform('beforeClose');
    await Promise.all(MODES.map((mode) => closeMonth(service.temporal, { mode, period: PERIOD })));
    await settling.isOver();
    await perform('afterClose');
    return await endingOf(service, settling, actors);
  } finally {
    await service.stop();
  }
}

/** Nobody waits for anything but what the next step needs, and the deliveries are the postman's. */
async function inStorm(seed: number) {
  const service = await startService();
  const postman = new Postman(service, seed);
  try {
    await postman.start();
    const settling = new Settling(service);
    const actors = await enter(service);
    const perform = async (mode: Mode, part: 'beforeClose' | 'afterClose') => {
      const theirs = actors.filter((actor) => actor.mode === mode);
      await Promise.all(theirs.map((actor) => act(service, actor, actor.life[part])));
    };
    await Promise.all(
      MODES.map(async (mode) => {
        await perform(mode, 'beforeClose');
        await closeMonth(service.temporal, { mode, period: PERIOD });
        await perform(mode, 'afterClose');
      }),
    );
    await settling.isOver(() => postman.isDone);
    postman.deliverAllAgain();
    await settling.isOver(() => postman.isDone);

    const unnoticedRepetitions: string[] = [];
    for (const actor of actors) {
      const repetitions = postman.repetitionsFor(actor.stripeCustomerId);
      const { duplicateEvents } = await stateOf(service, actor);
      if (repetitions === 0 || duplicateEvents < repetitions) unnoticedRepetitions.push(actor.name);
    }
    return {
      ending: await endingOf(service, settling, actors),
      unnoticedRepetitions,
      customersOutOfOrder: postman.outOfOrder.size,
      refusals: postman.refusals,
    };
  } finally {
    await postman.stop();
    await service.stop();
  }
}

async function act(service: BillingService, actor: Actor, steps: readonly Step[]): Promise<void> {
  try {
    for (const step of steps) await step(service, actor);
  } catch (error) {
    throw new Error(`Of who ${actor.name}: ${String(error)}`, { cause: error });
  }
}

/** With just as many places on clusters as subscriptions live in the end: who leaves must make room. */
async function startService(): Promise<BillingService> {
  const service = await startTestBilling();
  await service.startWorker();
  for (const mode of MODES) {
    for (const cluster of clustersOf(mode)) await saveCluster(service.db, cluster);
  }
  return service;
}

function clustersOf(mode: Mode) {
  const places = LIVES.filter(({ ends }) => ends.hasCluster).length * CUSTOMERS_OF_EACH_LIFE[mode];
  const small = Math.floor(places / 3);
  return [
    { mode, clusterId: `cluster-${mode}`, capacity: places - small },
    { mode, clusterId: `cluster-${mode}-small`, capacity: small },
  ];
}

async function enter(service: BillingService): Promise<Actor[]> {
  const parts = MODES.flatMap((mode) =>
    LIVES.flatMap((life) =>
      Array.from({ length: CUSTOMERS_OF_EACH_LIFE[mode] }, (_, index) => ({
        mode,
        life,
        name: `${life.story}, ${mode} ${index + 1}`,
      })),
    ),
  );
  return await Promise.all(
    parts.map(async (part) => {
      const person = personOf(await newCustomer(service, part.mode));
      if (part.life.isBilled) await useGpu(service, person, PERIOD, GPU_HOURS);
      return { ...person, ...part };
    }),
  );
}

async function endingOf(
  service: BillingService,
  settling: Settling,
  actors: readonly Actor[],
): Promise<Ending> {
  const outcomes: Record<string, Outcome> = {};
  const miscounted: string[] = [];
  for (const mode of MODES) {
    const events = await settling.countEvents(mode);
    for (const actor of actors.filter((each) => each.mode === mode)) {
      const applied = events.get(actor.stripeCustomerId) ?? 0;
      const { state } = await until(
        `the workflow of who ${actor.name} to say what it has saved`,
        async () => ({ state: await stateOf(service, actor), user: await userOf(service, actor) }),
        ({ state, user }) =>
          state.appliedEvents >= applied && state.queuedEvents === 0 && state.clusterId === user.cluster_id,
      );
      if (state.appliedEvents !== applied) miscounted.push(actor.name);
      outcomes[actor.name] = await outcomeOf(service, actor);
    }
  }
  return { outcomes, loads: await clusterLoads(service), miscounted };
}
