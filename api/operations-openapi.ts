import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { answer, errors } from './openapi/answers.ts';
import { headers } from './openapi/headers.ts';

const PARTS = ['database', 'temporal'] as const;
const readinessSchema = z.strictObject({
  status: z.enum(['ok', 'unavailable', 'ending']),
  missing: z.array(z.enum(PARTS)),
});

/** The routes of operations, for the OpenAPI document. */
export const operationsPaths: ZodOpenApiPathsObject = {
  '/healthz': {
    get: operation('getHealth', 'Say that the process lives', {
      200: answer(
        'It lives',
        z.strictObject({ status: z.literal('ok') }),
        { status: 'ok' },
        { limited: false },
      ),
    }),
  },
  '/readyz': {
    get: operation('getReadiness', 'Say whether what the process needs answers', {
      200: answer('All of it does', readinessSchema, { status: 'ok', missing: [] }, { limited: false }),
      503: answer(
        'Some of it does not',
        readinessSchema,
        { status: 'unavailable', missing: ['database'] },
        { limited: false },
      ),
    }),
  },
  '/metrics': {
    get: operation('getMetrics', 'Metrics for Prometheus', {
      200: text('text/plain', 'billing_usage_events_total{mode="live",outcome="accepted"} 8192\n'),
    }),
  },
  '/openapi.json': {
    get: operation('getOpenApi', 'This document', {
      200: answer(
        'OpenAPI 3.1',
        z.looseObject({ openapi: z.string() }),
        { openapi: '3.1.1' },
        { limited: false },
      ),
    }),
  },
  '/docs': {
    get: operation('getDocs', 'This document as a page', {
      200: text('text/html', '<!doctype html>'),
    }),
  },
};

function operation(
  operationId: string,
  summary: string,
  responses: ZodOpenApiOperationObject['responses'],
): ZodOpenApiOperationObject {
  return {
    operationId,
    summary,
    tags: ['Operations'],
    security: [],
    responses: { ...errors(), ...responses },
  };
}

function text(type: string, example: string) {
  return {
    description: 'Text',
    headers: headers('X-Request-Id'),
    content: { [type]: { schema: z.string(), example } },
  };
}
