import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { withoutPersonalData } from '../telemetry/personal-data.ts';
import { OPERATIONS_PATHS } from './operations.ts';

interface About {
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}
const abouts = new WeakMap<ServerResponse, About>();

/** Has the line of a request say what it was about. */
export function logAbout(response: ServerResponse, message: string, fields: About['fields']): void {
  abouts.set(response, { message, fields });
}

/**
 * One line for each request, with its id, which is also sent back as `X-Request-Id`. Of headers and bodies nothing is
 * logged at all: that is where keys, signatures and personal data are.
 */
export function logRequests(log: Logger): RequestHandler {
  return pinoHttp({
    logger: log,
    genReqId: (request, response) => {
      const id = requestIdOf(request);
      response.setHeader('X-Request-Id', id);
      return id;
    },
    customLogLevel: (request, response, error) => {
      if (error !== undefined || response.statusCode >= 500) return 'error';
      return OPERATIONS_PATHS.includes(pathOf(request)) ? 'debug' : 'info';
    },
    customSuccessMessage: (_request, response) =>
      abouts.get(response)?.message ?? (response.writableEnded ? 'request completed' : 'request aborted'),
    customSuccessObject: (_request, response, line: object) => ({ ...line, ...abouts.get(response)?.fields }),
    serializers: {
      req: (request: { id: unknown; method: unknown; url: string }) => ({
        id: request.id,
        method: request.method,
        path: loggedPath(request.url),
      }),
      res: (response: { statusCode: unknown }) => ({ status: response.statusCode }),
    },
  });
}

/** The caller's own id, if it is harmless, so that its log and ours can be laid side by side. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

/** A user's id is part of some paths. It is the host product's, which may have chosen e-mails. */
function loggedPath(url: string): string {
  const [path = ''] = url.split('?');
  return withoutPersonalData(path.replaceAll(/%40/gi, '@'));
}

function pathOf(request: IncomingMessage): string {
  return request.url?.split('?')[0] ?? '';
}
