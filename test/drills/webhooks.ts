import type { RunningBilling } from '../../chaos/world/running-billing.ts';

/** A webhook as Stripe tells of it. */
export interface WebhookDelivery {
  readonly eventType: string;
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly attempts: readonly {
    readonly durationMs: number;
    /** What was answered; `null` for no answer, with the reason in `error`. */
    readonly status: number | null;
    readonly error: string | null;
  }[];
}

/** All deliveries that Stripe knows of, oldest first. */
export async function deliveriesOf({ simulatorUrl }: RunningBilling): Promise<WebhookDelivery[]> {
  const response = await fetch(`${simulatorUrl}/_sim/webhooks`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the simulator's own answer
  const { deliveries } = (await response.json()) as { deliveries: WebhookDelivery[] };
  return deliveries;
}
