import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  setCurrentDetails,
  setHandler,
  Trigger,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type CommandResult,
  type CustomerCommand,
  type CustomerFacts,
  factsAfter,
  nextCommand,
  standingOf,
} from '../domain/customer-billing.ts';
import {
  BILLING_STATE_QUERY,
  type CustomerBillingInput,
  type CustomerBillingState,
  type ParkedStep,
  START_CHECKOUT_UPDATE,
  STRIPE_EVENT_SIGNAL,
  type StartCheckoutRequest,
  type StartedCheckout,
  type StripeEventEnvelope,
  USER_CHANGED_SIGNAL,
} from '../domain/workflow-contracts.ts';
import { billingActivities } from './activities.ts';
import { type CarriedState, CustomerBilling } from './customer-billing-state.ts';
import { billingMode, billingStatus, stripeCustomerId } from './search-attributes.ts';

export const stripeEventSignal = defineSignal<[StripeEventEnvelope]>(STRIPE_EVENT_SIGNAL);
export const userChangedSignal = defineSignal(USER_CHANGED_SIGNAL);
export const startCheckoutUpdate = defineUpdate<StartedCheckout, [StartCheckoutRequest]>(
  START_CHECKOUT_UPDATE,
);
export const billingStateQuery = defineQuery<CustomerBillingState>(BILLING_STATE_QUERY);

/**
 * The billing of one Stripe customer, for as long as there is one. Handlers only queue; the one loop takes a step at a
 * time, so checkout, subscription creation, suspension and reactivation of a customer can never race.
 *
 * @returns `ignored` when the customer is not one of ours: nothing is kept waiting for a stranger.
 */
export async function customerBillingWorkflow(
  input: CustomerBillingInput,
  carried?: CarriedState,
): Promise<'ignored'> {
  const billing = new CustomerBilling(input, carried);
  setHandlers(billing);
  upsertSearchAttributes([
    { key: billingMode, value: input.mode },
    { key: stripeCustomerId, value: input.stripeCustomerId },
  ]);

  // A new customer is looked at even without an event: their state shows at once, and a stranger's workflow ends.
  let timeToLook = carried === undefined;
  for (;;) {
    if (billing.profileChanged) await updateProfile(billing);
    for (const checkout of billing.checkouts.splice(0)) {
      await billingActivities
        .createCheckoutSession({ ...input, request: checkout.request })
        .then(checkout.resolve, checkout.reject);
    }
    if (billing.hasEvents() || timeToLook) {
      const isOurs = await takeStep(billing);
      if (!isOurs && !billing.hasWork() && allHandlersFinished()) return 'ignored';
    }
    setCurrentDetails(billing.currentDetails());

    if (workflowInfo().continueAsNewSuggested) {
      await condition(() => allHandlersFinished() || billing.hasWorkOfThisRun());
      if (!billing.hasWorkOfThisRun()) {
        await continueAsNew<typeof customerBillingWorkflow>(input, billing.carry());
      }
    }
    timeToLook = !(await hasWorkWithin(billing, billing.wakeInMs(Date.now())));
  }
}

function setHandlers(billing: CustomerBilling): void {
  setHandler(
    stripeEventSignal,
    (event) => {
      billing.receive(event);
      setCurrentDetails(billing.currentDetails());
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
    startCheckoutUpdate,
    async (request) => {
      const checkout = new Trigger<StartedCheckout>();
      billing.checkouts.push({ request, resolve: checkout.resolve, reject: checkout.reject });
      return await checkout;
    },
    { description: "Makes a Checkout session on Stripe's hosted page, where the user adds a card." },
  );
  setHandler(billingStateQuery, () => billing.describe(), {
    description: 'Where the customer stands, why, and what billing waits for.',
  });
}

/** Whether there is work before `timeoutMs` is over; `null` waits for it as long as it takes. */
async function hasWorkWithin(billing: CustomerBilling, timeoutMs: number | null): Promise<boolean> {
  if (timeoutMs !== null) return await condition(() => billing.hasWork(), timeoutMs);
  await condition(() => billing.hasWork());
  return true;
}

/**
 * Looks at the customer once for all events that wait, does what is to be done, and saves where that leaves them.
 *
 * @returns whether the customer is one of ours.
 */
async function takeStep(billing: CustomerBilling): Promise<boolean> {
  const { input } = billing;
  const events = billing.takeEvents();
  try {
    const seen = await billingActivities.lookAtCustomer({ ...input, events, nowMs: Date.now() });
    if (seen === null) return false;
    const user = { ...input, userId: seen.userId };
    let { facts } = seen;
    const done = new Set<CustomerCommand['type']>();
    for (;;) {
      const command = nextCommand(facts, done);
      if (command === null) break;
      facts = factsAfter(facts, command, await perform(command, user));
      done.add(command.type);
    }
    await saveStanding(billing, user, facts, events);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    billing.park(events, parkedStepOf(error));
  } finally {
    billing.stepEnded();
  }
  return true;
}

type User = CustomerBillingInput & { readonly userId: string };

async function perform(command: CustomerCommand, user: User): Promise<CommandResult> {
  switch (command.type) {
    case 'setDefaultPaymentMethod':
      await billingActivities.setDefaultPaymentMethod({ ...user, ...command });
      return {};
    case 'createSubscription':
      return { subscription: await billingActivities.createSubscription({ ...user, ...command }) };
    case 'saveSubscription':
      await billingActivities.saveSubscription({ ...user, ...command });
      return {};
    case 'collectInvoices':
      return {
        unpaidBills: await billingActivities.collectInvoices({ ...user, ...command, nowMs: Date.now() }),
      };
    case 'assignCluster':
      return { clusterId: await billingActivities.assignCluster(user) };
    case 'releaseCluster':
      await billingActivities.releaseCluster(user);
      return {};
  }
}

async function saveStanding(
  billing: CustomerBilling,
  user: User,
  facts: CustomerFacts,
  events: readonly StripeEventEnvelope[],
): Promise<void> {
  const standing = standingOf(facts, Date.now());
  const { defaultPaymentMethodId } = facts;
  await billingActivities.saveStanding({ ...user, standing, defaultPaymentMethodId, events });
  if (billing.standing?.status !== standing.status) {
    upsertSearchAttributes([{ key: billingStatus, value: standing.status }]);
  }
  billing.applied(events, standing);
}

async function updateProfile(billing: CustomerBilling): Promise<void> {
  billing.profileChanged = false;
  try {
    await billingActivities.updateCustomerProfile(billing.input);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    billing.parked = parkedStepOf(error);
  }
}

function parkedStepOf(failure: ActivityFailure): ParkedStep {
  const cause = failure.cause instanceof ApplicationFailure ? failure.cause : undefined;
  const details: unknown = cause?.details?.[0];
  const requestId =
    typeof details === 'object' && details !== null && 'stripeRequestId' in details
      ? details.stripeRequestId
      : null;
  return {
    step: failure.activityType,
    message: cause?.message ?? failure.message,
    stripeRequestId: typeof requestId === 'string' ? requestId : null,
  };
}
