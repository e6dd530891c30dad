/** Reading a request and writing an answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { StripeApiError } from '../errors.ts';

/** An invoice with 250 full lines is about half a megabyte. */
const LARGEST_BODY_BYTES = 4 * 1_024 * 1_024;

/** An HTTP answer with its whole body. `send` adds the length. */
export interface Answer {
  status: number;
  contentType: string;
  body: string;
  headers?: Record<string, string>;
}

/** Indented, as Stripe's own JSON is. */
export function jsonAnswer(status: number, value: object, headers: Record<string, string> = {}): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify(value, null, 2), headers };
}

/** A page for a person's browser, or the empty body of a redirect. */
export function htmlAnswer(status: number, body: string): Answer {
  return { status, contentType: 'text/html; charset=utf-8', body };
}

/** What is asked for. Nothing is too odd for it: `//x` is a path, no other host, and what is no path becomes one that nobody has. */
export function urlOf({ url = '' }: IncomingMessage): URL {
  return new URL(url.replace(/^\/?/, 'http://simulator/'));
}

/** @throws 413 if it is larger than anything Stripe takes. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY_BYTES)
      throw new StripeApiError(413, 'invalid_request_error', 'Request body is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Writes the whole answer and ends it. An answer's own headers win over those that are worked out here. */
export function send(response: ServerResponse, answer: Answer): void {
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': body.length,
    ...answer.headers,
  });
  response.end(body);
}
