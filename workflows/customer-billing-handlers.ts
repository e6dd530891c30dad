import {
  CancellationScope,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import {
  BILLING_STATE_QUERY,
  type CustomerBillingState,
  EXTEND_GRACE_UPDATE,
  LOOK_AGAIN_SIGNAL,
  OPEN_BILLING_PORTAL_UPDATE,
  type OpenBillingPortalRequest,
  type OpenedBillingPortal,
  REACTIVATE_UPDATE,
  START_CHECKOUT_UPDATE,
  STRIPE_EVENT_SIGNAL,
  type StartCheckoutRequest,
  type StartedCheckout,
  SUSPEND_UPDATE,
  USER_CHANGED_SIGNAL,
} from '../domain/customer-workflow.ts';
import {
  type ExtendGraceRequest,
  extensionEnd,
  type OperatorDecision,
  type ReactivateRequest,
  type SuspendRequest,
  whyNotExtendGrace,
  whyNotReactivate,
  whyNotSuspend,
} from '../domain/operator-decisions.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import { billingActivities } from './activities.ts';
import { currentDetails } from './customer-billing-details.ts';
import type { CustomerBilling } from './customer-billing-state.ts';
import { refuseUpdate } from './refuse-update.ts';

const stripeEventSignal = defineSignal<[StripeEventEnvelope]>(STRIPE_EVENT_SIGNAL);
const userChangedSignal = defineSignal(USER_CHANGED_SIGNAL);
/** One customer's workflow sends it to those who were given a place on a cluster by its own step. */
export const lookAgainSignal = defineSignal(LOOK_AGAIN_SIGNAL);
const startCheckoutUpdate = defineUpdate<StartedCheckout, [StartCheckoutRequest]>(START_CHECKOUT_UPDATE);
const openBillingPortalUpdate = defineUpdate<OpenedBillingPortal, [OpenBillingPortalRequest]>(
  OPEN_BILLING_PORTAL_UPDATE,
);
const extendGraceUpdate = defineUpdate<CustomerBillingState, [ExtendGraceRequest]>(EXTEND_GRACE_UPDATE);
const suspendUpdate = defineUpdate<CustomerBillingState, [SuspendRequest]>(SUSPEND_UPDATE);
const reactivateUpdate = defineUpdate<CustomerBillingState, [ReactivateRequest]>(REACTIVATE_UPDATE);
const billingStateQuery = defineQuery<CustomerBillingState>(BILLING_STATE_QUERY);

/** Everything that can be said to a customer's workflow, with what the Temporal Web UI tells an operator of it. */
export function handleCalls(
  billing: CustomerBilling,
  takeStep: (billing: CustomerBilling) => Promise<boolean>,
): void {
  setHandler(
    stripeEventSignal,
    (event) => {
      billing.events.receive(event);
      setCurrentDetails(currentDetails(billing.describe()));
    },
    { description: 'Stripe says that something about this customer changed; its object is fetched anew.' },
  );
  setHandler(
    userChangedSignal,
    () => {
      billing.profileChanged = true;
    },
    { description: "The host product changed the user's e-mail or name." },
  );
  setHandler(
    lookAgainSignal,
    () => {
      billing.lookAgain();
    },
    { description: 'Looks at the customer again now, and tries a parked step once more. Takes nothing.' },
  );
  setHandler(
    startCheckoutUpdate,
    async (request) =>
      await billing.inTurn(() => billingActivities.createCheckoutSession({ ...billing.input, request })),
    {
      description:
        "Makes a Checkout session on Stripe's hosted page, where the user adds a card or buys credits.",
    },
  );
  setHandler(
    openBillingPortalUpdate,
    // Changes nothing by itself, so it waits for no turn. What handlers do is canceled with the workflow, unlike what the loop does.
    async (request) =>
      await CancellationScope.nonCancellable(() =>
        billingActivities.createBillingPortalSession({ ...billing.input, request }),
      ),
    { description: "Opens Stripe's billing portal, where the user replaces or removes cards." },
  );
  setHandler(billingStateQuery, () => billing.describe(), {
    description: 'Where the customer stands, why, since when, and what billing waits for.',
  });

  /** Records the decision, and answers where it leaves the customer. */
  const carryOut = async (decision: OperatorDecision): Promise<CustomerBillingState> => {
    const decisionId = currentUpdateInfo()?.id ?? '';
    return await billing.inTurn(async () => {
      await billingActivities.saveOperatorDecision({ ...billing.input, decisionId, decision });
      await takeStep(billing);
      return billing.describe();
    });
  };

  setHandler(
    extendGraceUpdate,
    async ({ days, by }) =>
      await carryOut({ type: 'extendGrace', untilMs: extensionEnd(days, Date.now()), by }),
    {
      description: 'Gives a customer who owes more time: {"days": 7, "by": "your name"}, counted from now.',
      validator: (request: ExtendGraceRequest | undefined) =>
        refuseUpdate(whyNotExtendGrace(request, billing.standing, Date.now())),
    },
  );
  setHandler(suspendUpdate, async ({ reason, by }) => await carryOut({ type: 'suspend', reason, by }), {
    description:
      'Ends access until an operator gives it back: {"reason": "…", "by": "your name"}. Billing goes on.',
    validator: (request: SuspendRequest | undefined) =>
      refuseUpdate(whyNotSuspend(request, billing.standing)),
  });
  setHandler(reactivateUpdate, async ({ by }) => await carryOut({ type: 'reactivate', by }), {
    description: 'Lifts a suspension by an operator: {"by": "your name"}. The rules of billing then decide.',
    validator: (request: ReactivateRequest | undefined) =>
      refuseUpdate(whyNotReactivate(request, billing.standing)),
  });
}
