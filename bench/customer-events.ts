import { setTimeout as sleep } from 'node:timers/promises';
import { note, right, table } from '../cli/console.ts';
import { atATime } from '../domain/at-a-time.ts';
import { type AppliedEvents, watchAppliedEvents } from './applied-events.ts';
import { describe, type Machine, thisMachine } from './machine.ts';
import { type BenchParts } from './stack.ts';
import { median, medianOf, quantile } from './statistics.ts';
import { newEvent, Subscriber } from './subscriber.ts';

/** How many events one customer gets, and how fast. */
export interface CustomerEventsOptions {
  /** Of the flood. */
  readonly events: number;
  /** How many events are under way at the same time. */
  readonly senders: number;
  /** How often each is measured. */
  readonly runs: number;
}

/** Medians of all runs. */
export interface CustomerEventsFigures {
  readonly machine: Machine;
  readonly options: CustomerEventsOptions;
  /** Milliseconds from an event's signal sent to its effect saved, one event at a time, before and after the flood. */
  readonly latency: {
    readonly first: Latency;
    readonly last: Latency;
    /** Of the medians, last through first, within one run. */
    readonly ratio: number;
  };
  readonly flood: Flood;
  readonly bursts: readonly Burst[];
}

interface Latency {
  readonly medianMs: number;
  readonly p95Ms: number;
}

interface Flood {
  /** Applied, from the first one sent to the last one saved. */
  readonly eventsPerSecond: number;
  /** Workflow runs that it took: one more than there were continue-as-new. */
  readonly runs: number;
  /** Of a run's history, in events. */
  readonly longestHistory: number;
}

interface Burst {
  readonly events: number;
  readonly activities: number;
  readonly stripeRequests: number;
  /** From the first event sent to the last one saved. */
  readonly ms: number;
}

const SINGLE_EVENTS = 50;
const WARM_UP_EVENTS = 20;
/**
 * Between single events. A Temporal shard, and the development server is one, hands out tasks at most 20 times a second
 * (`history.transferProcessorMaxPollRPS`); an event takes five. Without the pause, that is what would be measured.
 */
const PAUSE_MS = 300;
const BURSTS = [1, 10, 50, 200, 1_000] as const;

/**
 * Sends events to the workflow of one customer for each run: some one by one, a flood, some one by one again; then bursts, each to a
 * customer of its own. Signals go straight to Temporal, so the api is not measured.
 */
export async function measureCustomerEvents(
  parts: BenchParts,
  options: CustomerEventsOptions,
): Promise<CustomerEventsFigures> {
  const machine = thisMachine();
  await using applied = await watchAppliedEvents(parts.stack.databaseUrl);
  const bench = new CustomerEventsBench(parts, applied, options.senders);
  note('warming up');
  await bench.burst(WARM_UP_EVENTS);

  const rounds: Round[] = [];
  for (let run = 1; run <= options.runs; run += 1) {
    note(`run ${run} of ${options.runs}: ${options.events} events`);
    rounds.push(await bench.flood(options.events));
  }
  const bursts: Burst[] = [];
  for (const events of BURSTS) {
    note(`bursts of ${events}`);
    const repeated: Burst[] = [];
    for (let run = 1; run <= options.runs; run += 1) repeated.push(await bench.burst(events));
    bursts.push({
      events,
      activities: medianOf(repeated, ({ activities }) => activities),
      stripeRequests: medianOf(repeated, ({ stripeRequests }) => stripeRequests),
      ms: medianOf(repeated, ({ ms }) => ms),
    });
  }

  return {
    machine,
    options,
    latency: {
      first: latencyOf(rounds.map(({ first }) => first)),
      last: latencyOf(rounds.map(({ last }) => last)),
      ratio: medianOf(rounds, ({ first, last }) => last.medianMs / first.medianMs),
    },
    flood: {
      eventsPerSecond: medianOf(rounds, ({ flood }) => flood.eventsPerSecond),
      runs: medianOf(rounds, ({ flood }) => flood.runs),
      longestHistory: medianOf(rounds, ({ flood }) => flood.longestHistory),
    },
    bursts,
  };
}

