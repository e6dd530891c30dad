import { createHash } from 'node:crypto';
import type { Express, RequestHandler } from 'express';
import { ADMIN_PATH } from '../../../web/admin/tabs.ts';
import { jsonBody } from '../../body.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { HttpError } from '../../errors.ts';
import { idempotencyKeyOf } from '../../idempotency-key.ts';
import { originOf } from '../../origin.ts';
import { addRoute } from '../../route.ts';
import { parse } from '../../validation.ts';
import { readTestBilling } from './overview.ts';
import { beginTestPurchase, findPurchase } from './purchases.ts';
import { purchaseIdSchema, testPurchaseRequestSchema } from './schema.ts';

const LISTED = { purchases: 50, users: 100, events: 50 };

/** Purchases with test cards, for admins: in test mode, always. There is no parameter by which a request could reach the other. */
export function addTestBillingRoutes(
  app: Express,
  dependencies: ApiDependencies,
  authenticated: readonly RequestHandler[],
): void {
  addRoute(app, '/api/admin/billing-test', {
    get: [...authenticated, getTestBilling(dependencies)],
    post: [...authenticated, ...jsonBody(), postTestPurchase(dependencies)],
  });
  addRoute(app, '/api/admin/billing-test/:purchaseId', {
    get: [...authenticated, getTestPurchase(dependencies)],
  });
}

/** `GET /api/admin/billing-test`: test mode at a glance. */
function getTestBilling(dependencies: ApiDependencies): RequestHandler {
  return async (_request, response) => {
    const { purchases, credits, subscriptions, events } = await readTestBilling(dependencies, LISTED);
    response.json({
      purchases: purchases.map(({ steps: _steps, ...purchase }) => purchase),
      credits,
      subscriptions: subscriptions.map(({ userId, stripeSubscriptionId, status }) => ({
        userId,
        stripeSubscriptionId,
        status,
      })),
      events,
    });
  };
}

/** `GET /api/admin/billing-test/{purchaseId}`: a purchase with its steps, as they happen. */
function getTestPurchase({ db }: ApiDependencies): RequestHandler {
  return async (request, response) => {
    const purchaseId = parse(purchaseIdSchema, request.params['purchaseId'], 'purchaseId');
    const purchase = await findPurchase(db, purchaseId);
    if (purchase === undefined) {
      const message = `There is no test purchase "${purchaseId}"; GET /api/admin/billing-test lists them`;
      throw new HttpError('purchase_not_found', message, { param: 'purchaseId' });
    }
    response.json(purchase);
  };
}

/** `POST /api/admin/billing-test`: starts a test purchase; repeated with the same `Idempotency-Key` it is the same. */
function postTestPurchase(dependencies: ApiDependencies): RequestHandler {
  return async (request, response) => {
    const asked = parse(testPurchaseRequestSchema, request.body);
    const purchaseId = purchaseIdOf(idempotencyKeyOf(request));
    // Where the bank's page leads an admin back to: the tab "Test Billing".
    const returnUrl = `${originOf(request)}${ADMIN_PATH}`;
    response.status(201).json(await beginTestPurchase(dependencies, { ...asked, purchaseId, returnUrl }));
  };
}

/** What the caller chose may be long, and workflow ids are shown to operators: a hash of it. */
function purchaseIdOf(idempotencyKey: string): string {
  return createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 24);
}
