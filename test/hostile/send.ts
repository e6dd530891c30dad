import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { HostileBody, HostileCase } from './cases.ts';
import { credentialsOf, type HostileWorld } from './world.ts';

/** An answer as it came, whatever it says of itself. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** So many requests are under way at once. */
export const CONCURRENCY = 24;
/** Longer than anything that is waited for on purpose: an answer that does not come is a failure too. */
const ANSWER_WITHIN_MS = 60_000;

const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });

/**
 * Sends a case as it is, with the means of Node's own client: broken addresses, headers twice, bodies that are not what they say.
 *
 * @throws Error when no answer comes.
 */
export async function send(world: HostileWorld, hostile: HostileCase): Promise<RawAnswer> {
  const fill = (text: string) => withMeanings(text, (word) => world.meaningOf(word, hostile.caller));
  const body =
    hostile.body === null ? null : bytesOf({ ...hostile.body, text: await fill(hostile.body.text) });
  const path = (await fill(hostile.path)) || '/';
  const query = await fill(hostile.query);
  const headers: [string, string][] = [
    ...Object.entries(credentialsOf(world, hostile.caller, { path, body })),
    ...(hostile.body === null ? [] : headersOf(hostile.body)),
    ...(await Promise.all(
      hostile.headers.map(async ([name, value]): Promise<[string, string]> => [name, await fill(value)]),
    )),
  ];
  const isChunked = hostile.body?.packed === 'chunked';
  if (body !== null)
    headers.push(isChunked ? ['transfer-encoding', 'chunked'] : ['content-length', String(body.length)]);
  const request = { method: hostile.method, path: query === '' ? path : `${path}?${query}`, headers, body };
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await exchange(world.api.url, request);
      if (tries === MAX_TRIES || !isTooBusy(answer)) return answer;
      await sleep(tries * PAUSE_MS);
    } catch (error) {
      if (tries === MAX_TRIES || !(error instanceof ClosedMeanwhile)) throw error;
    }
  }
}

const MAX_TRIES = 10;
const PAUSE_MS = 1_000;

/**
 * Nobody has taken anything away from the service here. On a busy machine a part may still take longer than the api waits for it; then it
 * says when to come again, and has to answer when one does. What is a 503 each time is a failure (judge.ts).
 */
function isTooBusy({ status, headers, text }: RawAnswer): boolean {
  return (
    status === 503 && (headers['retry-after'] !== undefined || text.startsWith('{"status":"unavailable"'))
  );
}

/**
 * A connection that was kept ended just as it was used again (https://nodejs.org/api/http.html#requestreusedsocket), or in the middle of
 * the answer, because what had been sent on it before was no request.
 */
class ClosedMeanwhile extends Error {}

/** Node's own `reusedSocket` stays false for a request that had to wait until another one gave its socket back. */
const usedBefore = new WeakSet<object>();

/** Sends one request, with headers as they are given, twice too. @throws Error when no answer comes. */
export async function exchange(
  origin: string,
  {
    method,
    path,
    headers,
    body,
  }: { method: string; path: string; headers: [string, string][]; body: Buffer | null },
): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(origin);
  return await new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      agent,
      hostname,
      port,
      method,
      path,
      // Flat, so that a header may be there twice.
      headers: [['host', host] as const, ...headers].flat() as never,
      timeout: ANSWER_WITHIN_MS,
    });
    let isReused = false;
    outgoing.once('socket', (socket) => {
      isReused = usedBefore.has(socket);
      usedBefore.add(socket);
    });
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', (error) => reject(isReused ? new ClosedMeanwhile(error.message) : error));
      incoming.once('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)));
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      const isClosed = isReused && error.code === 'ECONNRESET';
      reject(isClosed ? new ClosedMeanwhile(error.message) : error);
    });
    outgoing.end(body ?? undefined);
  });
}

async function withMeanings(
  text: string,
  meaningOf: (word: string) => Promise<string | undefined>,
): Promise<string> {
  const words = new Set([...text.matchAll(/~(\w+)~/g)].map(([, word = '']) => word));
  let filled = text;
  for (const word of words) filled = filled.replaceAll(`~${word}~`, (await meaningOf(word)) ?? word);
  return filled;
}

function bytesOf({ text, times, packed }: HostileBody): Buffer {
  const whole = text.repeat(times);
  switch (packed) {
    case 'gzip':
      return gzipSync(whole, { level: 1 });
    case 'brotli':
      return brotliCompressSync(whole, { params: {} });
    case 'utf16':
      return Buffer.from(whole, 'utf16le');
    case 'latin1':
      return Buffer.from(whole, 'latin1');
    case 'bom':
      return Buffer.from(`\ufeff${whole}`);
    case 'plain':
    case 'chunked':
    case 'claimsGzip':
      return Buffer.from(whole);
  }
}

function headersOf({ contentType, packed }: HostileBody): [string, string][] {
  const encoding =
    packed === 'claimsGzip' ? 'gzip' : packed === 'brotli' ? 'br' : packed === 'gzip' ? 'gzip' : null;
  return [
    ...(contentType === null ? [] : [['content-type', contentType] as [string, string]]),
    ...(encoding === null ? [] : [['content-encoding', encoding] as [string, string]]),
  ];
}
