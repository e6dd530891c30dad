/**
 * What the hosted Checkout page itself asks of Stripe. Stripe doesn't document these two, but its CLI completes a session
 * with them (`stripe trigger checkout.session.completed`).
 */
import { testCardOf } from '../behaviour/cards.ts';
import { completeCheckout } from '../behaviour/checkout-completion.ts';
import { findOrMissing, findPaymentMethod } from '../behaviour/find.ts';
import { invalidRequest } from '../errors.ts';
import type { Operation } from '../operation.ts';
import { integer, params, text } from '../params.ts';
import { route } from '../router.ts';
import type { CheckoutSession } from '../wire.ts';

function findPage(operation: Operation, id: string): CheckoutSession {
  return findOrMissing(operation, 'payment_page', (store) => store.checkoutSessions, id, 'id');
}

/** `/v1/payment_pages`: a page has the id of its Checkout session, and is answered as that. */
export const paymentPageRoutes = [
  route('GET', '/v1/payment_pages/:session', params({}), (operation, _given, { session }) =>
    findPage(operation, session),
  ),

  route(
    'POST',
    '/v1/payment_pages/:session/confirm',
    params({ expected_amount: integer.optional(), payment_method: text }),
    (operation, given, ids) => {
      const session = findPage(operation, ids.session);
      if (given.expected_amount !== undefined && given.expected_amount !== session.amount_total) {
        throw invalidRequest(
          `The expected amount is ${given.expected_amount}, but the session's total is ${String(session.amount_total)}.`,
          { param: 'expected_amount' },
        );
      }
      const { id } = findPaymentMethod(operation, given.payment_method);
      return completeCheckout(operation, session, testCardOf(operation, id)?.number ?? '', false).session;
    },
  ),
];
