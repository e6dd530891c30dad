/** An event of a charge that names no customer, as the api, reconciliation and its workflow speak of it. */
import type { Mode } from './mode.ts';
import type { ChargeEventEnvelope } from './stripe-event.ts';
import { BILLING_TASK_QUEUE } from './task-queues.ts';

/**
 * Type of the workflow that asks Stripe whose charge an event is about, and hands the event on to that customer's
 * workflow.
 */
export const CHARGE_EVENT_WORKFLOW = 'chargeEventWorkflow';

/** One for each event, whoever brings it: it is handed on once ({@link chargeEventStart}). */
export const chargeEventWorkflowId = (mode: Mode, eventId: string) => `charge-event:${mode}:${eventId}`;

/** An event whose object names a charge and no customer, and the mode of the endpoint or list that it came from. */
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
