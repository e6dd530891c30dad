/** Parameters that setup and payment intents have in common, and Checkout sessions with them. */
import { z } from 'zod';
import { fullAddress } from '../objects/address.ts';
import { address, boolean, oneOf, text } from '../params.ts';
import type { PaymentIntent } from '../wire.ts';

/** Where goods are sent, which the simulator keeps and shows and does nothing with. */
export const shipping = z.strictObject({
  address,
  carrier: text.optional(),
  name: text,
  phone: text.optional(),
  tracking_number: text.optional(),
});

/** The `shipping` of an intent, every field there; null if the request has none. */
export function shippingOf(given: z.output<typeof shipping> | undefined): PaymentIntent['shipping'] {
  if (given === undefined) return null;
  const { carrier = null, name, phone = null, tracking_number = null } = given;
  return { address: fullAddress(given.address), carrier, name, phone, tracking_number };
}

/**
 * Cards are all that the simulator has. As `payment_method_types` this is of older API versions than the SDK's, where it
 * is `allowed_payment_method_types`; the CLI sends it.
 */
export const methodTypes = z.array(oneOf('card')).min(1);

/** `automatic_payment_methods`: whatever the Dashboard has enabled, which here is cards. */
export const automaticMethods = z.strictObject({
  allow_redirects: oneOf('always', 'never').optional(),
  enabled: boolean,
});
