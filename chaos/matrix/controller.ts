import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Boundary } from '../boundaries/boundary.ts';

/** Whoever wants to know of boundaries. */
export interface BoundaryWatcher {
  /**
   * Called for each boundary that a process reaches, in order.
   *
   * @returns what it is to wait for there; `null`: go on.
   */
  reached(boundary: Boundary): Promise<void> | null;
}

/** Hears of each boundary that worker and api of a stack reach, and has them stand still there. */
export class BoundaryController {
  readonly url: string;
  readonly #watchers = new Set<BoundaryWatcher>();
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.url = `http://127.0.0.1:${port}`;
    this.#close = close;
  }

  static async start(): Promise<BoundaryController> {
    let controller: BoundaryController | undefined;
    const server = createServer((request, response) => {
      if (controller !== undefined) void controller.#answer(request, response);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    controller = new BoundaryController(port, async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    });
    return controller;
  }

  watch(watcher: BoundaryWatcher): void {
    this.#watchers.add(watcher);
  }

  leave(watcher: BoundaryWatcher): void {
    this.#watchers.delete(watcher);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Who is killed while it reports has not reached it.
    const body = await text(request).catch(() => null);
    if (body === null) return;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what reach.ts sends
    const boundary = JSON.parse(body) as Boundary;
    for (const watcher of this.#watchers) await watcher.reached(boundary);
    response.writeHead(204).end();
  }
}
