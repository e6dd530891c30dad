import { randomUUID } from 'node:crypto';
import {
  createServer,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { HttpError } from './errors.ts';

/** How long a connection may take for what, and how many there may be. */
export interface ConnectionLimits {
  /** Until the headers of a request have come, from its first byte or the connection's beginning. */
  readonly headersTimeoutMs: number;
  /** Until all of a request has come. */
  readonly requestTimeoutMs: number;
  /** Between two requests. */
  readonly keepAliveMs: number;
  /** How often is looked for those that take longer. */
  readonly checkEveryMs: number;
  /** More than so many at a time are closed as they open; 0: any number. */
  readonly maxConnections: number;
}

/** A client that takes longer to send a request is cut off: a slow one must not hold a connection for ever. */
export const CONNECTION_LIMITS: ConnectionLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveMs: 5_000,
  checkEveryMs: 1_000,
  maxConnections: 0,
};

/** For an answer to arrive before the connection is closed under it. */
const LINGER_MS = 1_000;

/** Node's HTTP server, with {@link ConnectionLimits}, which answers also what is no request of HTTP as the api answers errors. */
export function createHttpServer(app: RequestListener, log: Logger, limits: ConnectionLimits): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      // Refused by the api, in its own words.
      requireHostHeader: false,
    },
    app,
  );
  if (limits.maxConnections > 0) server.maxConnections = limits.maxConnections;

  const underWay = new WeakMap<Duplex, ServerResponse>();
  const refused = new WeakSet<Duplex>();
  server.on('request', (request, response) => underWay.set(request.socket, response));
  // Nobody has to meet an expectation that they don't know: https://www.rfc-editor.org/rfc/rfc9110#name-expect
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('clientError', (error: ClientError, socket) => {
    if (refused.has(socket)) return;
    refused.add(socket);
    const response = underWay.get(socket);
    const isAnswering = response?.headersSent === true && !response.writableFinished;
    // Into an answer that is on its way nothing may be mixed.
    if (!socket.writable || isAnswering) {
      socket.destroy();
      return;
    }
    const refusal = refusalOf(error);
    const requestId = randomUUID();
    log.info({ requestId, code: refusal.code, reason: error.code }, 'no request of HTTP');
    const isHead = error.rawPacket?.subarray(0, 5).toString() === 'HEAD ';
    socket.end(inHttp(refusal, requestId, isHead));
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
  return server;
}

/** What Node's parser says, and what it could not read. */
interface ClientError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

/** By the codes of Node's parser. */
function refusalOf({ code }: NodeJS.ErrnoException): HttpError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpError(
        'headers_too_large',
        'Address and headers are larger than 16 KiB together: send less',
      );
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpError('request_timeout', 'The request did not come in time: send it again, and faster');
    default:
      return new HttpError('invalid_request', 'This is no request of HTTP/1.1');
  }
}

/** An answer as it goes over the wire: where there is no request, there is no response of Node's either. */
function inHttp(refusal: HttpError, requestId: string, isHead: boolean): string {
  const body = JSON.stringify(refusal);
  return [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
    '',
    isHead ? '' : body,
  ].join('\r\n');
}
