import express, { type RequestHandler } from 'express';
import { HttpError } from './errors.ts';

/** In bytes, after unpacking. */
export const BODY_LIMITS = {
  /** Enough for 1,000 usage events. */
  usage: 1_048_576,
  /** Enough for any event of Stripe's. */
  webhook: 1_048_576,
  /** Enough for what Temporal takes in one piece, as base64. */
  payloads: 4_194_304,
  /** Enough for a decision about 1,000 bills; all else is shorter. */
  json: 262_144,
} as const;

/**
 * Reads a JSON body into `request.body`; `undefined` when there is none.
 *
 * @param options `limit` in bytes; `parse` in place of `JSON.parse`, a `SyntaxError` of it means that the body is not JSON.
 */
export function jsonBody(
  options: { readonly limit?: number; readonly parse?: (text: string) => unknown } = {},
): RequestHandler[] {
  const { limit = BODY_LIMITS.json, parse = JSON.parse } = options;
  return [
    (request, _response, next) => {
      // `null` means that there is no body, which is for the schema to complain of.
      if (request.is('application/json') !== false) return next();
      throw new HttpError(
        'unsupported_media_type',
        'Send the body as JSON, with Content-Type: application/json',
      );
    },
    express.text({ type: 'application/json', limit }),
    (request, _response, next) => {
      const text: unknown = request.body;
      request.body = typeof text === 'string' ? parseOrRefuse(text, parse) : undefined;
      next();
    },
  ];
}

/** Reads any body into `request.body` as bytes, as signatures want it. */
export function rawBody(): RequestHandler {
  return express.raw({ type: () => true, limit: BODY_LIMITS.webhook, inflate: false });
}

function parseOrRefuse(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new HttpError('invalid_json', `The body is not JSON: ${error.message}`);
  }
}
