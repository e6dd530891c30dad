import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler } from 'express';
import { answerTo, logFailure, sayWhenToComeAgain } from '../api/error-handler.ts';
import type { Shell } from './shell.tsx';

/** Shows as a page whatever was thrown; of what was not foreseen no more than the request's id. */
export function showProblem(
  shell: Shell<{ readonly title: string; readonly status?: number }>,
  start: string,
): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const answer = answerTo(error, response.get('X-Request-Id') ?? '');
    logFailure(request, error, answer);
    if (response.headersSent) {
      next(error);
      return;
    }
    sayWhenToComeAgain(response, answer);
    const title = STATUS_CODES[answer.status] ?? 'Something went wrong';
    shell.page(
      request,
      response,
      { title, status: answer.status },
      <>
        <p>{answer.message}.</p>
        <p>
          <a href={start}>To the start</a>
        </p>
      </>,
    );
  };
}
