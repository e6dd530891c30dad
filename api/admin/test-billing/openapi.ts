import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { idempotencyKeyHeader } from '../../idempotency-key.ts';
import { answer, OF_JSON_BODIES } from '../../openapi/answers.ts';
import { adminOperation } from '../openapi-parts.ts';
import {
  purchaseIdSchema,
  testBillingSchema,
  testPurchaseRequestSchema,
  testPurchaseSchema,
  testPurchaseStepsSchema,
} from './schema.ts';

const TAG = 'Test billing';
const limited = false;

const request = { userId: 'user_42', credits: 25, card: 'authentication' };
const purchase = {
  id: 'b2fe12f795a51c468a1cf604',
  ...request,
  status: 'requires_action',
  paymentIntentId: 'pi_3PgafmB7WZ01zgkW',
  link: 'https://hooks.stripe.com/3d_secure_2/hosted?payment_intent=pi_3PgafmB7WZ01zgkW',
  problem: null,
  declineCode: null,
  createdAt: '2026-11-01T00:00:12.000Z',
  updatedAt: '2026-11-01T00:00:13.000Z',
};

/** Test purchases, for the OpenAPI document. */
export const testBillingPaths: ZodOpenApiPathsObject = {
  '/api/admin/billing-test': {
    get: adminOperation(
      {
        operationId: 'getTestBilling',
        summary: 'Show test mode: purchases, credits, subscriptions, and the last webhooks',
        responses: {
          200: answer(
            'Test mode at a glance',
            testBillingSchema,
            {
              purchases: [purchase],
              credits: [{ userId: 'user_42', balanceCents: 2_500 }],
              subscriptions: [
                { userId: 'user_42', stripeSubscriptionId: 'sub_1PgafmB7WZ01zgkW', status: 'active' },
              ],
              events: [
                {
                  eventId: 'evt_3PgafmB7WZ01zgkW',
                  type: 'payment_intent.requires_action',
                  objectId: 'pi_3PgafmB7WZ01zgkW',
                  stripeCustomerId: 'cus_QXg1o8vlGmxVq4',
                  appliedAt: '2026-11-01T00:00:13.000Z',
                },
              ],
            },
            { limited },
          ),
        },
      },
      [],
      TAG,
    ),
    post: adminOperation(
      {
        operationId: 'startTestPurchase',
        summary: 'Buy credits for a user with a test card; nothing is really charged',
        description:
          'A user whom only live mode knows is registered in test mode with the same e-mail and name. How it goes on, `GET /api/admin/billing-test/{purchaseId}` says.',
        requestParams: {
          header: idempotencyKeyHeader('Yours: the same key is the same purchase', 'test-purchase-7d1f'),
        },
        requestBody: {
          required: true,
          content: { 'application/json': { schema: testPurchaseRequestSchema, example: request } },
        },
        responses: {
          201: answer('The purchase, as it stands', testPurchaseSchema, purchase, { limited }),
        },
      },
      [
        ...OF_JSON_BODIES,
        'idempotency_key_reused',
        'mode_not_configured',
        'temporal_unavailable',
        'user_erased',
        'user_not_found',
      ],
      TAG,
    ),
  },
  '/api/admin/billing-test/{purchaseId}': {
    get: adminOperation(
      {
        operationId: 'getTestPurchase',
        summary: 'Show a test purchase with its steps, as they happen',
        requestParams: { path: z.strictObject({ purchaseId: purchaseIdSchema }) },
        responses: {
          200: answer(
            'The purchase',
            testPurchaseStepsSchema,
            {
              ...purchase,
              steps: [
                {
                  step: 'customer',
                  at: '2026-11-01T00:00:12.100Z',
                  detail: 'user_42 is cus_QXg1o8vlGmxVq4 in test mode',
                },
                {
                  step: 'payment',
                  at: '2026-11-01T00:00:12.400Z',
                  detail:
                    '$25.00 for 25 credits, card: authentication: requires action (pi_3PgafmB7WZ01zgkW)',
                },
              ],
            },
            { limited },
          ),
        },
      },
      ['invalid_parameter', 'purchase_not_found'],
      TAG,
    ),
  },
};
