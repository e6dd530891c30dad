/**
 * Encrypts what workflows and activities are given and give back, before it leaves the process: Temporal, and whoever reads its database,
 * sees ids, names of steps and times, and nothing else. Who holds the keys reads it: worker, api, the CLI, and Temporal's tools over the
 * api's codec endpoint (`api/admin/codec/`).
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type Payload, type PayloadCodec, ValueError } from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding.js';
import proto from '@temporalio/proto';

/** A key of AES-256: 32 bytes, and the name by which a payload says that it needs this one. */
export interface PayloadKey {
  readonly id: string;
  readonly key: Buffer;
}

const ENCODING = 'binary/encrypted';
const CIPHER = 'AES-256-GCM';
/** As NIST SP 800-38D recommends for GCM; random, so that no two payloads share one. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/**
 * AES-256-GCM, payload by payload. The first key encrypts; each of them decrypts, so a key can be replaced while workflows run that were
 * encrypted with the one before. What was never encrypted is read as it is: encryption can be switched on under running workflows.
 *
 * @param keys at least one.
 */
export function encryptingCodec(keys: readonly [PayloadKey, ...PayloadKey[]]): PayloadCodec {
  const [newest] = keys;
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  return {
    encode: async (payloads) => payloads.map((payload) => encrypt(payload, newest)),
    decode: async (payloads) => payloads.map((payload) => decrypt(payload, byId)),
  };
}

function encrypt(payload: Payload, { id, key }: PayloadKey): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const data = [cipher.update(PayloadMessage.encode(payload).finish()), cipher.final()];
  return {
    metadata: {
      encoding: encode(ENCODING),
      'encryption-cipher': encode(CIPHER),
      'encryption-key-id': encode(id),
    },
    data: Buffer.concat([nonce, ...data, cipher.getAuthTag()]),
  };
}

/** @throws ValueError when its key is not among ours, or it was altered. Temporal tries again, so a key that is put back mends it. */
function decrypt(payload: Payload, keys: ReadonlyMap<string, Buffer>): Payload {
  if (textOf(payload, 'encoding') !== ENCODING) return payload;
  const id = textOf(payload, 'encryption-key-id');
  const key = keys.get(id);
  if (key === undefined)
    throw new ValueError(
      `A payload is encrypted with the key "${id}", which TEMPORAL_CODEC_KEYS does not have`,
    );
  const bytes = Buffer.from(payload.data ?? []);
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const plain = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()];
    return PayloadMessage.decode(Buffer.concat(plain));
  } catch (error) {
    throw new ValueError(
      `A payload does not decrypt with the key "${id}": it is another key, or it was altered`,
      error,
    );
  }
}

function textOf({ metadata }: Payload, name: string): string {
  const bytes = metadata?.[name];
  return bytes ? decode(bytes) : '';
}
