import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { MAX_BATCH_SIZE } from '../../domain/usage-event.ts';
import { answer, errors, OF_API_KEYS, OF_JSON_BODIES } from '../openapi/answers.ts';
import { usageAnswerSchema, usageBatchSchema } from './schema.ts';

/** The route of usage events, for the OpenAPI document. */
export const usagePaths: ZodOpenApiPathsObject = {
  '/api/usage-events': {
    post: {
      operationId: 'sendUsageEvents',
      summary: 'Report usage',
      description: `Up to ${MAX_BATCH_SIZE} events at once. The good ones are stored, and each bad one comes back with a reason. An event that is sent again counts once.`,
      tags: ['Usage'],
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: usageBatchSchema,
            example: {
              events: [
                {
                  id: 'job-1',
                  userId: 'user_42',
                  product: 'cpu_hour',
                  quantity: '1.25',
                  occurredAt: '2026-10-31T23:59:59.999Z',
                },
                {
                  id: 'disk-7-resized',
                  userId: 'user_42',
                  product: 'storage_gb_month',
                  quantity: 500,
                  occurredAt: '2026-10-12T08:00:00Z',
                  resourceId: 'disk-7',
                },
              ],
            },
          },
        },
      },
      responses: {
        200: answer('What was stored, what was there already, and what was not taken', usageAnswerSchema, {
          accepted: 1,
          duplicates: 0,
          rejected: [
            {
              index: 1,
              id: 'disk-7-resized',
              code: 'resource_id_required',
              message: 'storage_gb_month is a level held by something: say by what in resourceId',
            },
          ],
        }),
        ...errors(...OF_API_KEYS, ...OF_JSON_BODIES, 'too_many_events'),
      },
    },
  },
};
