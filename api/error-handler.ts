import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { describeError } from '../telemetry/describe-error.ts';
import { HttpError, isDatabaseUnavailable } from './errors.ts';
import { RETRY_AFTER_SECONDS } from './temporal/calls.ts';

/** Answers a path that no route has. */
export const notFound: RequestHandler = (request) => {
  throw new HttpError('not_found', `There is nothing at ${request.path}; /openapi.json lists what there is`);
};

/** The one place that turns whatever was thrown into an answer. What was not foreseen says nothing but its request id. */
export const errorHandler: ErrorRequestHandler = (error: unknown, request, response, next) => {
  const answer = answerTo(error, response.get('X-Request-Id') ?? '');
  response.locals['errorCode'] = answer.code;
  logFailure(request, error, answer);
  if (response.headersSent) {
    next(error);
    return;
  }
  sayWhenToComeAgain(response, answer);
  if (answer.status === 401) response.set('WWW-Authenticate', 'Bearer');
  response.status(answer.status).json(answer);
};

/** Whatever else is answered: a page that shows a form again says it too. */
export function sayWhenToComeAgain(response: Response, { retryAfterSeconds }: HttpError): void {
  if (retryAfterSeconds !== undefined) response.set('Retry-After', String(retryAfterSeconds));
}

/** Logs what is our fault, with its cause. */
export function logFailure(request: Request, error: unknown, answer: HttpError): void {
  if (answer.status < 500) return;
  const cause: unknown = error instanceof HttpError ? error.cause : error;
  request.log.error({ code: answer.code, cause: describeError(cause) }, answer.message);
}

/** The answer to an error, whatever was thrown. */
export function answerTo(error: unknown, requestId: string): HttpError {
  if (error instanceof HttpError) return error;
  if (isDatabaseUnavailable(error)) {
    const message = 'The database does not answer just now: send the request again in a moment';
    return new HttpError('database_unavailable', message, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: error,
    });
  }
  return (
    answerToMiddleware(error) ??
    new HttpError('internal_error', `Something went wrong on our side; quote request ${requestId}`, {
      cause: error,
    })
  );
}

/** Express and its body parsers throw errors with a status and mostly a `type`. */
function answerToMiddleware(error: unknown): HttpError | null {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return null;
  if (error.status < 400 || error.status >= 500) return null;
  switch (error.status) {
    case 413: {
      const limit = 'limit' in error && typeof error.limit === 'number' ? ` of ${error.limit} bytes` : '';
      return new HttpError(
        'payload_too_large',
        `The body is larger than the limit${limit}: send less at once`,
      );
    }
    case 415:
      return new HttpError('unsupported_media_type', `The body can't be read: ${error.message}`);
    default:
      if ('type' in error && error.type === 'entity.parse.failed') {
        return new HttpError('invalid_json', 'The body is not JSON');
      }
      return new HttpError('invalid_request', error.message);
  }
}
