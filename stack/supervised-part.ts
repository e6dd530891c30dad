import { childrenOf } from './processes.ts';
import type { OnSpawn } from './program.ts';

/** What a part of a stack is while it runs. */
export interface RunningPart {
  readonly pid: number;
  readonly exited: Promise<unknown>;
  stop(): Promise<unknown>;
}

/** Starts a part, and tells its process id before it is ready. */
export type StartPart<Part extends RunningPart = RunningPart> = (onSpawn: OnSpawn) => Promise<Part>;

/** A part that the stack started. */
export interface StackPart {
  /** Of the process that runs now. */
  readonly pid: number;
  /**
   * For proofs: ends it as a power cut would, also while it is starting: then that {@link restart} fails. Nobody is told of a
   * failure.
   *
   * @returns whether there was anything to end.
   */
  kill(): Promise<boolean>;
  /** Ends it in good order, as for maintenance. Nobody is told of a failure. */
  stop(): Promise<void>;
  /** For proofs: it stays where it is and does nothing, nor do the processes it has started, until {@link goOn}. */
  hang(): Promise<void>;
  goOn(): Promise<void>;
  /**
   * Starts it again after a {@link kill} or {@link stop}, or when it has ended by itself, on the same port and data.
   *
   * @throws StackError when it can't be started.
   */
  restart(): Promise<void>;
}

interface Starting {
  pid: number | undefined;
  /** To be killed as soon as there is a process. */
  isDoomed: boolean;
  /** Resolves when it runs, or has failed. */
  readonly settled: Promise<void>;
}

/** Knows the process that a part runs as now, and tells of one that ends by itself. */
export class SupervisedPart implements StackPart {
  #running: RunningPart;
  #starting: Starting | undefined;
  readonly #start: StartPart;
  readonly #onFailure: (how: string) => void;
  readonly #ended = new WeakSet<RunningPart>();

  constructor(first: RunningPart, start: StartPart, onFailure: (how: string) => void) {
    this.#start = start;
    this.#onFailure = onFailure;
    this.#running = first;
    this.#watch(first);
  }

  get pid(): number {
    return this.#running.pid;
  }

  async kill(): Promise<boolean> {
    if (this.#starting !== undefined) {
      // Its process may not be there yet.
      this.#starting.isDoomed = true;
      if (this.#starting.pid !== undefined) signal(this.#starting.pid, 'SIGKILL');
      await this.#starting.settled;
      return true;
    }
    const killed = this.#running;
    this.#ended.add(killed);
    const wasThere = await killAll(killed.pid);
    await killed.exited;
    return wasThere;
  }

  async restart(): Promise<void> {
    await this.#running.exited;
    let settle: () => void = () => undefined;
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const starting: Starting = { pid: undefined, isDoomed: false, settled };
    this.#starting = starting;
    try {
      this.#running = await this.#start((pid) => {
        starting.pid = pid;
        if (starting.isDoomed) signal(pid, 'SIGKILL');
      });
    } finally {
      this.#starting = undefined;
      settle();
    }
    this.#watch(this.#running);
  }

  async stop(): Promise<void> {
    this.#ended.add(this.#running);
    await this.#running.stop();
  }

  async hang(): Promise<void> {
    // First the one that could start more of them.
    signal(this.pid, 'SIGSTOP');
    for (const child of await childrenOf(this.pid)) signal(child, 'SIGSTOP');
  }

  async goOn(): Promise<void> {
    for (const process of [...(await childrenOf(this.pid)), this.pid]) signal(process, 'SIGCONT');
  }

  #watch(part: RunningPart): void {
    const tell = (exit: unknown): void => {
      if (!this.#ended.has(part)) this.#onFailure(JSON.stringify(exit));
    };
    void part.exited.then(tell);
  }
}

/**
 * With all processes it has started: PostgreSQL's would do to the end what they are at.
 *
 * @returns whether there was anything to end.
 */
async function killAll(pid: number): Promise<boolean> {
  // Standing still, it starts no more of them and does not see them go.
  signal(pid, 'SIGSTOP');
  for (const child of await childrenOf(pid)) signal(child, 'SIGKILL');
  return signal(pid, 'SIGKILL');
}

function signal(pid: number, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    // It has ended.
    return false;
  }
}
