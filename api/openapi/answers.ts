import { z } from 'zod';
import type { ZodOpenApiResponseObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { ERROR_STATUS, type ErrorCode } from '../errors.ts';
import { EXAMPLE_MESSAGES } from './example-messages.ts';
import { headers } from './headers.ts';

/** What is answered where there is no route, or before one is looked for. */
export const OF_NO_ROUTE = [
  'not_found',
  'method_not_allowed',
  'request_timeout',
  'uri_too_long',
  'headers_too_large',
] as const satisfies ErrorCode[];
/** What any route may answer. */
const ANYWHERE = ['invalid_request', 'internal_error'] as const satisfies ErrorCode[];
/** What a route that wants an API key may answer besides. */
export const OF_API_KEYS = [
  'missing_api_key',
  'invalid_api_key',
  'rate_limited',
  'database_unavailable',
] as const satisfies ErrorCode[];
/** What a route of the admin's may answer besides. */
export const OF_ADMIN = [
  'missing_admin_password',
  'invalid_admin_password',
  'invalid_csrf_token',
  'rate_limited',
  'admin_not_configured',
  'database_unavailable',
] as const satisfies ErrorCode[];
/** What a route that takes JSON may answer besides. */
export const OF_JSON_BODIES = [
  'invalid_json',
  'invalid_parameter',
  'payload_too_large',
  'unsupported_media_type',
] as const satisfies ErrorCode[];
/** What a route under `/api/users/{userId}` may answer besides. */
export const OF_USERS = ['invalid_parameter', 'user_not_found', 'user_erased'] as const satisfies ErrorCode[];

/** An answer in JSON, of a route that wants an API key unless told otherwise. */
export function answer(
  description: string,
  schema: z.ZodType,
  example: unknown,
  options: { readonly limited?: boolean } = {},
): ZodOpenApiResponseObject {
  const { limited = true } = options;
  return {
    description,
    headers: headers('X-Request-Id', ...(limited ? (['RateLimit', 'RateLimit-Policy'] as const) : [])),
    content: { 'application/json': { schema, example } },
  };
}

/** The errors of a route, by their status. */
export function errors(...codes: readonly ErrorCode[]): ZodOpenApiResponsesObject {
  const all = [...new Set([...ANYWHERE, ...codes])];
  const statuses = [...new Set(all.map((code) => ERROR_STATUS[code]))].toSorted((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      errorAnswer(
        status,
        all.filter((code) => ERROR_STATUS[code] === status),
      ),
    ]),
  );
}

function errorAnswer(status: number, codes: readonly ErrorCode[]): ZodOpenApiResponseObject {
  const examples = codes.map((code): [string, { value: unknown }] => [
    code,
    { value: { error: { code, message: EXAMPLE_MESSAGES[code] } } },
  ]);
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    headers: {
      ...headers('X-Request-Id'),
      ...(status === 401 ? headers('WWW-Authenticate', 'RateLimit', 'RateLimit-Policy') : {}),
      ...(status === 429 ? headers('Retry-After', 'RateLimit', 'RateLimit-Policy') : {}),
      ...(status === 503 ? headers('Retry-After') : {}),
    },
    content: {
      'application/json': { schema: errorSchema(codes), examples: Object.fromEntries(examples) },
    },
  };
}

function errorSchema(codes: readonly ErrorCode[]): z.ZodType {
  return z.strictObject({
    error: z.strictObject({
      code: z.enum(codes).meta({ description: 'Stable: what a program goes by' }),
      message: z.string().meta({ description: 'For a person: what is wrong, and how to mend it' }),
      param: z.string().optional().meta({ description: 'Which parameter is at fault' }),
    }),
  });
}
