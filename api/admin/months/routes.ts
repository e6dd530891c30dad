import type { Express, Request, RequestHandler } from 'express';
import type { z } from 'zod';
import { parseBillingPeriod } from '../../../domain/billing-period.ts';
import type { Month } from '../../../domain/monthly-close.ts';
import { jsonBody } from '../../body.ts';
import { whileAwaited } from '../../client-gone.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { addRoute } from '../../route.ts';
import { parse } from '../../validation.ts';
import { modeOfPath, updateIdOf } from '../parameters.ts';
import { approveMonth, closeMonth, decideOnBillsOfMonth, retryParkedBills } from './decisions.ts';
import { describeMonth, monthsPage, previewMonth } from './month.ts';
import { monthOfPath } from './month-of-path.ts';
import { closeProgress } from './progress.ts';
import { holdSchema, monthDecisionSchema, monthsQuerySchema, releaseSchema } from './schema.ts';

const MONTH = '/api/admin/:mode/months/:period';

/** The close of a month as operators follow it and decide about it. */
export function addMonthRoutes(
  app: Express,
  dependencies: ApiDependencies,
  authenticated: readonly RequestHandler[],
): void {
  const get = (path: string, read: (request: Request) => Promise<unknown>) =>
    addRoute(app, path, {
      get: [
        ...authenticated,
        async (request, response) => {
          response.json(await read(request));
        },
      ],
    });

  const post = <Body>(
    name: string,
    schema: z.ZodType<Body>,
    status: 200 | 202,
    decide: (month: Month, decision: Body & { readonly updateId: string }) => Promise<unknown>,
  ) =>
    addRoute(app, `${MONTH}/${name}`, {
      post: [
        ...authenticated,
        ...jsonBody(),
        async (request, response) => {
          const month = monthOfPath(request);
          const body = parse(schema, request.body);
          const updateId = updateIdOf(request, [name, month, body]);
          response.status(status).json(await decide(month, { ...body, updateId }));
        },
      ],
    });

  get('/api/admin/:mode/months', async (request) => {
    const { after, limit } = parse(monthsQuerySchema, request.query, 'query');
    const before = after === undefined ? undefined : parseBillingPeriod(after);
    return await monthsPage(dependencies, modeOfPath(request), { before, limit });
  });
  get(MONTH, async (request) => await describeMonth(dependencies, monthOfPath(request)));
  get(`${MONTH}/progress`, async (request) => await closeProgress(dependencies, monthOfPath(request)));

  addRoute(app, `${MONTH}/preview`, {
    get: [
      ...authenticated,
      async (request, response) => {
        await whileAwaited(response, async (gone) => {
          response.json(await previewMonth(dependencies, monthOfPath(request), gone));
        });
      },
    ],
  });
  addRoute(app, `${MONTH}/close`, {
    post: [
      ...authenticated,
      async (request, response) => {
        response.status(202).json({ workflow: await closeMonth(dependencies, monthOfPath(request)) });
      },
    ],
  });
  post('approve', monthDecisionSchema, 200, async (month, decision) => ({
    workflow: await approveMonth(dependencies, month, decision),
  }));
  post('retry-parked', monthDecisionSchema, 202, async (month, decision) => ({
    workflow: await retryParkedBills(dependencies, month, decision),
  }));
  post('hold', holdSchema, 200, async (month, decision) =>
    decideOnBillsOfMonth(dependencies, month, { type: 'hold', ...decision }),
  );
  for (const type of ['release', 'skip'] as const)
    post(type, releaseSchema, 200, async (month, decision) =>
      decideOnBillsOfMonth(dependencies, month, { type, ...decision }),
    );
}
