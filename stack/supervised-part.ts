/** What a part of a stack is while it runs. */
export interface RunningPart {
  readonly pid: number;
  readonly exited: Promise<unknown>;
  stop(): Promise<unknown>;
}

/** A part that the stack started. */
export interface StackPart {
  /** Of the process that runs now. */
  readonly pid: number;
  /** For proofs: ends it as a power cut would. Nobody is told of a failure. */
  kill(): Promise<void>;
  /**
   * Starts it again after a {@link kill}, on the same port and data.
   *
   * @throws StackError when it can't be started.
   */
  restart(): Promise<void>;
}

/** Knows the process that a part runs as now, and tells of one that ends by itself. */
export class SupervisedPart implements StackPart {
  #running: RunningPart;
  readonly #start: () => Promise<RunningPart>;
  readonly #onFailure: (how: string) => void;
  readonly #killed = new WeakSet<RunningPart>();

  constructor(first: RunningPart, start: () => Promise<RunningPart>, onFailure: (how: string) => void) {
    this.#start = start;
    this.#onFailure = onFailure;
    this.#running = first;
    this.#watch(first);
  }

  get pid(): number {
    return this.#running.pid;
  }

  async kill(): Promise<void> {
    const killed = this.#running;
    this.#killed.add(killed);
    try {
      process.kill(killed.pid, 'SIGKILL');
    } catch {
      // It ended this very moment.
    }
    await killed.exited;
  }

  async restart(): Promise<void> {
    await this.#running.exited;
    this.#running = await this.#start();
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
