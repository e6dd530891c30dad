import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { answer, OF_JSON_BODIES, OF_USERS } from '../../openapi/answers.ts';
import { adminOperation } from '../openapi-parts.ts';
import { modeSchema } from '../parameters.ts';
import { EXAMPLE_WORKFLOW } from '../workflow.ts';
import {
  eventIdSchema,
  eventsQuerySchema,
  eventsSchema,
  replayedSchema,
  sentWebhookTestSchema,
  webhookTestRequestSchema,
  webhookTestSchema,
} from './schema.ts';

const id = 'evt_test_webhook_1793750400000_0123456789ab';

/** What came in from Stripe, for the OpenAPI document. */
export const eventPaths: ZodOpenApiPathsObject = {
  '/api/admin/{mode}/events': {
    get: adminOperation(
      {
        operationId: 'listEvents',
        summary: "List what came in at the mode's webhook endpoint in the last 30 days, newest first",
        requestParams: { path: z.strictObject({ mode: modeSchema }), query: eventsQuerySchema },
        responses: {
          200: answer(
            'A page of it',
            eventsSchema,
            {
              events: [
                {
                  receiptId: '0b9d1c0e-6c62-4f43-8a5b-0f7a3d5f6a11',
                  eventId: 'evt_1PgafmB7WZ01zgkW',
                  type: 'invoice.paid',
                  outcome: 'accepted',
                  reason: null,
                  objectId: 'in_1PgafmB7WZ01zgkW',
                  stripeCustomerId: 'cus_QXg1o8vlGmxVq4',
                  userId: 'user_42',
                  receivedAt: '2026-11-01T00:00:12.000Z',
                  verifiedAt: '2026-11-01T00:00:12.001Z',
                  signalledAt: '2026-11-01T00:00:12.009Z',
                  appliedAt: '2026-11-01T00:00:12.150Z',
                  workflow: EXAMPLE_WORKFLOW,
                },
              ],
              next: null,
            },
            { limited: false },
          ),
        },
      },
      ['invalid_parameter'],
    ),
  },
  '/api/admin/{mode}/events/{eventId}/replay': {
    post: adminOperation(
      {
        operationId: 'replayEvent',
        summary: "Hand an event to its customer's workflow again, as it came",
        requestParams: { path: z.strictObject({ mode: modeSchema, eventId: eventIdSchema }) },
        responses: {
          202: answer(
            'Temporal has stored it',
            replayedSchema,
            { signal: 'stripeEvent', workflow: EXAMPLE_WORKFLOW },
            { limited: false },
          ),
        },
      },
      ['invalid_parameter', 'event_not_found', 'not_replayable', 'temporal_unavailable'],
    ),
  },
  '/api/admin/test/webhook-tests': {
    post: adminOperation(
      {
        operationId: 'sendWebhookTest',
        summary: "Send a signed event about a user's own objects to the test endpoint",
        description:
          'It changes nothing that is not so in Stripe: of an event only who it is about is taken.',
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: webhookTestRequestSchema,
              example: { userId: 'user_42', type: 'invoice.payment_succeeded' },
            },
          },
        },
        responses: {
          202: answer(
            'What the endpoint answered',
            sentWebhookTestSchema,
            {
              id,
              status: 200,
              problem: null,
              before: {
                status: 'active',
                reason: 'The subscription is active.',
                since: '2026-10-03T09:30:00.000Z',
              },
            },
            { limited: false },
          ),
        },
      },
      [...OF_JSON_BODIES, ...OF_USERS, 'no_stripe_customer', 'nothing_to_test', 'mode_not_configured'],
    ),
  },
  '/api/admin/test/webhook-tests/{id}': {
    get: adminOperation(
      {
        operationId: 'getWebhookTest',
        summary: 'Say how far a test has come: each step, with its time',
        requestParams: {
          path: z.strictObject({ id: eventIdSchema.meta({ param: { example: id } }) }),
        },
        responses: {
          200: answer(
            'The steps',
            webhookTestSchema,
            {
              id,
              state: 'done',
              type: 'invoice.payment_succeeded',
              userId: 'user_42',
              steps: [
                { step: 'sent', at: '2026-11-04T00:00:00.000Z' },
                { step: 'received', at: '2026-11-04T00:00:00.002Z' },
                { step: 'verified', at: '2026-11-04T00:00:00.003Z' },
                { step: 'signalled', at: '2026-11-04T00:00:00.012Z' },
                { step: 'applied', at: '2026-11-04T00:00:00.180Z' },
              ],
              reason: null,
              standing: {
                status: 'active',
                reason: 'The subscription is active.',
                since: '2026-10-03T09:30:00.000Z',
              },
              workflow: EXAMPLE_WORKFLOW,
            },
            { limited: false },
          ),
        },
      },
      ['invalid_parameter', 'event_not_found'],
    ),
  },
};
