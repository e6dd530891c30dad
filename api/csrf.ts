import { csrfSync } from 'csrf-sync';
import type { Request, RequestHandler } from 'express';
import { HttpError } from './errors.ts';

/** The field of a form that holds the token; scripts send it as the header `X-CSRF-Token`. */
export const CSRF_FIELD = '_csrf';

const { generateToken, csrfSynchronisedProtection } = csrfSync({
  getTokenFromRequest: (request) => request.get('x-csrf-token') ?? fieldOf(request.body),
});

/** The session's token. Makes one, and so a session in the database: only for who has signed in. */
export function csrfToken(request: Request): string {
  return generateToken(request);
}

/** Refuses what changes something and has not the session's token, or was sent by another site's page. */
export const refuseForgery: readonly RequestHandler[] = [
  (request, _response, next) => {
    refuseOtherSites(request);
    next();
  },
  (request, response, next) => {
    csrfSynchronisedProtection(request, response, (error?: unknown) => {
      const message =
        'The token of your session is missing or old: load the page again and repeat what you did; a program sends it as X-CSRF-Token, or the password as Authorization: Bearer';
      next(error === undefined ? undefined : new HttpError('invalid_csrf_token', message));
    });
  },
];

/**
 * By what the browser itself says about where a request comes from; who says nothing is no browser of these days.
 *
 * @throws HttpError `invalid_csrf_token`
 */
export function refuseOtherSites(request: Request): void {
  if (['GET', 'HEAD', 'OPTIONS'].includes(request.method)) return;
  const site = request.get('sec-fetch-site');
  const origin = request.get('origin');
  const isOurs =
    site === undefined ? origin === undefined || hostOf(origin) === request.host : site === 'same-origin';
  if (!isOurs)
    throw new HttpError('invalid_csrf_token', 'The request comes from a page of another site: use our own');
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function fieldOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !(CSRF_FIELD in body)) return undefined;
  return typeof body[CSRF_FIELD] === 'string' ? body[CSRF_FIELD] : undefined;
}
