import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encryptingCodec, type PayloadKey } from '../../temporal/payload-codec.ts';

const keyCalled = (id: string): PayloadKey => ({ id, key: randomBytes(32) });
const [old, fresh] = [keyCalled('2025'), keyCalled('2026')];

function payloadOf(value: unknown): Payload {
  const payload = defaultPayloadConverter.toPayload(value);
  if (payload === undefined) throw new Error('not convertible');
  return payload;
}

const valueOf = (payload: Payload | undefined): unknown =>
  payload && defaultPayloadConverter.fromPayload(payload);

test('what was encrypted is read again, and says nothing but with which key', async () => {
  const codec = encryptingCodec([fresh]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1 }), async (values) => {
      const encrypted = await codec.encode(values.map(payloadOf));
      expect(encrypted.map(({ metadata }) => Object.keys(metadata ?? {}).toSorted())).toEqual(
        values.map(() => ['encoding', 'encryption-cipher', 'encryption-key-id']),
      );
      // As it is read without encryption: -0 is 0 in JSON.
      expect((await codec.decode(encrypted)).map(valueOf)).toEqual(values.map(payloadOf).map(valueOf));
    }),
  );
});

test('the same is never encrypted to the same', async () => {
  const codec = encryptingCodec([fresh]);
  const [first, second] = await codec.encode([payloadOf('cus_1'), payloadOf('cus_1')]);
  expect(Buffer.from(first?.data ?? []).equals(second?.data ?? Buffer.alloc(0))).toBe(false);
});

test('while one key replaces another, what either has encrypted is read, and the first one encrypts', async () => {
  const before = encryptingCodec([old]);
  const during = encryptingCodec([fresh, old]);
  const after = encryptingCodec([fresh]);
  expect((await during.decode(await before.encode([payloadOf('of before')]))).map(valueOf)).toEqual([
    'of before',
  ]);
  expect((await after.decode(await during.encode([payloadOf('of today')]))).map(valueOf)).toEqual([
    'of today',
  ]);
});

test('a key that is not there is named', async () => {
  const encrypted = await encryptingCodec([old]).encode([payloadOf('x')]);
  await expect(encryptingCodec([fresh]).decode(encrypted)).rejects.toThrow(
    'the key "2025", which TEMPORAL_CODEC_KEYS does not have',
  );
});

test('a key that is another one under the same name, or a payload that was altered, is found out', async () => {
  const [encrypted] = await encryptingCodec([old]).encode([payloadOf('ten dollars')]);
  const imposter = encryptingCodec([keyCalled(old.id)]);
  await expect(imposter.decode([encrypted ?? {}])).rejects.toThrow('does not decrypt with the key "2025"');
  const data = Buffer.from(encrypted?.data ?? []);
  for (const at of [0, 12, data.length - 1]) {
    const altered = Buffer.from(data);
    altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
    await expect(encryptingCodec([old]).decode([{ ...encrypted, data: altered }])).rejects.toThrow(
      'it was altered',
    );
  }
});

test('what was never encrypted is read as it is: workflows run from before there were keys', async () => {
  expect((await encryptingCodec([fresh]).decode([payloadOf({ mode: 'live' })])).map(valueOf)).toEqual([
    { mode: 'live' },
  ]);
});
