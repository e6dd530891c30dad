import type { Express, RequestHandler } from 'express';
import { EXTEND_GRACE_UPDATE, REACTIVATE_UPDATE, SUSPEND_UPDATE } from '../../../domain/customer-workflow.ts';
import { jsonBody } from '../../body.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { addRoute } from '../../route.ts';
import type { CustomerDecision } from '../../temporal/decisions.ts';
import { parse } from '../../validation.ts';
import { modeOfPath, updateIdOf } from '../parameters.ts';
import { describeCustomer } from './customer.ts';
import { customerOfPath } from './customer-of-path.ts';
import { decideOnUser } from './decisions.ts';
import { customersPage } from './list.ts';
import { customersQuerySchema, extendGraceSchema, reactivateSchema, suspendSchema } from './schema.ts';

const CUSTOMER = '/api/admin/:mode/customers/:userId';

/** Customers as operators find, see and decide about them. */
export function addCustomerRoutes(
  app: Express,
  dependencies: ApiDependencies,
  authenticated: readonly RequestHandler[],
): void {
  const decide = (decisionOf: (body: unknown) => CustomerDecision): RequestHandler[] => [
    ...authenticated,
    ...jsonBody(),
    async (request, response) => {
      const key = customerOfPath(request);
      const decision = decisionOf(request.body);
      const updateId = updateIdOf(request, [key, decision]);
      response.json(await decideOnUser(dependencies, key, { ...decision, updateId }));
    },
  ];

  addRoute(app, '/api/admin/:mode/customers', {
    get: [
      ...authenticated,
      async (request, response) => {
        const { after, ...filter } = parse(customersQuerySchema, request.query, 'query');
        const page = { ...filter, afterUserId: after };
        response.json(await customersPage(dependencies, modeOfPath(request), page));
      },
    ],
  });
  addRoute(app, CUSTOMER, {
    get: [
      ...authenticated,
      async (request, response) => {
        response.json(await describeCustomer(dependencies, customerOfPath(request)));
      },
    ],
  });
  addRoute(app, `${CUSTOMER}/extend-grace`, {
    post: decide((body) => ({ update: EXTEND_GRACE_UPDATE, request: parse(extendGraceSchema, body) })),
  });
  addRoute(app, `${CUSTOMER}/suspend`, {
    post: decide((body) => ({ update: SUSPEND_UPDATE, request: parse(suspendSchema, body) })),
  });
  addRoute(app, `${CUSTOMER}/reactivate`, {
    post: decide((body) => ({ update: REACTIVATE_UPDATE, request: parse(reactivateSchema, body) })),
  });
}
