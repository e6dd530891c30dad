import { setTimeout as sleep } from 'node:timers/promises';
import { note, right, table } from '../cli/console.ts';
import { MAX_BATCH_SIZE } from '../domain/usage-event.ts';
import { describe, type Machine, MB, thisMachine } from './machine.ts';
import { residentBytes } from './processes.ts';
import { type BenchParts } from './stack.ts';
import { firstThird, lastThird, median, slope } from './statistics.ts';
import { newBatch, requestBody } from './usage-batches.ts';
import { UsageSender } from './usage-sender.ts';
import { registerUsers } from './users.ts';

/** How long the load goes on; a leak that is small shows the better the longer. */
export interface MemoryOptions {
  /** After a minute of warm-up. */
  readonly minutes: number;
}

/** The api's memory under a load that does not change, sampled every second. */
export interface MemoryFigures {
  readonly machine: Machine;
  readonly options: MemoryOptions;
  readonly eventsPerSecond: number;
  /** The api's, in MB. */
  readonly resident: Course;
  /** What of it JavaScript's objects take, and the garbage of them that was not collected yet. */
  readonly heapUsed: Course;
}

/** How a size went over time. */
interface Course {
  readonly firstThird: Spread;
  readonly lastThird: Spread;
  /** Of the straight line through all samples. */
  readonly slopeMbPerMinute: number;
  /** Median of the last third through that of the first. */
  readonly growth: number;
  /** Whether the growth is at most {@link FLAT_GROWTH}. */
  readonly flat: boolean;
}

interface Spread {
  readonly minMb: number;
  readonly medianMb: number;
  readonly maxMb: number;
}

interface Sample {
  readonly minutes: number;
  readonly residentMb: number;
  readonly heapUsedMb: number;
}

const USERS = 200;
const SENDERS = 4;
const WARM_UP_MINUTES = 1;
const SAMPLE_EVERY_MS = 1_000;
const FLAT_GROWTH = 1.05;

/**
 * Sends usage without a pause, and looks how the api's memory goes meanwhile.
 *
 * @throws Error when the load breaks off, or there is no /proc to read memory from: it measures on Linux only.
 */
export async function measureMemory(parts: BenchParts, options: MemoryOptions): Promise<MemoryFigures> {
  const machine = thisMachine();
  await using load = steadyLoad(parts, await registerUsers(parts, USERS));
  note(`warming up for ${WARM_UP_MINUTES} min`);
  await load.during(sleep(WARM_UP_MINUTES * 60_000));
  note(`measuring for ${options.minutes} min`);
  const sentBefore = load.batches();
  const samples = await load.during(takeSamples(parts, options.minutes));
  const events = (load.batches() - sentBefore) * MAX_BATCH_SIZE;
  return {
    machine,
    options,
    eventsPerSecond: events / (options.minutes * 60),
    resident: courseOf(samples, ({ residentMb }) => residentMb),
    heapUsed: courseOf(samples, ({ heapUsedMb }) => heapUsedMb),
  };
}

interface SteadyLoad extends AsyncDisposable {
  /** Answered so far. */
  batches(): number;
  /** Waits for it, or fails as soon as the load does. */
  during<Result>(work: Promise<Result>): Promise<Result>;
}

/** Sends without a pause, until it is disposed of. */
function steadyLoad({ stack }: BenchParts, userIds: readonly string[]): SteadyLoad {
  const sender = new UsageSender(stack);
  let batches = 0;
  const ended = new AbortController();
  const sendInTurn = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await sender.send(requestBody(newBatch(userIds)));
      batches += 1;
    }
  };
  const sending = Promise.all(Array.from({ length: SENDERS }, sendInTurn));
  const failure = sending.then(() => Promise.reject(new Error('nothing is sent any more')));
  // Heard of by whoever waits meanwhile.
  failure.catch(() => undefined);
  return {
    batches: () => batches,
    during: (work) => Promise.race([work, failure]),
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      await Promise.allSettled([sending]);
      sender.close();
    },
  };
}

async function takeSamples({ stack, pids }: BenchParts, minutes: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  const startedAt = performance.now();
  for (let next = startedAt; next - startedAt < minutes * 60_000; next += SAMPLE_EVERY_MS) {
    await sleep(Math.max(0, next - performance.now()));
    const heapUsed = await heapUsedBytes(stack.apiUrl);
    const resident = await residentBytes(pids.api);
    if (resident === null) throw new Error('The memory of a process can be read on Linux only');
    samples.push({
      minutes: (performance.now() - startedAt) / 60_000,
      residentMb: resident / MB,
      heapUsedMb: heapUsed / MB,
    });
  }
  return samples;
}

async function heapUsedBytes(apiUrl: string): Promise<number> {
  const metrics = await (await fetch(`${apiUrl}/metrics`)).text();
  return Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(metrics)?.[1]);
}

function courseOf(samples: readonly Sample[], sizeMb: (sample: Sample) => number): Course {
  const first = spreadOf(firstThird(samples).map(sizeMb));
  const last = spreadOf(lastThird(samples).map(sizeMb));
  const growth = last.medianMb / first.medianMb;
  return {
    firstThird: first,
    lastThird: last,
    slopeMbPerMinute: slope(samples.map((sample) => ({ x: sample.minutes, y: sizeMb(sample) }))),
    growth,
    flat: growth <= FLAT_GROWTH,
  };
}

function spreadOf(sizesMb: readonly number[]): Spread {
  return { minMb: Math.min(...sizesMb), medianMb: median(sizesMb), maxMb: Math.max(...sizesMb) };
}

/** The figures as a person reads them. */
export function reportMemory({ machine, options, eventsPerSecond, ...sizes }: MemoryFigures): string {
  const spread = ({ minMb, medianMb, maxMb }: Spread) =>
    [minMb, medianMb, maxMb].map((mb) => mb.toFixed(0)).join(' / ');
  const row = (name: string, course: Course) => [
    name,
    spread(course.firstThird),
    spread(course.lastThird),
    course.growth.toFixed(2),
    `${course.slopeMbPerMinute.toFixed(1)} MB`,
    course.flat ? 'flat' : 'grows',
  ];
  const rate = Math.round(eventsPerSecond).toLocaleString('en-US');
  return [
    `${options.minutes} min after ${WARM_UP_MINUTES} min of warm-up, ${rate} events per second from ${SENDERS} senders. ${describe(machine)}`,
    `Flat: the median of the last third is at most ${FLAT_GROWTH} times that of the first.`,
    '',
    table(
      [
        { name: 'Memory of the api, MB' },
        right('first third: least / median / most'),
        right('last third'),
        right('last / first'),
        right('per minute'),
        { name: '' },
      ],
      [row('resident', sizes.resident), row('heap in use', sizes.heapUsed)],
    ),
  ].join('\n');
}
