import { defineSearchAttributeKey } from '@temporalio/common';

/** Registered with the namespace at worker start; see SEARCH_ATTRIBUTES in domain/search-attributes.ts. */
export const billingMode = defineSearchAttributeKey('BillingMode', 'KEYWORD');
export const billingStatus = defineSearchAttributeKey('BillingStatus', 'KEYWORD');
export const billingWaitingFor = defineSearchAttributeKey('BillingWaitingFor', 'KEYWORD');
export const billingAttention = defineSearchAttributeKey('BillingAttention', 'BOOL');
export const stripeCustomerId = defineSearchAttributeKey('StripeCustomerId', 'KEYWORD');
export const billingPeriod = defineSearchAttributeKey('BillingPeriod', 'KEYWORD');
