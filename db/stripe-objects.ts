import type { Mode } from '../domain/mode.ts';
import type { StripeObjects } from '../domain/webhook-test.ts';
import type { Database } from './database.ts';
import type { User } from './users.ts';

/** What of a user Stripe knows, as far as we do: the last of each kind. */
export async function loadStripeObjects(
  db: Database,
  user: Pick<
    User,
    'user_id' | 'stripe_subscription_id' | 'default_payment_method_id' | 'known_payment_method_ids'
  > & { readonly mode: Mode },
): Promise<StripeObjects> {
  const { mode, user_id: userId } = user;
  const session = await db
    .selectFrom('checkout_sessions')
    .select('checkout_session_id')
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  const bill = await db
    .selectFrom('bills')
    .select('stripe_invoice_id')
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('stripe_invoice_id', 'is not', null)
    .orderBy('period', 'desc')
    .orderBy('part', 'desc')
    .limit(1)
    .executeTakeFirst();
  return {
    checkoutSessionId: session?.checkout_session_id ?? null,
    subscriptionId: user.stripe_subscription_id,
    invoiceId: bill?.stripe_invoice_id ?? null,
    paymentMethodId: user.default_payment_method_id ?? user.known_payment_method_ids.at(-1) ?? null,
  };
}
