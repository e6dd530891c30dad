import type { Stripe } from 'stripe';
import type { AttachedPaymentMethod } from '../db/payment-methods.ts';

/** What we keep of a payment method, to show it by. No e-mail address (Link, PayPal), no name, no bank. */
export function paymentMethodDetails(method: Stripe.PaymentMethod): AttachedPaymentMethod {
  const { card } = method;
  return {
    id: method.id,
    type: method.type,
    brand: card?.brand ?? null,
    last4: last4Of(method),
    expMonth: card?.exp_month ?? null,
    expYear: card?.exp_year ?? null,
    createdAt: new Date(method.created * 1_000),
  };
}

/** All that can be attached to a customer and has a number. https://docs.stripe.com/api/payment_methods/object */
function last4Of(method: Stripe.PaymentMethod): string | null {
  const numbered =
    method.card ??
    method.us_bank_account ??
    method.sepa_debit ??
    method.bacs_debit ??
    method.au_becs_debit ??
    method.acss_debit ??
    method.nz_bank_account ??
    method.payto ??
    method.kr_card;
  return numbered?.last4 ?? null;
}
