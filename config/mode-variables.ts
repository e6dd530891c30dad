/** What each mode has a variable of its own for, by the variable's name: to read it, and to say which one is to be set. */
import type { Mode } from '../domain/mode.ts';
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
