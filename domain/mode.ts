/**
 * Stripe's two worlds. A mode is part of every key, table constraint, workflow id and client, so that nothing of one
 * world can reach the other.
 */
export const MODES = ['live', 'test'] as const;

/** One of Stripe's two worlds. */
export type Mode = (typeof MODES)[number];

/** The mode that a secret key of Stripe's opens (`sk_live_…`, `rk_test_…`); `null` for what is no secret key. */
export function modeOfSecretKey(secretKey: string): Mode | null {
  return MODES.find((mode) => new RegExp(`^[sr]k_${mode}_`).test(secretKey)) ?? null;
}
