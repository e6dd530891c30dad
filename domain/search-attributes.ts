/** Typed search attributes that answer "which customers are past due?" in the Temporal Web UI. */
export const SEARCH_ATTRIBUTES = {
  BillingMode: 'Keyword',
  BillingStatus: 'Keyword',
  BillingWaitingFor: 'Keyword',
  BillingAttention: 'Bool',
  StripeCustomerId: 'Keyword',
  BillingPeriod: 'Keyword',
} as const;
