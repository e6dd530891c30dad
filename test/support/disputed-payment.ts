import type { Stripe } from 'stripe';
import type { BothStripeClients } from '../../chaos/world/running-billing.ts';

/** A payment of $5.00 in test mode, of no invoice of ours, that the customer's bank disputes as soon as it is made. */
export async function disputedPayment(
  { stripe }: { readonly stripe: BothStripeClients },
  customer: string,
): Promise<Stripe.PaymentIntent> {
  return await stripe.test.paymentIntents.create({
    amount: 500,
    currency: 'usd',
    customer,
    payment_method: 'pm_card_createDispute',
    confirm: true,
    return_url: 'https://host.example/',
  });
}
