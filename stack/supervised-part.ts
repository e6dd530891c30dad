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
  /**
   * Starts it again after a {@link kill}, or when it has ended by itself, on the same port and data.
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
  readonly #killed = new WeakSet<RunningPart>();

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
      if (this.#starting.pid !== undefined) kill(this.#starting.pid);
      await this.#starting.settled;
      return true;
    }
    const killed = this.#running;
    this.#killed.add(killed);
    const wasThere = kill(killed.pid);
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
        if (starting.isDoomed) kill(pid);
      });
    } finally {
      this.#starting = undefined;
      settle();
    }
    this.#watch(this.#running);
  }

  async stop(): Promise<void> {
    await this.#running.stop();
  }

  #watch(part: RunningPart): void {
    const tell = (exit: unknown): void => {
      if (!this.#killed.has(part)) this.#onFailure(JSON.stringify(exit));
    };
    void part.exited.then(tell);
  }
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
    return false;
  }
}
