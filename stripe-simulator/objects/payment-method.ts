import { createHash } from 'node:crypto';
import type { TestCard } from '../behaviour/test-cards.ts';
import { newId } from '../ids.ts';
import type { PaymentMethod } from '../wire.ts';
import type { Made } from './made.ts';

/** A card as a payment method that belongs to nobody yet. Its number is not kept. */
export function newPaymentMethod(
  card: TestCard,
  made: Made & {
    metadata: Record<string, string>;
    billingDetails?: Partial<PaymentMethod['billing_details']>;
  },
): PaymentMethod {
  return {
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: {
      address: null,
      email: null,
      name: null,
      phone: null,
      tax_id: null,
      ...made.billingDetails,
    },
    card: {
      brand: card.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'US',
      display_brand: card.brand,
      exp_month: 12,
      exp_year: new Date(made.now * 1_000).getUTCFullYear() + 4,
      fingerprint: createHash('sha256').update(card.number).digest('base64url').slice(0, 16),
      funding: 'credit',
      generated_from: null,
      last4: card.number.slice(-4),
      networks: { available: [card.brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: made.now,
    customer: null,
    customer_account: null,
    livemode: made.livemode,
    metadata: made.metadata,
    type: 'card',
  };
}
