import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { answer } from '../../openapi/answers.ts';
import { periodSchema } from '../../users/schema.ts';
import { adminOperation, OF_DECISIONS } from '../openapi-parts.ts';
import { decisionHeaderSchema, modeSchema } from '../parameters.ts';
import {
  decidedBillsSchema,
  holdSchema,
  monthDecisionSchema,
  monthProgressSchema,
  monthSchema,
  monthsQuerySchema,
  monthsSchema,
  previewSchema,
  releaseSchema,
  startedCloseSchema,
} from './schema.ts';

const path = z.strictObject({
  mode: modeSchema,
  period: periodSchema.meta({ param: { example: '2026-10' } }),
});
const BASE = '/api/admin/{mode}/months';

const workflow = {
  id: 'monthly-billing:test:2026-10',
  url: 'http://127.0.0.1:8233/namespaces/default/workflows/monthly-billing%3Atest%3A2026-10',
};
const sum = (bills: number, cents: number) => ({ bills, cents });
const bill = { billId: 'bill_1', userId: 'user_42', totalCents: 140_921 };
const summary = {
  bills: 2,
  totalCents: 143_109,
  creditsCents: 0,
  previousBills: 0,
  previousTotalCents: 0,
  byStatus: {
    frozen: sum(0, 0),
    held: sum(1, 140_921),
    open: sum(0, 0),
    paid: sum(1, 2_188),
    payment_failed: sum(0, 0),
    parked: sum(0, 0),
    void: sum(0, 0),
  },
  biggest: [{ ...bill, previousTotalCents: 0 }],
  held: [{ ...bill, problem: 'held by Grace: looks wrong' }],
  parked: [],
  withoutCustomer: sum(0, 0),
  withoutPaymentMethod: sum(0, 0),
};
const progress = {
  mode: 'test',
  period: '2026-10',
  phase: 'awaiting_release',
  frozenBills: 2,
  invoicedBills: 1,
  invoicedCents: 2_188,
  parkedBills: 0,
  heldBills: 1,
  waiting: null,
  balance: null,
};

/** The close of a month as operators follow it and decide about it, for the OpenAPI document. */
export const monthPaths: ZodOpenApiPathsObject = {
  [BASE]: {
    get: adminOperation(
      {
        operationId: 'listMonths',
        summary: 'List the months that have usage or bills, newest first',
        requestParams: { path: z.strictObject({ mode: modeSchema }), query: monthsQuerySchema },
        responses: {
          200: unlimited('A page of them', monthsSchema, {
            months: [
              {
                period: '2026-10',
                isOver: true,
                bills: 2,
                totalCents: 143_109,
                byStatus: { held: sum(1, 140_921), paid: sum(1, 2_188) },
                close: 'running',
                phase: 'awaiting_release',
                workflow,
              },
            ],
            next: null,
          }),
        },
      },
      ['invalid_parameter'],
    ),
  },
  [`${BASE}/{period}`]: {
    get: adminOperation(
      {
        operationId: 'getMonth',
        summary: "Show a month's bills, how far its close is, and what was decided",
        requestParams: { path },
        responses: {
          200: unlimited('The month', monthSchema, {
            mode: 'test',
            period: '2026-10',
            isOver: true,
            summary,
            awaitingRelease: 1,
            close: 'running',
            progress,
            progressProblem: null,
            goingOut: null,
            decisions: [
              {
                type: 'hold',
                bills: ['bill_1'],
                by: 'Grace',
                reason: 'looks wrong',
                decidedAt: '2026-11-01T09:30:00.000Z',
              },
            ],
            workflow,
          }),
        },
      },
      ['invalid_parameter'],
    ),
  },
  [`${BASE}/{period}/progress`]: {
    get: adminOperation(
      {
        operationId: 'getMonthProgress',
        summary: 'Show how far the close of a month is, quickly, for whoever watches it',
        requestParams: { path },
        responses: {
          200: unlimited('How far it is', monthProgressSchema, {
            close: 'running',
            progress: { ...progress, phase: 'invoicing', heldBills: 0 },
            progressProblem: null,
            goingOut: { done: 1, total: 2 },
          }),
        },
      },
      ['invalid_parameter'],
    ),
  },
  [`${BASE}/{period}/preview`]: {
    get: adminOperation(
      {
        operationId: 'previewMonth',
        summary: 'Compute what a close of the month would come to now, without writing anything',
        requestParams: { path },
        responses: {
          200: unlimited('What it would come to', previewSchema, {
            mode: 'test',
            period: '2026-11',
            bills: 1,
            newBills: 1,
            usedCents: 2_188,
            creditsCents: 0,
            totalCents: 2_188,
            previousTotalCents: 143_109,
            biggest: [],
            mostChanged: [],
            problems: [],
            problemBills: 0,
            held: [],
            heldBills: 0,
          }),
        },
      },
      ['invalid_parameter'],
    ),
  },
  [`${BASE}/{period}/close`]: {
    post: adminOperation(
      {
        operationId: 'closeMonth',
        summary: 'Close a month: freeze its bills and make an invoice of each; a second close finds all done',
        requestParams: { path },
        responses: { 202: unlimited('The close runs', startedCloseSchema, { workflow }) },
      },
      ['invalid_parameter', 'month_not_over', 'temporal_unavailable'],
    ),
  },
  [`${BASE}/{period}/approve`]: {
    post: decision('approveMonth', 'Let the frozen bills of a month go out', monthDecisionSchema, {
      example: { by: 'Grace' },
      responses: { 200: unlimited('They go out', startedCloseSchema, { workflow }) },
    }),
  },
  [`${BASE}/{period}/retry-parked`]: {
    post: decision(
      'retryParkedBills',
      'Try the parked bills of a month once more, and no others',
      monthDecisionSchema,
      {
        example: { by: 'Grace' },
        responses: { 202: unlimited('The close tries them', startedCloseSchema, { workflow }) },
      },
    ),
  },
  [`${BASE}/{period}/hold`]: {
    post: decision('holdBills', 'Keep bills from going out until they are released', holdSchema, {
      example: { bills: ['bill_1'], by: 'Grace', reason: 'looks wrong' },
      responses: { 200: decided('They are held') },
    }),
  },
  [`${BASE}/{period}/release`]: {
    post: decision('releaseBills', 'Let held bills go out', releaseSchema, {
      example: { bills: 'all', by: 'Grace' },
      responses: { 200: decided('They go out') },
    }),
  },
  [`${BASE}/{period}/skip`]: {
    post: decision(
      'skipBills',
      'End the close without held bills; they can be released later',
      releaseSchema,
      {
        example: { bills: ['user_42'], by: 'Grace' },
        responses: { 200: decided('The close does not wait for them') },
      },
    ),
  },
};

function unlimited(description: string, schema: z.ZodType, example: unknown) {
  return answer(description, schema, example, { limited: false });
}

function decided(description: string) {
  return unlimited(description, decidedBillsSchema, { bills: ['bill_1'], workflow });
}

function decision(
  operationId: string,
  summary: string,
  schema: z.ZodType,
  {
    example,
    responses,
  }: { readonly example: object; readonly responses: NonNullable<ZodOpenApiOperationObject['responses']> },
): ZodOpenApiOperationObject {
  return adminOperation(
    {
      operationId,
      summary,
      requestParams: { path, header: decisionHeaderSchema },
      requestBody: { required: true, content: { 'application/json': { schema, example } } },
      responses,
    },
    OF_DECISIONS,
  );
}
