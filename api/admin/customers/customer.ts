import type { z } from 'zod';
import { listAppliedEvents } from '../../../db/applied-events.ts';
import { listBillSummaries, owedCents } from '../../../db/bills.ts';
import { listCreditLots } from '../../../db/credits.ts';
import { listDisputes } from '../../../db/disputes.ts';
import { listOperatorDecisions } from '../../../db/operator-decisions.ts';
import type { User } from '../../../db/users.ts';
import { remainingCents } from '../../../domain/credits.ts';
import type { UserKey } from '../../../domain/customer-key.ts';
import { type CustomerBillingState, customerBillingWorkflowId } from '../../../domain/customer-workflow.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { askCustomer } from '../../temporal/queries.ts';
import { findUserOrRefuse } from '../../users/find-user.ts';
import { workflowRef } from '../workflow.ts';
import type { Customer, customerStateSchema } from './schema.ts';

/** How much of a customer's past is shown. */
const LISTED = 100;

/**
 * All that an operator wants to know of a customer: from the database, and from their workflow as far as it answers.
 *
 * @throws HttpError `user_not_found`, `user_erased`
 */
export async function describeCustomer(dependencies: ApiDependencies, key: UserKey): Promise<Customer> {
  const { db, now = () => new Date() } = dependencies;
  const { mode, userId } = key;
  const user = await findUserOrRefuse(db, mode, userId);
  const [lots, owed, bills, decisions, disputes, ofStripe] = await Promise.all([
    listCreditLots(db, key, now()),
    owedCents(db, mode, userId),
    listBillSummaries(db, mode, userId),
    listOperatorDecisions(db, key, LISTED),
    listDisputes(db, mode, userId),
    describeStripeCustomer(dependencies, user),
  ]);
  return {
    userId,
    email: user.email,
    name: user.name,
    stripeCustomerId: user.stripe_customer_id,
    stripeSubscriptionId: user.stripe_subscription_id,
    defaultPaymentMethodId: user.default_payment_method_id,
    status: user.status,
    waitingFor: user.waiting_for,
    reason: user.status_reason,
    since: user.status_since.toISOString(),
    stripeObjectId: user.status_object_id,
    clusterId: user.cluster_id,
    graceEndsAt: isoOrNull(user.grace_ends_at),
    suspendedBy: user.suspended_by,
    suspendedReason: user.suspended_reason,
    registeredAt: user.created_at.toISOString(),
    owedCents: owed,
    creditsCents: remainingCents(lots),
    creditLots: lots.map((each) => ({
      remainingCents: each.remainingCents,
      expiresAt: isoOrNull(each.expiresAt),
      cause: each.lot,
    })),
    bills: bills.map(({ billId, frozenAt, ...bill }) => ({
      id: billId,
      ...bill,
      frozenAt: frozenAt.toISOString(),
    })),
    decisions: decisions.map(({ type, by, details, decidedAt }) => ({
      type,
      by,
      until: ofMs(details.untilMs ?? null),
      reason: details.reason ?? null,
      decidedAt: decidedAt.toISOString(),
    })),
    disputes: disputes.map(({ id, status, amountCents, dueByMs }) => ({
      id,
      status,
      amountCents,
      dueBy: ofMs(dueByMs),
    })),
    ...ofStripe,
  };
}

/** What there is only of a user whom Stripe knows. */
async function describeStripeCustomer(
  dependencies: ApiDependencies,
  { mode, stripe_customer_id: stripeCustomerId }: User,
): Promise<Pick<Customer, 'events' | 'state' | 'stateProblem' | 'workflow'>> {
  if (stripeCustomerId === null) {
    const stateProblem = 'They never began a Checkout, so there is no workflow of theirs.';
    return { events: [], state: null, stateProblem, workflow: null };
  }
  const customer = { mode, stripeCustomerId };
  const [events, { state, problem }] = await Promise.all([
    listAppliedEvents(dependencies.db, customer, LISTED),
    askCustomer(dependencies.temporal, customer),
  ]);
  return {
    events: events.map(({ eventId, appliedAt, ...event }) => ({
      id: eventId,
      ...event,
      appliedAt: appliedAt.toISOString(),
    })),
    state: state === null ? null : publicState(state),
    stateProblem: problem,
    workflow: workflowRef(dependencies, customerBillingWorkflowId(mode, stripeCustomerId)),
  };
}

/** The state as the api gives it: times in ISO 8601. */
export function publicState(state: CustomerBillingState): z.output<typeof customerStateSchema> {
  const { sinceMs, graceEndsAtMs, nextLookAtMs, attention, lastEvent, ...same } = state;
  return {
    ...same,
    since: ofMs(sinceMs),
    graceEndsAt: ofMs(graceEndsAtMs),
    nextLookAt: ofMs(nextLookAtMs),
    attention: [...attention],
    lastEvent:
      lastEvent === null
        ? null
        : { id: lastEvent.eventId, type: lastEvent.type, objectId: lastEvent.objectId },
  };
}

function isoOrNull(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}

function ofMs(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
