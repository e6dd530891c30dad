import { DAY_SECONDS } from '../clock.ts';
import { newId } from '../ids.ts';
import type { BalanceTransaction, Charge, Dispute } from '../wire.ts';
import type { Made } from './made.ts';

/** How long evidence may be submitted. */
const RESPONSE_SECONDS = 9 * DAY_SECONDS;
/** What Stripe charges for a dispute, in cents. */
const FEE = 1_500;

const NO_EVIDENCE: Dispute['evidence'] = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};

/** A dispute of a whole charge that waits for evidence. An inquiry has not taken the money yet. */
export function newDispute(made: Made, charge: Charge, reason: string, inquiry: boolean): Dispute {
  const id = newId('du');
  const card = charge.payment_method_details?.card;
  return {
    id,
    object: 'dispute',
    amount: charge.amount_captured,
    balance_transactions: inquiry ? [] : [disputeTransaction(made, charge, id, -charge.amount_captured, FEE)],
    charge: charge.id,
    created: made.now,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: {
      ...NO_EVIDENCE,
      customer_email_address: charge.billing_details.email,
      customer_name: charge.billing_details.name,
    },
    evidence_details: {
      due_by: made.now + RESPONSE_SECONDS,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: 'manual',
    is_charge_refundable: inquiry,
    livemode: made.livemode,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: {
        brand: card?.brand ?? 'visa',
        case_type: inquiry ? 'inquiry' : 'chargeback',
        network: card?.brand ?? 'visa',
        network_reason_code: reason === 'fraudulent' ? '10.4' : '13.1',
      },
      type: 'card',
    },
    reason,
    status: inquiry ? 'warning_needs_response' : 'needs_response',
  };
}

/** The money a dispute takes (negative), or gives back. */
export function disputeTransaction(
  made: Made,
  { currency, id }: Pick<Charge, 'currency' | 'id'>,
  dispute: string,
  amount: number,
  fee: number,
): BalanceTransaction {
  return {
    id: newId('txn'),
    object: 'balance_transaction',
    amount,
    available_on: made.now,
    balance_type: 'payments',
    created: made.now,
    currency,
    description: `Chargeback ${amount < 0 ? 'withdrawal' : 'reversal'} for ${id}`,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [{ amount: fee, application: null, currency, description: 'Dispute fee', type: 'stripe_fee' }],
    net: amount - fee,
    reporting_category: amount < 0 ? 'dispute' : 'dispute_reversal',
    source: dispute,
    status: 'available',
    type: 'adjustment',
  };
}
