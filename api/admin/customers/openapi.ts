import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { answer, OF_USERS } from '../../openapi/answers.ts';
import { userIdSchema } from '../../validation.ts';
import { adminOperation, OF_DECISIONS } from '../openapi-parts.ts';
import { decisionHeaderSchema, modeSchema } from '../parameters.ts';
import { EXAMPLE_WORKFLOW } from '../workflow.ts';
import {
  customerSchema,
  customersQuerySchema,
  customersSchema,
  decidedCustomerSchema,
  extendGraceSchema,
  reactivateSchema,
  suspendSchema,
} from './schema.ts';

const path = z.strictObject({ mode: modeSchema, userId: userIdSchema });

const standing = {
  userId: 'user_42',
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  stripeCustomerId: 'cus_QXg1o8vlGmxVq4',
  status: 'past_due',
  waitingFor: 'payment',
  reason: 'Stripe could not collect $1,409.21.',
  since: '2026-11-01T00:00:12.000Z',
  clusterId: 'cluster-1',
  graceEndsAt: '2026-11-08T00:00:12.000Z',
  owedCents: 140_921,
};

const state = {
  status: 'past_due',
  waitingFor: 'payment',
  reason: standing.reason,
  since: standing.since,
  stripeObjectId: 'in_1PgafmB7WZ01zgkW',
  graceEndsAt: standing.graceEndsAt,
  nextLookAt: standing.graceEndsAt,
  clusterId: 'cluster-1',
  attention: [],
  queuedEvents: 0,
  appliedEvents: 12,
  duplicateEvents: 1,
  parked: null,
  lastEvent: {
    id: 'evt_1PgafmB7WZ01zgkW',
    type: 'invoice.payment_failed',
    objectId: 'in_1PgafmB7WZ01zgkW',
  },
  hostProblem: null,
};

/** Customers as operators find, see and decide about them, for the OpenAPI document. */
export const customerPaths: ZodOpenApiPathsObject = {
  '/api/admin/{mode}/customers': {
    get: adminOperation(
      {
        operationId: 'listCustomers',
        summary: 'Find users by what they are called or where they stand, in the order of their ids',
        requestParams: { path: z.strictObject({ mode: modeSchema }), query: customersQuerySchema },
        responses: {
          200: answer(
            'A page of them',
            customersSchema,
            { customers: [standing], next: null },
            { limited: false },
          ),
        },
      },
      ['invalid_parameter'],
    ),
  },
  '/api/admin/{mode}/customers/{userId}': {
    get: adminOperation(
      {
        operationId: 'getCustomer',
        summary: 'Show where a customer stands, why, and how it came to that',
        requestParams: { path },
        responses: {
          200: answer(
            'The customer',
            customerSchema,
            {
              ...standing,
              stripeSubscriptionId: 'sub_1PgafmB7WZ01zgkW',
              defaultPaymentMethodId: 'pm_1PgafmB7WZ01zgkW',
              stripeObjectId: 'in_1PgafmB7WZ01zgkW',
              suspendedBy: null,
              suspendedReason: null,
              registeredAt: '2026-10-03T09:30:00.000Z',
              creditsCents: 0,
              creditLots: [],
              bills: [],
              decisions: [],
              events: [],
              disputes: [],
              state,
              stateProblem: null,
              workflow: EXAMPLE_WORKFLOW,
            },
            { limited: false },
          ),
        },
      },
      OF_USERS,
    ),
  },
  '/api/admin/{mode}/customers/{userId}/extend-grace': {
    post: decision('extendGrace', 'Give a customer who owes more time', extendGraceSchema, {
      days: 7,
      by: 'Grace',
    }),
  },
  '/api/admin/{mode}/customers/{userId}/suspend': {
    post: decision('suspendCustomer', "End a customer's access until it is given back", suspendSchema, {
      reason: 'fraud',
      by: 'Grace',
    }),
  },
  '/api/admin/{mode}/customers/{userId}/reactivate': {
    post: decision('reactivateCustomer', 'Lift a suspension by an operator', reactivateSchema, {
      by: 'Grace',
    }),
  },
};

function decision(
  operationId: string,
  summary: string,
  schema: z.ZodType,
  example: object,
): ZodOpenApiOperationObject {
  return adminOperation(
    {
      operationId,
      summary,
      requestParams: { path, header: decisionHeaderSchema },
      requestBody: { required: true, content: { 'application/json': { schema, example } } },
      responses: {
        200: answer(
          'Where it leaves the customer',
          decidedCustomerSchema,
          { state, workflow: EXAMPLE_WORKFLOW },
          { limited: false },
        ),
      },
    },
    [...OF_USERS, ...OF_DECISIONS, 'no_stripe_customer'],
  );
}
