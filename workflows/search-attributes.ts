/** Registered with the namespace at worker start; see SEARCH_ATTRIBUTES in domain/search-attributes.ts. */
import { defineSearchAttributeKey } from '@temporalio/common';

/** `live` or `test`; of a customer, a close, a test purchase and a reconciliation. */
export const billingModeKey = defineSearchAttributeKey('BillingMode', 'KEYWORD');
/** Where a customer stands (`none`, `active`, `past_due`, `suspended`); unset until the first look. */
export const billingStatusKey = defineSearchAttributeKey('BillingStatus', 'KEYWORD');
/**
 * What a customer's billing stands still for; of a close `operator`, while it waits for approval or for held bills.
 * Unset: nothing.
 */
export const billingWaitingForKey = defineSearchAttributeKey('BillingWaitingFor', 'KEYWORD');
/** Whether a person should see to the customer: a step is parked, or there is a sentence of attention. */
export const billingAttentionKey = defineSearchAttributeKey('BillingAttention', 'BOOL');
/** `cus_…`; of a customer, and of a test purchase once its buyer is one. */
export const stripeCustomerIdKey = defineSearchAttributeKey('StripeCustomerId', 'KEYWORD');
/** The month that is closed, `YYYY-MM`. */
export const billingPeriodKey = defineSearchAttributeKey('BillingPeriod', 'KEYWORD');
