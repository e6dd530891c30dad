import { createHash, randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import { modeOf } from '../authentication.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { refuseUnlessConfigured } from '../mode-configuration.ts';
import { registerCustomer, startCheckout } from '../temporal/checkout.ts';
import { parse, userIdSchema } from '../validation.ts';
import { findUserOrRefuse } from './find-user.ts';
import { checkoutSchema, idempotencyKeySchema } from './schema.ts';

/**
 * `POST /api/users/{userId}/checkout-sessions`: starts a Checkout session in Stripe, for adding a card or buying credits, and
 * gives the page to send the user to.
 * The work is the customer's workflow's, so a checkout can't race with anything else of that customer; repeated with the
 * same `Idempotency-Key` it gives the same session.
 */
export function postCheckoutSession({ db, temporal, webhookSecrets }: ApiDependencies): RequestHandler {
  return async (request, response) => {
    const mode = modeOf(response);
    const userId = parse(userIdSchema, request.params['userId'], 'userId');
    const { credits, ...checkout } = parse(checkoutSchema, request.body);
    const given = request.get('idempotency-key') ?? randomUUID();
    const idempotencyKey = parse(idempotencyKeySchema, given, 'Idempotency-Key');
    refuseUnlessConfigured(webhookSecrets, mode);

    const user = await findUserOrRefuse(db, mode, userId);
    const stripeCustomerId = user.stripe_customer_id ?? (await registerCustomer(temporal, mode, userId));
    const session = await startCheckout(
      temporal,
      { mode, stripeCustomerId },
      {
        ...checkout,
        ...(credits === undefined ? {} : { credits }),
        idempotencyKey: keyOf([userId, idempotencyKey, checkout.mode, credits]),
      },
    );
    response.status(201).json({ id: session.id, url: session.url });
  };
}

/**
 * Temporal and Stripe limit the length of keys, and show them to operators: a hash, not what the caller chose. What is asked
 * for is part of it, so that a key used for a card before never answers a purchase with that session.
 */
function keyOf(parts: readonly unknown[]): string {
  return `checkout-${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`;
}
