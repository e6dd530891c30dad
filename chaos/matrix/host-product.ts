import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

/** What the host product was told last of a user. */
export interface ToldAccess {
  readonly status: string;
  readonly waitingFor: string | null;
  readonly clusterId: string | null;
}

/** The host product's endpoint for messages: it verifies each, takes it once by its id, and remembers the last. */
export class HostProduct {
  readonly secret = `whsec_${randomBytes(32).toString('base64')}`;
  readonly #told = new Map<string, ToldAccess>();
  readonly #ids = new Set<string>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<HostProduct> {
    const host = new HostProduct();
    await new Promise<void>((resolve) => {
      host.#server.listen(0, '127.0.0.1', resolve);
    });
    return host;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/billing`;
  }

  /** `undefined`: it has heard nothing. */
  told(mode: string, userId: string): ToldAccess | undefined {
    return this.#told.get(`${mode}:${userId}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Who is killed while it tells has not told.
    const body = await text(request).catch(() => '');
    response.writeHead(this.#take(body, request.headers) ? 204 : 400).end();
  }

  #take(body: string, headers: Readonly<Record<string, unknown>>): boolean {
    const id = String(headers['webhook-id']);
    try {
      new Webhook(this.secret).verify(body, {
        'webhook-id': id,
        'webhook-timestamp': String(headers['webhook-timestamp']),
        'webhook-signature': String(headers['webhook-signature']),
      });
    } catch {
      return false;
    }
    if (this.#ids.has(id)) return true;
    this.#ids.add(id);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- docs/host-webhook.md, and the signature is right
    const { data } = JSON.parse(body) as { data: ToldAccess & { mode: string; userId: string } };
    this.#told.set(`${data.mode}:${data.userId}`, data);
    return true;
  }
}
