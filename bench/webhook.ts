import { createStripeClient } from '../activities/stripe-client.ts';
import { note } from '../cli/console.ts';
import { WEBHOOK_PATHS } from '../domain/stripe-event.ts';
import { watchAppliedEvents } from './applied-events.ts';
import { type Load, type LoadFigures, LoadProcess } from './load-process.ts';
import { type Machine, thisMachine } from './machine.ts';
import { cpuMs } from './processes.ts';
import { type BenchParts } from './stack.ts';
import { median, medianOf, quantile } from './statistics.ts';
import { Subscriber } from './subscriber.ts';
import { eventIdOf } from './webhook-events.ts';

/** `dev`: the parts that `npm start` starts. `production`: those of docker-compose.yml, each as a process. */
export const TOPOLOGIES = ['dev', 'production'] as const;

/** On which parts, and how many events about how many customers. */
export interface WebhookOptions {
  /** On Temporal's development server, or on its own server on PostgreSQL. */
  readonly topology: (typeof TOPOLOGIES)[number];
  /** In one round. */
  readonly events: number;
  /** How often each is measured. */
  readonly runs: number;
  /** Events of the burst. */
  readonly burst: number;
  /** Whom the events are about. */
  readonly customers: number;
}

/** Medians of all runs. */
export interface WebhookFigures {
  readonly machine: Machine;
  readonly options: WebhookOptions;
  /** Of one event, in bytes. */
  readonly bodyBytes: number;
  readonly acknowledging: readonly Acknowledging[];
  readonly burst: WebhookBurst;
}

/** The api beside a bare loop of the signalWithStart calls that it makes. */
export interface Acknowledging {
  readonly atATime: number;
  readonly api: Rate;
  readonly bare: Rate;
  /** Api through bare loop, within one run. */
  readonly throughput: number;
  readonly p99: number;
}

/** How fast some events were acknowledged; times in milliseconds. */
export interface Rate {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Webhooks that were answered 503 and sent again. */
  readonly sentAgain: number;
  /** Processor time of an event; `null` where there is no /proc. */
  readonly cpuMs: { readonly sender: number; readonly api: number | null; readonly temporal: number | null };
}

/** Events that come at once, with a worker that applies them. */
export interface WebhookBurst {
  readonly events: number;
  readonly customers: number;
  readonly acknowledgedPerSecond: number;
  readonly sentAgain: number;
  /** From the first one sent to the last one saved. */
  readonly appliedPerSecond: number;
  readonly activitiesPerEvent: number;
  readonly stripeRequestsPerEvent: number;
}

const AT_A_TIME = [1, 4, 16] as const;
const WARM_UP_EVENTS = 500;
const BURST_AT_A_TIME = 16;

/**
 * A burst with a worker that applies it; then, with the worker stopped, rounds of the api and of a bare loop of signalWithStart,
 * which comes first by turns.
 */
export async function measureWebhooks(parts: BenchParts, options: WebhookOptions): Promise<WebhookFigures> {
  const machine = thisMachine();
  await using sender = await LoadProcess.start();
  await using bare = await LoadProcess.start();
  note(`${options.customers} customers sign up`);
  const subscribers = await Subscriber.signUpAll(parts, options.customers);
  const bench = new WebhookBench(parts, { sender, bare }, await subscriptionOf(parts, subscribers[0]));

  note('warming up');
  const customerIds = subscribers.map(({ stripeCustomerId }) => stripeCustomerId);
  await bench.toApi({ name: 'warm', events: WARM_UP_EVENTS, atATime: BURST_AT_A_TIME, customerIds });
  for (const subscriber of subscribers) await subscriber.atRest();
  note(`a burst of ${options.burst} events`);
  const burst = await bench.burst(subscribers, options.burst);

  // A worker would apply what one round has sent while the next one is measured.
  await parts.worker.stop();
  const rounds = AT_A_TIME.map((): Round[] => []);
  await bench.round({ ...options, name: 'rehearsal', atATime: 4, events: WARM_UP_EVENTS });
  for (let run = 1; run <= options.runs; run += 1) {
    for (const [index, count] of AT_A_TIME.entries()) {
      note(`run ${run} of ${options.runs}: ${count} at a time`);
      rounds[index]?.push(await bench.round({ ...options, name: `${run}_${count}`, atATime: count }));
    }
  }
  return {
    machine,
    options,
    bodyBytes: bench.bodyBytes,
    acknowledging: AT_A_TIME.map((count, index) => medians(count, rounds[index] ?? [])),
    burst,
  };
}

/** As Stripe has it, so that events are as large as Stripe's. */
async function subscriptionOf(
  { stack, simulatorUrl }: BenchParts,
  subscriber: Subscriber | undefined,
): Promise<Load['subscription']> {
  const stripe = createStripeClient({
    mode: 'live',
    secretKey: stack.stripe.live?.secretKey ?? '',
    apiBase: simulatorUrl,
  });
  const { data } = await stripe.subscriptions.list({ customer: subscriber?.stripeCustomerId ?? '' });
  return { ...data[0] };
}

interface Round {
  readonly api: Rate;
  readonly bare: Rate;
}

/** What is measured, one after the other, so that whatever else happens on the machine meets both. */
class WebhookBench {
  readonly #parts: BenchParts;
  readonly #processes: { readonly sender: LoadProcess; readonly bare: LoadProcess };
  readonly #subscription: Load['subscription'];
  #apiComesFirst = true;

  constructor(
    parts: BenchParts,
    processes: { readonly sender: LoadProcess; readonly bare: LoadProcess },
    subscription: Load['subscription'],
  ) {
    this.#parts = parts;
    this.#processes = processes;
    this.#subscription = subscription;
  }

