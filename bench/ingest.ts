import { note, right, table } from '../cli/console.ts';
import { atATime } from '../domain/at-a-time.ts';
import { MAX_BATCH_SIZE } from '../domain/usage-event.ts';
import { describe, type Machine, thisMachine } from './machine.ts';
import { copyRows, PlainTable } from './plain-table.ts';
import { cpuMs } from './processes.ts';
import { type BenchParts } from './stack.ts';
import { median, medianOf } from './statistics.ts';
import { newBatch, requestBody } from './usage-batches.ts';
import { UsageSender } from './usage-sender.ts';
import { registerUsers } from './users.ts';

/** How much is sent: batches of {@link MAX_BATCH_SIZE} events. */
export interface IngestOptions {
  /** In one round. */
  readonly batches: number;
  /** How often each is measured. */
  readonly runs: number;
}

/** Medians of all runs. */
export interface IngestFigures {
  readonly machine: Machine;
  readonly options: IngestOptions;
  readonly rounds: readonly IngestRound[];
}

interface IngestRound {
  /** Batches under way at the same time. */
  readonly atATime: number;
  readonly http: Throughput;
  /** COPY to a plain table in transactions of as many rows, as many at a time: the same promise. */
  readonly copyInBatches: Throughput;
  /** One COPY of all rows, in one transaction. */
  readonly copyAtOnce: Throughput;
  /** Of the rates, within one round. */
  readonly httpThroughCopyInBatches: number;
  readonly httpThroughCopyAtOnce: number;
}

interface Throughput {
  readonly eventsPerSecond: number;
  /** Processor time of each part in microseconds; `null` where there is no /proc. */
  readonly cpuUsPerEvent: CpuTimes;
}

interface CpuTimes {
  readonly api: number | null;
  readonly postgres: number | null;
  /** This program, which sends: it has its processor from the others. */
  readonly sender: number;
}

const USERS = 200;
const AT_A_TIME = [1, 2, 4, 8] as const;
const WARM_UP_BATCHES = 30;

/** Sends usage over HTTP, and copies the same rows to a plain table, the least that PostgreSQL can be asked for the same promise. */
export async function measureIngest(parts: BenchParts, options: IngestOptions): Promise<IngestFigures> {
  const machine = thisMachine();
  const bench = await IngestBench.prepare(parts);
  try {
    note('warming up');
    await bench.round(4, WARM_UP_BATCHES);
    const rounds = AT_A_TIME.map((): IngestRound[] => []);
    for (let run = 1; run <= options.runs; run += 1) {
      for (const [index, count] of AT_A_TIME.entries()) {
        note(`run ${run} of ${options.runs}: ${count} at a time`);
        rounds[index]?.push(await bench.round(count, options.batches));
      }
    }
    return { machine, options, rounds: AT_A_TIME.map((count, index) => medians(count, rounds[index] ?? [])) };
  } finally {
    await bench.close();
  }
}

/** What is measured, one after the other, so that whatever else happens on the machine meets all of them. */
class IngestBench {
  readonly #parts: BenchParts;
  readonly #userIds: readonly string[];
  readonly #sender: UsageSender;
  readonly #copiedInBatches: PlainTable;
  readonly #copiedAtOnce: PlainTable;

  private constructor(
    parts: BenchParts,
    userIds: readonly string[],
    copiedInBatches: PlainTable,
    copiedAtOnce: PlainTable,
  ) {
    this.#parts = parts;
    this.#userIds = userIds;
    this.#sender = new UsageSender(parts.stack);
    this.#copiedInBatches = copiedInBatches;
    this.#copiedAtOnce = copiedAtOnce;
  }

  static async prepare(parts: BenchParts): Promise<IngestBench> {
    const { databaseUrl } = parts.stack;
    return new IngestBench(
      parts,
      await registerUsers(parts, USERS),
      await PlainTable.create(databaseUrl, 'copied_in_batches', Math.max(...AT_A_TIME)),
      await PlainTable.create(databaseUrl, 'copied_at_once', 1),
    );
  }

