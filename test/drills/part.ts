import { childrenOf } from '../../stack/processes.ts';

interface Program {
  readonly pid: number;
  readonly exited: Promise<unknown>;
  stop(): Promise<unknown>;
}

/** A program of the service that a drill takes away and brings back, where it was. */
export class Part {
  readonly #start: () => Promise<Program>;
  #program: Program | undefined;
  #isRunning = false;
  #starts = 0;

  /** @param start brings it up on the same address, with the data it had. */
  constructor(start: () => Promise<Program>) {
    this.#start = start;
  }

  /** Whether it has run ever since it was started the first time. */
  get hasNeverEnded(): boolean {
    return this.#starts === 1 && this.#isRunning;
  }

  get pid(): number {
    return this.#running.pid;
  }

  async start(): Promise<void> {
    const program = await this.#start();
    this.#program = program;
    this.#isRunning = true;
    this.#starts += 1;
    void program.exited.finally(() => {
      this.#isRunning = false;
    });
  }

  /** In good order, as for maintenance. */
  async stop(): Promise<void> {
    await this.#program?.stop();
  }

  /** As a power cut would end it, with all processes it has started. */
  async kill(): Promise<void> {
    const { pid, exited } = this.#running;
    // Standing still, it starts no more of them and does not see them go.
    process.kill(pid, 'SIGSTOP');
    for (const each of [...(await childrenOf(pid)), pid]) process.kill(each, 'SIGKILL');
    await exited;
  }

  /** It stays where it is, and does nothing. */
  hang(): void {
    process.kill(this.#running.pid, 'SIGSTOP');
  }

  goOn(): void {
    process.kill(this.#running.pid, 'SIGCONT');
  }

  get #running(): Program {
    if (this.#program === undefined || !this.#isRunning) throw new Error('It does not run');
    return this.#program;
  }
}
