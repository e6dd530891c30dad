import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** A message as it arrived, before anybody has verified it. */
export interface HostRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The host product's endpoint for messages: keeps what it was sent. */
export interface TestHost extends AsyncDisposable {
  readonly url: string;
  readonly secret: string;
  /** The same, as a hook has it. */
  readonly secrets: readonly string[];
  /** Oldest first. */
  readonly requests: readonly HostRequest[];
}

/** @param answer what to say to each request; 204 unless given. */
export async function startTestHost(
  answer: (response: ServerResponse) => void = (response) => void response.writeHead(204).end(),
): Promise<TestHost> {
  const requests: HostRequest[] = [];
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url: path = '' } = request;
    requests.push({ method, path, headers: headersOf(request), body: await text(request) });
    answer(response);
  };
  const server = await listen((request, response) => void receive(request, response));
  const secret = newHookSecret();
  return {
    url: `${server.origin}/billing-messages`,
    secret,
    secrets: [secret],
    requests,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A secret as Standard Webhooks has it: 32 random bytes. */
export const newHookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)] as const));
}

/** Listens on a free port of this machine, such as `http://127.0.0.1:43211`. */
export async function listen(
  listener: RequestListener,
): Promise<AsyncDisposable & { readonly origin: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
