import { setTimeout as sleep } from 'node:timers/promises';
import { deliveries } from './deliveries.ts';
import type { Reconciling } from './reconciling.ts';
import type { RunningBilling } from './world/running-billing.ts';
import type { Settling } from './world/settling.ts';
import { letStripeTimePass } from './world/stripe-clock.ts';

const PAUSE_MS = 1_000;
/** Attempts that are due sooner come by themselves. */
const SOON_MS = 3_000;

/** What still moves; all zero when nothing does. */
export interface Unsettled {
  readonly bills: number;
  readonly events: number;
  readonly places: number;
  /** Webhooks that Stripe still sends. */
  readonly deliveries: number;
  /** Workflows that are to end by themselves. */
  readonly workflows: number;
}

/**
 * Waits until nothing moves any more: Stripe's clock is moved on to where it sends webhooks again, and those it gave up on are
 * found by reconciliation.
 *
 * @returns what still moved when the time was over, or `null`.
 */
export async function settle(
  service: RunningBilling,
  settling: Settling,
  reconciling: Reconciling,
  patienceMs: number,
  show: (unsettled: Unsettled) => void,
): Promise<Unsettled | null> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(PAUSE_MS)) {
    const unsettled = await whatMoves(service, settling);
    show(unsettled);
    if (Object.values(unsettled).every((count) => count === 0)) return null;
    if (Date.now() > deadline) return unsettled;
    await bringWebhooks(service, reconciling);
  }
}

async function whatMoves(service: RunningBilling, settling: Settling): Promise<Unsettled> {
  const pending = (await deliveries(service)).filter(({ status }) => status === 'pending');
  return {
    deliveries: pending.length,
    workflows: await countWorkflowsThatEnd(service),
    ...(await settling.whatIsLeft()),
  };
}

async function countWorkflowsThatEnd({ temporal }: RunningBilling): Promise<number> {
  const query = `ExecutionStatus = 'Running' AND WorkflowType != 'customerBillingWorkflow'`;
  const { count } = await temporal.workflow.count(query);
  return count;
}

/** Moves Stripe's clock to where it sends the next webhook again; when none is left, reconciliation finds those it gave up on. */
export async function bringWebhooks(service: RunningBilling, reconciling: Reconciling): Promise<void> {
  const pending = (await deliveries(service)).filter(({ status }) => status === 'pending');
  const next = Math.min(...pending.map(({ nextAttemptAtMs }) => nextAttemptAtMs ?? Infinity));
  const inMs = next - (await service.simulator.nowMs());
  if (pending.length === 0) await reconciling.findLost();
  else if (inMs > SOON_MS && Number.isFinite(inMs)) await letStripeTimePass(service, inMs);
}
