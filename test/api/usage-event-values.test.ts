import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { request, textLike } from './harness.ts';
import { useReporter } from './reporter.ts';

const reporter = useReporter();
const { event, send, totals, storedIds } = reporter;

describe('one bad event is rejected by itself, and the others of its batch are taken', () => {
  test.each<[string, string, Record<string, unknown>]>([
    ['a negative quantity', 'invalid_quantity', { quantity: '-1' }],
    ['a negative number', 'invalid_quantity', { quantity: -0.5 }],
    ['an absurd quantity', 'invalid_quantity', { quantity: '1000000000.1' }],
    ['an absurd number', 'invalid_quantity', { quantity: 1e15 }],
    ['too many decimals', 'invalid_quantity', { quantity: '0.1234567890123' }],
    ['a quantity in exponent form', 'invalid_quantity', { quantity: '1e3' }],
    ['a quantity with a sign', 'invalid_quantity', { quantity: '+1' }],
    ['a quantity in words', 'invalid_quantity', { quantity: 'many' }],
    ['an empty quantity', 'invalid_quantity', { quantity: '' }],
    ['a missing quantity', 'invalid_quantity', { quantity: undefined }],
    ['NaN', 'invalid_quantity', { quantity: Number.NaN }],
    ['an unknown product', 'unknown_product', { product: 'coffee' }],
    ['credits, which are bought and not used', 'unknown_product', { product: 'credits' }],
    ['an unknown user', 'unknown_user', { userId: 'nobody' }],
    ['a user id of other characters', 'invalid_user_id', { userId: 'no body' }],
    ['a date in the future', 'occurred_in_future', { occurredAt: '2026-11-10T12:05:00.001Z' }],
    ['a date too long ago', 'occurred_too_long_ago', { occurredAt: '2025-10-01T00:00:00Z' }],
    ['a date without a zone', 'invalid_occurred_at', { occurredAt: '2026-11-10T11:00:00' }],
    ['a day that does not exist', 'invalid_occurred_at', { occurredAt: '2026-02-30T11:00:00Z' }],
    ['a date that is a number', 'invalid_occurred_at', { occurredAt: 1_793_750_400 }],
    ['storage without a resource', 'resource_id_required', { product: 'storage_gb_month' }],
    ['a resource of something else', 'resource_id_not_allowed', { resourceId: 'disk-1' }],
    ['an empty resource', 'invalid_resource_id', { product: 'storage_gb_month', resourceId: '' }],
    ['no id', 'invalid_id', { id: undefined }],
    ['an empty id', 'invalid_id', { id: '' }],
    ['an id of 129 characters', 'invalid_id', { id: 'x'.repeat(129) }],
    ['an id that PostgreSQL can not hold', 'invalid_id', { id: 'a\u0000b' }],
    ['half a character in its id', 'invalid_id', { id: 'a\ud800b' }],
    ['a field that is not known', 'invalid_event', { price: 1 }],
  ])('%s', async (_, code, overrides) => {
    const [good, bad, alsoGood] = [event(), event(overrides), event()];
    const { status, body } = await send([good, bad, alsoGood]);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        accepted: 2,
        duplicates: 0,
        rejected: [
          {
            index: 1,
            id: typeof bad.id === 'string' ? bad.id.slice(0, 128) : null,
            code,
            message: textLike(/.{20}/),
          },
        ],
      },
    });
    expect((await storedIds()).toSorted()).toEqual([good.id, alsoGood.id].toSorted());
    expect(await totals()).toEqual({ 'cpu_hour 2026-11': '3' });
  });

  test.each([['null'], ['"text"'], ['[]'], ['7']])('%s in place of an event', async (item) => {
    const { body } = await request(reporter.api, 'POST', '/api/usage-events', {
      body: `{"events": [${JSON.stringify(event())}, ${item}]}`,
    });
    expect(body).toMatchObject({ accepted: 1, rejected: [{ index: 1, id: null, code: 'invalid_event' }] });
  });
});

/** Sends one event whose quantity is written just so. */
const sendLiteral = (literal: string) =>
  request(reporter.api, 'POST', '/api/usage-events', {
    body: JSON.stringify({ events: [event({ quantity: 'LITERAL' })] }).replace('"LITERAL"', literal),
  });

describe('a JSON number is taken as it was written, or not at all', () => {
  test.each([
    ['0.1', '0.1'],
    ['123456789.012345', '123456789.012345'],
    ['0.000000000001', '0.000000000001'],
    ['1.50', '1.5'],
    ['0', '0'],
  ])('%s', async (literal, stored) => {
    expect((await sendLiteral(literal)).body).toMatchObject({ accepted: 1 });
    const row = await reporter.api.db
      .selectFrom('usage_events')
      .select('quantity')
      .where('user_id', '=', reporter.userId)
      .executeTakeFirstOrThrow();
    expect(row.quantity).toBe(stored);
  });

  test.each([
    ['0.30000000000000004'],
    ['0.1000000000000000055511151231257827'],
    ['1e2'],
    ['1E-7'],
    ['1234567890.1234567'],
  ])('%s may have lost something and is rejected', async (literal) => {
    expect((await sendLiteral(literal)).body).toMatchObject({
      accepted: 0,
      rejected: [{ code: 'invalid_quantity', message: textLike(/as a string/) }],
    });
    expect(await storedIds()).toEqual([]);
  });

  test('text that looks like a quantity is left alone', async () => {
    const id = `"quantity": 1e5 ${randomUUID()}`;
    expect((await send([event({ id })])).body).toMatchObject({ accepted: 1 });
    expect(await storedIds()).toEqual([id]);
  });
});
