/** What each mode has a variable of its own for, by the variable's name: to read it, and to say which one is to be set. */
import type { Mode } from '../domain/mode.ts';
import type { Product } from '../domain/price-list.ts';
import type { Environment } from './environment.ts';

type VariablesOfModes = Record<Mode, Record<string, keyof Environment>>;

/** Stripe's secret key, and the secret of the webhook endpoint, which come together. */
export const STRIPE_VARIABLES = {
  live: { key: 'STRIPE_SECRET_KEY', webhookSecret: 'STRIPE_WEBHOOK_SECRET' },
  test: { key: 'STRIPE_TEST_SECRET_KEY', webhookSecret: 'STRIPE_TEST_WEBHOOK_SECRET' },
} as const satisfies VariablesOfModes;

/** Where the host product takes messages, and what signs them. */
export const HOST_HOOK_VARIABLES = {
  live: { url: 'HOST_WEBHOOK_URL', secret: 'HOST_WEBHOOK_SECRET' },
  test: { url: 'HOST_TEST_WEBHOOK_URL', secret: 'HOST_TEST_WEBHOOK_SECRET' },
} as const satisfies VariablesOfModes;

/** Who signs links to the account page: a secret that the host product shares, or keys that it publishes. */
export const ACCOUNT_LINK_VARIABLES = {
  live: { secrets: 'ACCOUNT_LINK_SECRETS', jwksUrl: 'ACCOUNT_LINK_JWKS_URL' },
  test: { secrets: 'ACCOUNT_TEST_LINK_SECRETS', jwksUrl: 'ACCOUNT_TEST_LINK_JWKS_URL' },
} as const satisfies VariablesOfModes;

/** Where each product's price is named, when it was made in the Dashboard; of live mode only. */
export const PRICE_ID_VARIABLES = {
  cpu_hour: 'STRIPE_PRICE_ID_CPU_HOUR',
  gpu_hour: 'STRIPE_PRICE_ID_GPU_HOUR',
  storage_gb_month: 'STRIPE_PRICE_ID_STORAGE_GB_MONTH',
  api_calls: 'STRIPE_PRICE_ID_API_CALLS',
  credits: 'STRIPE_PRICE_ID_CREDIT',
} as const satisfies Record<Product, keyof Environment>;
