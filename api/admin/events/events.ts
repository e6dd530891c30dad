import type { z } from 'zod';
import {
  findReceipts,
  type ListedReceipt,
  listReceipts,
  RECEIPTS_KEPT_DAYS,
} from '../../../db/webhook-receipts.ts';
import { chargeEventWorkflowId } from '../../../domain/charge-event.ts';
import {
  customerBillingWorkflowId,
  LOOK_AGAIN_SIGNAL,
  STRIPE_EVENT_SIGNAL,
} from '../../../domain/customer-workflow.ts';
import type { Mode } from '../../../domain/mode.ts';
import { isHandledEventType, isTestPurchaseEventType } from '../../../domain/stripe-event.ts';
import { signalLookAgain, signalStripeEvent, startChargeEvent } from '../../../temporal/signals.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { HttpError } from '../../errors.ts';
import { stored } from '../../temporal/calls.ts';
import { pageOf } from '../pages-of-lists.ts';
import { type WorkflowRef, workflowRef } from '../workflow.ts';
import type { eventsQuerySchema, eventsSchema, replayedSchema } from './schema.ts';

/** A page of what came in at a mode's endpoint, newest first, and where the next one begins. */
export async function eventsPage(
  dependencies: ApiDependencies,
  mode: Mode,
  { outcome, type, after, limit }: z.output<typeof eventsQuerySchema>,
): Promise<z.output<typeof eventsSchema>> {
  const filter = { outcome, type, after: cursorOf(after), limit: limit + 1 };
  const receipts = await listReceipts(dependencies.db, mode, filter);
  const { rows, next } = pageOf(
    receipts,
    limit,
    ({ receivedAt, receiptId }) => `${receivedAt.getTime()}_${receiptId}`,
  );
  return { events: rows.map((receipt) => publicReceipt(dependencies, receipt)), next };
}

/**
 * Hands an event on again as it came, without asking Stripe for it. One that had its effect would be taken for a repetition, so
 * its customer is looked at anew instead, which is all that an event does.
 *
 * @throws HttpError `event_not_found`, `not_replayable`, `temporal_unavailable`
 */
export async function replayEvent(
  dependencies: ApiDependencies,
  mode: Mode,
  eventId: string,
): Promise<z.output<typeof replayedSchema>> {
  const receipts = await findReceipts(dependencies.db, mode, eventId);
  const withEnvelope = receipts.filter(({ envelope }) => envelope !== null);
  const receipt = withEnvelope.find(({ outcome }) => outcome !== 'refused') ?? withEnvelope[0];
  if (receipt?.envelope == null) throw eventNotFound(mode, eventId);
  const { envelope, stripeCustomerId, appliedAt } = receipt;
  const workflow = workflowOf(dependencies, receipt);
  if (workflow === null) throw notReplayable(receipt);

  const { temporal } = dependencies;
  const { chargeId } = envelope;
  if (stripeCustomerId === null) {
    if (chargeId !== undefined) {
      await stored(temporal, () => startChargeEvent(temporal, { mode, event: { ...envelope, chargeId } }));
    }
    return { signal: STRIPE_EVENT_SIGNAL, workflow };
  }
  if (appliedAt !== null) {
    await stored(temporal, () => signalLookAgain(temporal, { mode, stripeCustomerId }));
    return { signal: LOOK_AGAIN_SIGNAL, workflow };
  }
  await stored(temporal, () => signalStripeEvent(temporal, { mode, stripeCustomerId }, envelope));
  return { signal: STRIPE_EVENT_SIGNAL, workflow };
}

/** The workflow that an event is for; `null`: none, and none for what was refused, such as an event of the other mode. */
export function workflowOf(
  dependencies: ApiDependencies,
  { mode, type, outcome, stripeCustomerId, envelope }: ListedReceipt,
): WorkflowRef | null {
  if (outcome === 'refused' || type === null || !isHandledEventType(type)) return null;
  if (stripeCustomerId !== null)
    return workflowRef(dependencies, customerBillingWorkflowId(mode, stripeCustomerId));
  if (envelope?.chargeId === undefined) return null;
  return workflowRef(dependencies, chargeEventWorkflowId(mode, envelope.eventId));
}

/** A 404. What came in is kept for {@link RECEIPTS_KEPT_DAYS} days; Stripe may still have the event after that. */
export function eventNotFound(mode: Mode, eventId: string): HttpError {
  const message = `No event "${eventId}" came in here in the last ${RECEIPTS_KEPT_DAYS} days (${mode} mode)`;
  return new HttpError('event_not_found', message, { param: 'eventId' });
}

function notReplayable(receipt: ListedReceipt): HttpError {
  const { eventId } = receipt;
  const why = whyNotReplayable(receipt);
  return new HttpError('not_replayable', `${eventId} ${why}`, { param: 'eventId' });
}

function whyNotReplayable({ type, outcome, reason }: ListedReceipt): string {
  if (outcome === 'refused') return `was refused (${reason})`;
  if (type !== null && isHandledEventType(type)) return 'names no customer';
  if (type !== null && isTestPurchaseEventType(type))
    return 'is of a test purchase, which asks Stripe itself';
  return `is of a type that takes no effect here (${type})`;
}

function publicReceipt(dependencies: ApiDependencies, receipt: ListedReceipt) {
  const { receiptId, eventId, type, outcome, reason, stripeCustomerId, userId } = receipt;
  return {
    receiptId,
    eventId,
    type,
    outcome,
    reason,
    objectId: receipt.envelope?.objectId ?? null,
    stripeCustomerId,
    userId,
    receivedAt: receipt.receivedAt.toISOString(),
    verifiedAt: receipt.verifiedAt?.toISOString() ?? null,
    signalledAt: receipt.signalledAt?.toISOString() ?? null,
    appliedAt: receipt.appliedAt?.toISOString() ?? null,
    workflow: workflowOf(dependencies, receipt),
  };
}

function cursorOf(after: string | undefined) {
  const [ms, receiptId] = after?.split('_') ?? [];
  return ms === undefined || receiptId === undefined
    ? undefined
    : { receivedAt: new Date(Number(ms)), receiptId };
}
