import type { RequestHandler } from 'express';
import { modeOf } from '../authentication.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import { startCheckoutOf } from '../stripe-pages.ts';
import { parse, userIdSchema } from '../validation.ts';
import { checkoutSchema } from './schema.ts';

/**
 * `POST /api/users/{userId}/checkout-sessions`: a page where the user adds a card or buys credits; repeated with the same
 * `Idempotency-Key` it gives the same one.
 */
export function postCheckoutSession(dependencies: ApiDependencies): RequestHandler {
  return async (request, response) => {
    const mode = modeOf(response);
    const userId = parse(userIdSchema, request.params['userId'], 'userId');
    const { credits, ...checkout } = parse(checkoutSchema, request.body);
    const idempotencyKey = idempotencyKeyOf(request);
    const bought = credits === undefined ? {} : { credits };
    const user = { mode, userId };
    const session = await startCheckoutOf(dependencies, user, { ...checkout, ...bought, idempotencyKey });
    response.status(201).json({ id: session.id, url: session.url });
  };
}
