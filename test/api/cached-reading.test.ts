import { beforeEach, expect, test } from 'vitest';
import { cachedReading } from '../../api/cached-reading.ts';

const MINUTE_MS = 60_000;
let nowMs: number;
/** Readings that have begun, each to be ended by hand. */
let readings: { readonly resolve: (value: string[]) => void; readonly reject: (error: Error) => void }[];
let failures: unknown[];
let value: () => Promise<string[] | undefined>;

beforeEach(() => {
  nowMs = 0;
  readings = [];
  failures = [];
  value = cachedReading({
    read: () => new Promise((resolve, reject) => readings.push({ resolve, reject })),
    onFailure: (error) => failures.push(error),
    nowMs: () => nowMs,
  });
});

/** Asks, and ends the reading that began by it. */
async function ask(text: string | Error, tookMs = 0): Promise<string[] | undefined> {
  const asked = value();
  nowMs += tookMs;
  if (text instanceof Error) readings.at(-1)?.reject(text);
  else readings.at(-1)?.resolve([text]);
  return await asked;
}

test('however many ask, it is read once, and not again within a minute', async () => {
  const all = [value(), value(), ask('first'), value()];
  expect(await Promise.all(all)).toEqual([['first'], ['first'], ['first'], ['first']]);
  nowMs += MINUTE_MS - 1;
  expect(await value()).toEqual(['first']);
  expect(readings).toHaveLength(1);
});

test('while it is read again, the last value is given at once', async () => {
  await ask('first');
  nowMs += MINUTE_MS;
  expect(await Promise.all([value(), value()])).toEqual([['first'], ['first']]);
  expect(readings).toHaveLength(2);
  readings[1]?.resolve(['second']);
  await new Promise(setImmediate);
  expect(await value()).toEqual(['second']);
});

test('a slow reading rests for nine times as long as it took', async () => {
  await ask('slow', 30_000);
  nowMs += 9 * 30_000 - 1;
  await value();
  expect(readings).toHaveLength(1);
  nowMs += 1;
  await value();
  expect(readings).toHaveLength(2);
});

test('after a failure there is no value, and it is tried again after a minute', async () => {
  await ask('first');
  nowMs += MINUTE_MS;
  await ask(new Error('down'));
  await new Promise(setImmediate);
  expect(await value()).toBeUndefined();
  expect(failures).toEqual([new Error('down')]);
  nowMs += MINUTE_MS - 1;
  expect(await value()).toBeUndefined();
  expect(readings).toHaveLength(2);
  nowMs += 1;
  expect(await ask('back')).toEqual(['back']);
});

test('who asks a database that hangs is not kept: there is no value, and an old one does not last', async () => {
  expect(await value()).toBeUndefined();
  readings[0]?.resolve(['first']);
  await new Promise(setImmediate);
  nowMs += 2 * MINUTE_MS - 1;
  expect(await value()).toEqual(['first']);
  nowMs += 1;
  expect(await value()).toBeUndefined();
  expect(readings).toHaveLength(2);
});
