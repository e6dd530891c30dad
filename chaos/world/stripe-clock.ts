import type { RunningBilling } from './running-billing.ts';

/** Moves Stripe's clock on; unless told how far, so that what comes next is newer by more than the second Stripe dates things to. */
export async function letStripeTimePass({ simulator }: RunningBilling, ms = 2_000): Promise<void> {
  await simulator.setClock((await simulator.nowMs()) + ms);
}
