import type { RequestHandler } from 'express';
import { modeOf } from '../authentication.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { openBillingPortalOf } from '../stripe-pages.ts';
import { parse, userIdSchema } from '../validation.ts';
import { billingPortalSchema } from './schema.ts';

/** `POST /api/users/{userId}/billing-portal-sessions`: a page where the user replaces or removes cards. */
export function postBillingPortalSession(dependencies: ApiDependencies): RequestHandler {
  return async (request, response) => {
    const mode = modeOf(response);
    const userId = parse(userIdSchema, request.params['userId'], 'userId');
    const portal = parse(billingPortalSchema, request.body);
    response.status(201).json(await openBillingPortalOf(dependencies, { mode, userId }, portal));
  };
}
