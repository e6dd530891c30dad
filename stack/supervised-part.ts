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
   */
  kill(): Promise<void>;
  /**
   * Starts it again after a {@link kill}, or when it has ended by itself, on the same port and data.
   *
   * @throws StackError when it can't be started.
   */
  restart(): Promise<void>;
}

/** Knows the process that a part runs as now, and tells of one that ends by itself. */
export class SupervisedPart implements StackPart {
  #running: RunningPart;
  #starting: { pid?: number; isDoomed: boolean; readonly settled: Promise<unknown> } | undefined;
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

  async kill(): Promise<void> {
    if (this.#starting !== undefined) {
      // Its process may not be there yet.
      this.#starting.isDoomed = true;
      if (this.#starting.pid !== undefined) kill(this.#starting.pid);
      await this.#starting.settled;
      return;
    }
    const killed = this.#running;
    this.#killed.add(killed);
    kill(killed.pid);
    await killed.exited;
  }

  async restart(): Promise<void> {
    await this.#running.exited;
    const started = this.#start((pid) => {
      if (this.#starting === undefined) return;
      this.#starting.pid = pid;
      if (this.#starting.isDoomed) kill(pid);
    });
    this.#starting = { isDoomed: false, settled: Promise.allSettled([started]) };
    try {
      this.#running = await started;
    } finally {
      this.#starting = undefined;
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

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended this very moment.
  }
}
