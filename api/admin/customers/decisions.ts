import type { z } from 'zod';
import type { UserKey } from '../../../domain/customer-key.ts';
import { customerBillingWorkflowId } from '../../../domain/customer-workflow.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { HttpError } from '../../errors.ts';
import { type CustomerDecision, decideOnCustomer } from '../../temporal/decisions.ts';
import { waitForWorker } from '../../temporal/worker-calls.ts';
import { findUserOrRefuse } from '../../users/find-user.ts';
import { workflowRef } from '../workflow.ts';
import { publicState } from './customer.ts';
import type { decidedCustomerSchema } from './schema.ts';

/**
 * Sends an operator's decision to the customer's workflow, and waits for what comes of it.
 *
 * @param decision with the id under which it is carried out once, however often it is sent.
 * @throws HttpError `user_not_found`, `user_erased`, `no_stripe_customer`, `decision_refused` with the workflow's own sentence,
 *   `workflow_ended`, or as {@link waitForWorker} does.
 */
export async function decideOnUser(
  { db, temporal, temporalUiUrl = null }: ApiDependencies,
  { mode, userId }: UserKey,
  decision: CustomerDecision & { readonly updateId: string },
): Promise<z.output<typeof decidedCustomerSchema>> {
  const { stripe_customer_id: stripeCustomerId } = await findUserOrRefuse(db, mode, userId);
  if (stripeCustomerId === null) throw noStripeCustomer(userId);
  const customer = { mode, stripeCustomerId };
  const state = await waitForWorker(temporal, () => decideOnCustomer(temporal, customer, decision));
  const workflowId = customerBillingWorkflowId(mode, stripeCustomerId);
  return { state: publicState(state), workflow: workflowRef({ temporal, temporalUiUrl }, workflowId) };
}

/** A 409: nothing is billed to a user before their first Checkout, so there is no workflow to decide about. */
export function noStripeCustomer(userId: string): HttpError {
  const message = `The user ${userId} has no Stripe customer yet: they never began a Checkout`;
  return new HttpError('no_stripe_customer', message, { param: 'userId' });
}