function latencyOf(measured: readonly Latency[]): Latency {
  return {
    medianMs: medianOf(measured, ({ medianMs }) => medianMs),
    p95Ms: medianOf(measured, ({ p95Ms }) => p95Ms),
  };
}

interface Round {
  readonly first: Latency;
  readonly last: Latency;
  readonly flood: Flood;
}

class CustomerEventsBench {
  readonly #parts: BenchParts;
  readonly #applied: AppliedEvents;
  readonly #senders: number;

  constructor(parts: BenchParts, applied: AppliedEvents, senders: number) {
    this.#parts = parts;
    this.#applied = applied;
    this.#senders = senders;
  }

  async flood(events: number): Promise<Round> {
    const subscriber = await Subscriber.signUp(this.#parts);
    await this.#oneByOne(subscriber, WARM_UP_EVENTS);
    const first = await this.#oneByOne(subscriber, SINGLE_EVENTS);
    const ms = await this.#sendAll(subscriber, events);
    await subscriber.atRest();
    const last = await this.#oneByOne(subscriber, SINGLE_EVENTS);
    const lengths = await subscriber.historyLengths();
    const flood = {
      eventsPerSecond: events / (ms / 1_000),
      runs: lengths.length,
      longestHistory: Math.max(...lengths),
    };
    return { first, last, flood };
  }

  /** To a customer at rest. */
  async burst(events: number): Promise<Burst> {
    const subscriber = await Subscriber.signUp(this.#parts);
    const before = await subscriber.activities();
    const askedBefore = await this.#parts.simulator.lastSequence();
    const ms = await this.#sendAll(subscriber, events);
    await subscriber.atRest();
    const activities = (await subscriber.activities()) - before;
    const stripeRequests = (await this.#parts.simulator.lastSequence()) - askedBefore;
    return { events, activities, stripeRequests, ms };
  }

  async #oneByOne(subscriber: Subscriber, events: number): Promise<Latency> {
    const latencies: number[] = [];
    for (let sent = 0; sent < events; sent += 1) {
      latencies.push(await this.#sendAll(subscriber, 1));
      await sleep(PAUSE_MS);
    }
    return { medianMs: median(latencies), p95Ms: quantile(latencies, 0.95) };
  }

  /** @returns milliseconds from the first event sent to the last one saved. */
  async #sendAll(subscriber: Subscriber, count: number): Promise<number> {
    const events = Array.from({ length: count }, newEvent);
    const saved = events.map(({ eventId }) => this.#applied.when(eventId));
    const startedAt = performance.now();
    await atATime(this.#senders, events, (event) => subscriber.send(event));
    return Math.max(...(await Promise.all(saved))) - startedAt;
  }
}

/** The figures as a person reads them. */
export function report({ machine, options, latency, flood, bursts }: CustomerEventsFigures): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const ofOne = ({ medianMs, p95Ms }: Latency) => [ms(medianMs), ms(p95Ms)];
  return [
    `Medians of ${options.runs} runs. ${describe(machine)}`,
    '',
    table(
      [{ name: 'From an event sent to its effect saved' }, right('Median'), right('95 %')],
      [
        [`the first ${SINGLE_EVENTS}`, ...ofOne(latency.first)],
        [`${SINGLE_EVENTS} after ${options.events} others`, ...ofOne(latency.last)],
        ['last / first', latency.ratio.toFixed(2), ''],
      ],
    ),
    '',
    table(
      [{ name: `${options.events} events, ${options.senders} at a time` }, { name: '' }],
      [
        ['applied per second', flood.eventsPerSecond.toFixed(0)],
        ['workflow runs', String(flood.runs)],
        ['longest history', `${flood.longestHistory} events`],
      ],
    ),
    '',
    table(
      [
        right('Burst'),
        right('Activities'),
        right('per event'),
        right('Stripe requests'),
        right('per event'),
        right('All saved after'),
      ],
      bursts.map(({ events, activities, stripeRequests, ms: tookMs }) => [
        String(events),
        String(activities),
        (activities / events).toFixed(2),
        String(stripeRequests),
        (stripeRequests / events).toFixed(2),
        ms(tookMs),
      ]),
    ),
  ].join('\n');
}
