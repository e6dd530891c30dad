import type { ChildService } from '../stack/child-service.ts';

/** A process that can be stopped in good order and started anew, as a deployment does. */
export class ReplaceableProcess {
  readonly name: string;
  readonly #start: () => Promise<ChildService>;
  #running: ChildService | undefined;

  constructor(name: string, start: () => Promise<ChildService>) {
    this.name = name;
    this.#start = start;
  }

  get pid(): number {
    return this.#running?.pid ?? 0;
  }

  async start(): Promise<void> {
    this.#running = await this.#start();
  }

  /** @returns how long it took to end, in milliseconds. @throws Error when it had to be killed, or failed. */
  async stop(): Promise<number> {
    const since = performance.now();
    const exit = await this.#running?.stop();
    this.#running = undefined;
    if (exit !== undefined && exit.code !== 0)
      throw new Error(`${this.name} ended with ${exit.signal ?? `code ${exit.code}`}, not in good order`);
    return performance.now() - since;
  }
}