  get bodyBytes(): number {
    return JSON.stringify(this.#subscription).length;
  }

  /** The same for both: as many events, about customers that run already and that nobody looks at. */
  async round(
    given: Pick<Load, 'name' | 'events' | 'atATime'> & { readonly customers: number },
  ): Promise<Round> {
    const rates: { api?: Rate; bare?: Rate } = {};
    const order = this.#apiComesFirst ? (['api', 'bare'] as const) : (['bare', 'api'] as const);
    this.#apiComesFirst = !this.#apiComesFirst;
    for (const kind of order) {
      const { customers, atATime: count, events } = given;
      const customerIds = Array.from({ length: customers }, (_, index) => `cus_${kind}${index}`);
      const send = (name: string, some: number) => {
        const load = { name: `${kind}_${name}`, events: some, atATime: count, customerIds };
        return kind === 'api' ? this.toApi(load) : this.#bare(load);
      };
      await send(`${given.name}_start`, customers);
      rates[kind] = await this.#measure(events, () => send(given.name, events));
    }
    if (rates.api === undefined || rates.bare === undefined) throw new Error('a round is of both');
    return { api: rates.api, bare: rates.bare };
  }

  async burst(subscribers: readonly Subscriber[], events: number): Promise<WebhookBurst> {
    await using applied = await watchAppliedEvents(this.#parts.stack.databaseUrl);
    const before = await activitiesOf(subscribers);
    const askedBefore = await this.#parts.simulator.lastSequence();
    const load = {
      name: 'burst',
      events,
      atATime: BURST_AT_A_TIME,
      customerIds: subscribers.map(({ stripeCustomerId }) => stripeCustomerId),
    };
    const saved = Array.from({ length: events }, (_, index) => applied.when(eventIdOf(load, index)));
    const startedAt = performance.now();
    const { ms, sentAgain } = await this.toApi(load);
    const lastSavedAt = Math.max(...(await Promise.all(saved)));
    for (const subscriber of subscribers) await subscriber.atRest();
    return {
      events,
      customers: subscribers.length,
      acknowledgedPerSecond: events / (ms / 1_000),
      sentAgain,
      appliedPerSecond: events / ((lastSavedAt - startedAt) / 1_000),
      activitiesPerEvent: ((await activitiesOf(subscribers)) - before) / events,
      stripeRequestsPerEvent: ((await this.#parts.simulator.lastSequence()) - askedBefore) / events,
    };
  }

  async toApi(load: Omit<Load, 'to' | 'subscription'>): Promise<LoadFigures> {
    const { apiUrl, stripe } = this.#parts.stack;
    const to = {
      kind: 'api',
      url: `${apiUrl}${WEBHOOK_PATHS.live}`,
      secret: stripe.live?.webhookSecret ?? '',
    } as const;
    return await this.#processes.sender.carryOut({ ...load, to, subscription: this.#subscription });
  }

  async #bare(load: Omit<Load, 'to' | 'subscription'>): Promise<LoadFigures> {
    const { temporalAddress: address, temporalNamespace: namespace } = this.#parts.stack;
    const to = { kind: 'bare', address, namespace } as const;
    return await this.#processes.bare.carryOut({ ...load, to, subscription: this.#subscription });
  }

  async #measure(events: number, send: () => Promise<LoadFigures>): Promise<Rate> {
    const { api, temporal } = this.#parts.pids;
    const before = { api: await cpuMs(api), temporal: await cpuMs(temporal) };
    const figures = await send();
    const after = { api: await cpuMs(api), temporal: await cpuMs(temporal) };
    const each = (part: 'api' | 'temporal') => {
      const [from, to] = [before[part], after[part]];
      return from === null || to === null ? null : (to - from) / events;
    };
    return {
      perSecond: events / (figures.ms / 1_000),
      p50Ms: median(figures.latenciesMs),
      p99Ms: quantile(figures.latenciesMs, 0.99),
      sentAgain: figures.sentAgain,
      cpuMs: { sender: figures.cpuMs / events, api: each('api'), temporal: each('temporal') },
    };
  }
}

async function activitiesOf(subscribers: readonly Subscriber[]): Promise<number> {
  let sum = 0;
  for (const subscriber of subscribers) sum += await subscriber.activities();
  return sum;
}

function medians(count: number, rounds: readonly Round[]): Acknowledging {
  return {
    atATime: count,
    api: medianRate(rounds.map(({ api }) => api)),
    bare: medianRate(rounds.map(({ bare }) => bare)),
    throughput: medianOf(rounds, ({ api, bare }) => api.perSecond / bare.perSecond),
    p99: medianOf(rounds, ({ api, bare }) => api.p99Ms / bare.p99Ms),
  };
}

function medianRate(rates: readonly Rate[]): Rate {
  const cpuOf = (part: 'api' | 'temporal') => {
    const times = rates.flatMap(({ cpuMs: times }) => times[part] ?? []);
    return times.length === 0 ? null : median(times);
  };
  return {
    perSecond: medianOf(rates, ({ perSecond }) => perSecond),
    p50Ms: medianOf(rates, ({ p50Ms }) => p50Ms),
    p99Ms: medianOf(rates, ({ p99Ms }) => p99Ms),
    sentAgain: medianOf(rates, ({ sentAgain }) => sentAgain),
    cpuMs: {
      sender: medianOf(rates, ({ cpuMs: times }) => times.sender),
      api: cpuOf('api'),
      temporal: cpuOf('temporal'),
    },
  };
}
