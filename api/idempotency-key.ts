import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import { z } from 'zod';
import { parse } from './validation.ts';

const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

/**
 * The request's `Idempotency-Key`; a new one without the header: then each request is another.
 *
 * @throws HttpError `invalid_parameter`
 */
export function idempotencyKeyOf(request: Request): string {
  return parse(idempotencyKeySchema, request.get('idempotency-key') ?? randomUUID(), 'Idempotency-Key');
}

/** The header `Idempotency-Key` of a route, for the OpenAPI document. */
export function idempotencyKeyHeader(description: string, example: string) {
  return z.strictObject({
    'Idempotency-Key': idempotencyKeySchema.optional().meta({ description, param: { example } }),
  });
}
