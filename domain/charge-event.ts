/** An event of a charge that names no customer, as the api, reconciliation and its workflow speak of it. */
import type { Mode } from './mode.ts';
import type { ChargeEventEnvelope } from './stripe-event.ts';
import { BILLING_TASK_QUEUE } from './task-queues.ts';

export const CHARGE_EVENT_WORKFLOW = 'chargeEventWorkflow';

export const chargeEventWorkflowId = (mode: Mode, eventId: string) => `charge-event:${mode}:${eventId}`;

export interface ChargeEventInput {
  readonly mode: Mode;
  readonly event: ChargeEventEnvelope;
}

/** How the event of a charge is brought to its customer, by whom ever: once, unless that failed. */
export function chargeEventStart(input: ChargeEventInput) {
  return {
    workflowId: chargeEventWorkflowId(input.mode, input.event.eventId),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY' as const,
    taskQueue: BILLING_TASK_QUEUE,
    args: [input] satisfies [ChargeEventInput],
    staticSummary: `${input.event.type} of ${input.event.chargeId} (${input.mode})`,
  };
}
