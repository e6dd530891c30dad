import {
  CUSTOMER_BILLING_WORKFLOW,
  type CustomerBillingInput,
  customerBillingStart,
  STRIPE_EVENT_SIGNAL,
  type StripeEventEnvelope,
} from '../domain/workflow-contracts.ts';
import type { ActivityDependencies } from './dependencies.ts';

export function createStripeEventActivities({ temporal }: Pick<ActivityDependencies, 'temporal'>) {
  return {
    /** Hands an event to its customer's workflow, as the receiver does with events that name their customer. */
    async forwardStripeEvent(
      input: CustomerBillingInput & { readonly event: StripeEventEnvelope },
    ): Promise<void> {
      const { mode, stripeCustomerId, event } = input;
      await temporal.workflow.signalWithStart(CUSTOMER_BILLING_WORKFLOW, {
        ...customerBillingStart({ mode, stripeCustomerId }),
        signal: STRIPE_EVENT_SIGNAL,
        signalArgs: [event],
      });
    },
  };
}