  /** The same events three times. All is serialised before a clock starts. */
  async round(count: number, batches: number): Promise<IngestRound> {
    const events = Array.from({ length: batches }, () => newBatch(this.#userIds));
    const bodies = events.map(requestBody);
    const rows = events.map((batch) => copyRows('live', batch));
    const measured = (send: () => Promise<void>) => this.#measure(batches * MAX_BATCH_SIZE, send);

    const http = await measured(() => atATime(count, bodies, (body) => this.#sender.send(body)));
    const copyInBatches = await measured(() =>
      atATime(count, rows, (batch, writer) => this.#copiedInBatches.copy([batch], writer)),
    );
    const copyAtOnce = await measured(() => this.#copiedAtOnce.copy(rows, 0));
    return {
      atATime: count,
      http,
      copyInBatches,
      copyAtOnce,
      httpThroughCopyInBatches: http.eventsPerSecond / copyInBatches.eventsPerSecond,
      httpThroughCopyAtOnce: http.eventsPerSecond / copyAtOnce.eventsPerSecond,
    };
  }

  async close(): Promise<void> {
    this.#sender.close();
    await this.#copiedInBatches.close();
    await this.#copiedAtOnce.close();
  }

  async #measure(events: number, send: () => Promise<void>): Promise<Throughput> {
    const before = await this.#cpuTimes();
    const senderBefore = process.cpuUsage();
    const startedAt = performance.now();
    await send();
    const ms = performance.now() - startedAt;
    // The parts are children of this program, so what it used itself is asked for otherwise.
    const sender = process.cpuUsage(senderBefore);
    const after = await this.#cpuTimes();
    return {
      eventsPerSecond: events / (ms / 1_000),
      cpuUsPerEvent: {
        api: usPerEvent(before.api, after.api, events),
        postgres: usPerEvent(before.postgres, after.postgres, events),
        sender: (sender.user + sender.system) / events,
      },
    };
  }

  /** In milliseconds, since each began. */
  async #cpuTimes() {
    const { api, postgres } = this.#parts.pids;
    return { api: await cpuMs(api), postgres: await cpuMs(postgres) };
  }
}

function usPerEvent(beforeMs: number | null, afterMs: number | null, events: number): number | null {
  return beforeMs === null || afterMs === null ? null : ((afterMs - beforeMs) * 1_000) / events;
}

function medians(count: number, rounds: readonly IngestRound[]): IngestRound {
  return {
    atATime: count,
    http: medianThroughput(rounds.map(({ http }) => http)),
    copyInBatches: medianThroughput(rounds.map(({ copyInBatches }) => copyInBatches)),
    copyAtOnce: medianThroughput(rounds.map(({ copyAtOnce }) => copyAtOnce)),
    httpThroughCopyInBatches: medianOf(rounds, (round) => round.httpThroughCopyInBatches),
    httpThroughCopyAtOnce: medianOf(rounds, (round) => round.httpThroughCopyAtOnce),
  };
}

function medianThroughput(measured: readonly Throughput[]): Throughput {
  const medianOrNull = (part: 'api' | 'postgres') => {
    const times = measured.flatMap(({ cpuUsPerEvent }) => cpuUsPerEvent[part] ?? []);
    return times.length === 0 ? null : median(times);
  };
  return {
    eventsPerSecond: medianOf(measured, ({ eventsPerSecond }) => eventsPerSecond),
    cpuUsPerEvent: {
      api: medianOrNull('api'),
      postgres: medianOrNull('postgres'),
      sender: medianOf(measured, ({ cpuUsPerEvent }) => cpuUsPerEvent.sender),
    },
  };
}

/** The figures as a person reads them. */
export function reportIngest({ machine, options, rounds }: IngestFigures): string {
  const rate = ({ eventsPerSecond }: Throughput) => Math.round(eventsPerSecond).toLocaleString('en-US');
  const us = (value: number | null) => (value === null ? '' : `${value.toFixed(1)} µs`);
  const events = (options.batches * MAX_BATCH_SIZE).toLocaleString('en-US');
  return [
    `Medians of ${options.runs} runs of ${events} events each, in batches of ${MAX_BATCH_SIZE}. ${describe(machine)}`,
    '',
    table(
      [
        right('At a time'),
        right('HTTP, per second'),
        right('COPY in batches'),
        right('HTTP / COPY'),
        right('one COPY'),
        right('HTTP / COPY'),
      ],
      rounds.map((round) => [
        String(round.atATime),
        rate(round.http),
        rate(round.copyInBatches),
        round.httpThroughCopyInBatches.toFixed(2),
        rate(round.copyAtOnce),
        round.httpThroughCopyAtOnce.toFixed(2),
      ]),
    ),
    '',
    table(
      [
        right('CPU per event, at a time'),
        right('HTTP: api'),
        right('PostgreSQL'),
        right('sender'),
        right('COPY in batches: PostgreSQL'),
        right('one COPY: PostgreSQL'),
      ],
      rounds.map(({ atATime: count, http, copyInBatches, copyAtOnce }) => [
        String(count),
        us(http.cpuUsPerEvent.api),
        us(http.cpuUsPerEvent.postgres),
        us(http.cpuUsPerEvent.sender),
        us(copyInBatches.cpuUsPerEvent.postgres),
        us(copyAtOnce.cpuUsPerEvent.postgres),
      ]),
    ),
  ].join('\n');
}
