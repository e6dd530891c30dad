import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { encryptingCodec, type PayloadKey } from './payload-codec.ts';

/** For bundles of workflow code, whose failures are encrypted too. */
const ENCRYPTED_FAILURES = fileURLToPath(new URL('encrypted-failures.cjs', import.meta.url));

/** How payloads go to Temporal and come from there: as JSON, and encrypted when there are keys. Every client and worker needs the same. */
export function dataConverterOf(keys: readonly PayloadKey[]): DataConverter {
  const [newest, ...older] = keys;
  if (newest === undefined) return {};
  return { failureConverterPath: ENCRYPTED_FAILURES, payloadCodecs: [encryptingCodec([newest, ...older])] };
}
