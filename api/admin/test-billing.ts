import { createHash, randomUUID } from 'node:crypto';
import type { Express, Request, RequestHandler } from 'express';
import { listAppliedTestEvents, listTestCredits } from '../../db/test-mode.ts';
import { findTestPurchase, listTestPurchases, type TestPurchase } from '../../db/test-purchases.ts';
import { listSubscribers } from '../../db/user-lists.ts';
import { jsonBody } from '../body.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpError } from '../errors.ts';
import { originOf } from '../origin.ts';
import { addRoute } from '../route.ts';
import { idempotencyKeySchema } from '../users/schema.ts';
import { parse } from '../validation.ts';
import { beginTestPurchase } from './begin-test-purchase.ts';
import { purchaseIdSchema, testPurchaseRequestSchema } from './test-billing-schema.ts';

/** Where the bank's page leads an admin back to: the tab "Test Billing". */
const ADMIN_PAGE = '/admin47392';
const LISTED_PURCHASES = 50;
const LISTED_USERS = 100;
const LISTED_EVENTS = 50;

/** Purchases with test cards, for admins: in test mode, always. There is no parameter by which a request could reach the other. */
export function addAdminTestBillingRoutes(
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
function getTestBilling({ db, now = () => new Date() }: ApiDependencies): RequestHandler {
  return async (_request, response) => {
    const purchases = await listTestPurchases(db, LISTED_PURCHASES);
    const subscribers = await listSubscribers(db, 'test', LISTED_USERS);
    const events = await listAppliedTestEvents(db, LISTED_EVENTS);
    response.json({
      purchases: purchases.map(purchaseOf),
      credits: await listTestCredits(db, LISTED_USERS, now()),
      subscriptions: subscribers.map((user) => ({
        userId: user.user_id,
        stripeSubscriptionId: user.stripe_subscription_id,
        status: user.status,
      })),
      events: events.map((event) => ({ ...event, appliedAt: event.appliedAt.toISOString() })),
    });
  };
}

/** `GET /api/admin/billing-test/{purchaseId}`: a purchase with its steps, as they happen. */
function getTestPurchase({ db }: ApiDependencies): RequestHandler {
  return async (request, response) => {
    const purchaseId = parse(purchaseIdSchema, request.params['purchaseId'], 'purchaseId');
    const purchase = await findTestPurchase(db, purchaseId);
    if (purchase === undefined) {
      const message = `There is no test purchase "${purchaseId}"; GET /api/admin/billing-test lists them`;
      throw new HttpError('purchase_not_found', message, { param: 'purchaseId' });
    }
    response.json({ ...purchaseOf(purchase), steps: purchase.steps });
  };
}

/** `POST /api/admin/billing-test`: starts a test purchase; repeated with the same `Idempotency-Key` it is the same. */
function postTestPurchase(dependencies: ApiDependencies): RequestHandler {
  return async (request, response) => {
    const asked = parse(testPurchaseRequestSchema, request.body);
    const given = request.get('idempotency-key') ?? randomUUID();
    const purchaseId = purchaseIdOf(parse(idempotencyKeySchema, given, 'Idempotency-Key'));
    const purchase = await beginTestPurchase(dependencies, {
      ...asked,
      purchaseId,
      returnUrl: returnUrlOf(request),
    });
    response.status(201).json(purchaseOf(purchase));
  };
}

/** What the caller chose may be long, and workflow ids are shown to operators: a hash of it. */
function purchaseIdOf(idempotencyKey: string): string {
  return createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 24);
}

function returnUrlOf(request: Request): string {
  return `${originOf(request)}${ADMIN_PAGE}`;
}

function purchaseOf(row: TestPurchase) {
  return {
    id: row.purchase_id,
    userId: row.user_id,
    credits: row.credits,
    card: row.card,
    status: row.status,
    paymentIntentId: row.payment_intent_id,
    link: row.link,
    problem: row.problem,
    declineCode: row.decline_code,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
