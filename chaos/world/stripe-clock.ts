/** The simulator's clock, by which Stripe dates what it makes and sends webhooks again. */
import { simulate } from './customers.ts';
import type { RunningBilling } from './running-billing.ts';

/** @returns Unix milliseconds. */
export async function stripeNowMs({ simulatorUrl }: RunningBilling): Promise<number> {
  const response = await fetch(`${simulatorUrl}/_sim/clock`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- stripe-simulator/README.md
  const { now } = (await response.json()) as { readonly now: string };
  return Date.parse(now);
}

export async function setStripeClock(service: RunningBilling, nowMs: number): Promise<void> {
  await simulate(service, 'clock', { now: new Date(nowMs).toISOString() });
}

/** Moves Stripe's clock on; unless told how far, so that what comes next is newer by more than the second Stripe dates things to. */
export async function letStripeTimePass(service: RunningBilling, ms = 2_000): Promise<void> {
  await setStripeClock(service, (await stripeNowMs(service)) + ms);
}
