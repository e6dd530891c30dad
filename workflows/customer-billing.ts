import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  patched,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { decide } from '../domain/customer-billing.ts';
import { type CommandResult, type CustomerCommand, factsAfter } from '../domain/customer-commands.ts';
import type { CustomerFacts } from '../domain/customer-facts.ts';
import type { CustomerKey, KnownCustomer } from '../domain/customer-key.ts';
import { customerBillingWorkflowId } from '../domain/customer-workflow.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import { billingActivities } from './activities.ts';
import { currentDetails, lookSummary } from './customer-billing-details.ts';
import { handleCalls, lookAgainSignal } from './customer-billing-handlers.ts';
import { type CarriedState, CustomerBilling } from './customer-billing-state.ts';
import { parkedStepOf } from './parked-step.ts';
import {
  billingAttentionKey,
  billingModeKey,
  billingStatusKey,
  billingWaitingForKey,
  stripeCustomerIdKey,
} from './search-attributes.ts';
import { summary } from './summary.ts';
import { inTraceOfEvents } from './trace-context.ts';

/**
 * The billing of one Stripe customer, for as long as there is one. Handlers only queue; the one loop takes a step at a
 * time, so checkout, subscription creation, suspension and reactivation of a customer can never race.
 * A request to cancel it is not heeded: events that wait would be lost.
 *
 * @returns `ignored` when the customer is not one of ours: nothing is kept waiting for a stranger.
 */
export async function customerBillingWorkflow(
  input: CustomerKey,
  carried?: CarriedState,
): Promise<'ignored'> {
  return await CancellationScope.nonCancellable(() => liveAsCustomer(input, carried));
}

async function liveAsCustomer(input: CustomerKey, carried?: CarriedState): Promise<'ignored'> {
  const billing = new CustomerBilling(input, carried);
  handleCalls(billing, takeStep);
  upsertSearchAttributes([
    { key: billingModeKey, value: input.mode },
    { key: stripeCustomerIdKey, value: input.stripeCustomerId },
  ]);
  const show = stateShower(billing);
  void billing.host.send(input);

  for (;;) {
    if (billing.profileChanged) await updateProfile(billing);
    for (const task of billing.takeTasks()) await task();
    if (billing.events.hasEvents || billing.lookIsDue) {
      const isOurs = await takeStep(billing);
      if (!isOurs && !billing.hasWork() && allHandlersFinished()) return 'ignored';
    }
    show();

    if (workflowInfo().continueAsNewSuggested && billing.events.fitsIntoNextRun) {
      await condition(() => allHandlersFinished() || billing.hasWorkOfThisRun());
      if (!billing.hasWorkOfThisRun()) {
        await continueAsNew<typeof customerBillingWorkflow>(input, billing.carry());
      }
    }
    await workOrDeadline(billing);
  }
}

/** Shows operators where the customer stands, in the workflow's details and in what it can be found by. */
function stateShower(billing: CustomerBilling): () => void {
  let shown = '';
  return () => {
    const state = billing.describe();
    setCurrentDetails(currentDetails(state));
    const needsAttention = state.attention.length > 0 || state.parked !== null;
    const toShow = [state.status, state.waitingFor, needsAttention].join();
    if (toShow === shown || state.status === 'unknown') return;
    upsertSearchAttributes([
      { key: billingStatusKey, value: state.status },
      { key: billingWaitingForKey, value: state.waitingFor },
      { key: billingAttentionKey, value: needsAttention },
    ]);
    shown = toShow;
  };
}

/** Waits for work, or until it is time to look again without any. */
async function workOrDeadline(billing: CustomerBilling): Promise<void> {
  const wakeInMs = billing.wakeInMs(Date.now());
  const hasWork = () => billing.hasWork();
  if (wakeInMs === null) await condition(hasWork);
  else if (!(await condition(hasWork, wakeInMs))) billing.lookIsDue = true;
}

/**
 * Looks at the customer once for all events that wait, does what is to be done, and saves where that leaves them.
 *
 * @returns whether the customer is one of ours.
 */
function takeStep(billing: CustomerBilling): Promise<boolean> {
  const events = billing.events.take(() => patched('limited-step'));
  billing.lookIsDue = false;
  return inTraceOfEvents(events, () => takeStepFor(events, billing));
}

async function takeStepFor(
  events: readonly StripeEventEnvelope[],
  billing: CustomerBilling,
): Promise<boolean> {
  const { input } = billing;
  try {
    const seen = await billingActivities.lookAtCustomer.executeWithOptions({ summary: lookSummary(events) }, [
      { ...input, events, nowMs: Date.now() },
    ]);
    if (seen === null) {
      billing.events.stepEnded('ignored');
      return false;
    }
    const user = { ...input, userId: seen.userId };
    const { facts, standing } = await settle(user, seen.facts);
    const { clusterId, defaultPaymentMethodId } = facts;
    const nowMs = Date.now();
    const paymentMethodIds = facts.paymentMethods.map(({ id }) => id);
    const outcome = { standing, clusterId, defaultPaymentMethodId, paymentMethodIds, events, nowMs };
    const options = { summary: summary(`${standing.status}: ${standing.reason}`) };
    const sinceMs = await billingActivities.saveStanding.executeWithOptions(options, [
      { ...user, ...outcome },
    ]);
    const { userId, tellsHost } = seen;
    billing.stepApplied(events, { userId, standing, sinceMs, clusterId, tellsHost }, nowMs);
  } catch (error) {
    billing.stepParked(parkedStepOf(error));
  }
  return true;
}

/** Does one thing after another until nothing is left to do. */
async function settle(user: KnownCustomer, seen: CustomerFacts) {
  const done = new Set<CustomerCommand['type']>();
  for (let facts = seen; ; ) {
    const { command, standing } = decide(facts, done, Date.now());
    if (command === undefined) return { facts, standing };
    facts = factsAfter(facts, command, await perform(command, user));
    done.add(command.type);
  }
}

async function perform(command: CustomerCommand, user: KnownCustomer): Promise<CommandResult> {
  switch (command.type) {
    case 'setDefaultPaymentMethod':
      await billingActivities.setDefaultPaymentMethod({ ...user, ...command });
      return {};
    case 'createSubscription':
      return { subscription: await billingActivities.createSubscription({ ...user, ...command }) };
    case 'cancelSubscription':
      return { subscription: await billingActivities.cancelSubscription({ ...user, ...command }) };
    case 'saveSubscription':
      await billingActivities.saveSubscription({ ...user, ...command });
      return {};
    case 'collectInvoices':
      return {
        unpaidBills: await billingActivities.collectInvoices({ ...user, ...command, nowMs: Date.now() }),
      };
    case 'assignCluster': {
      const { clusterId, toBeTold } = await billingActivities.assignCluster({ ...user, nowMs: Date.now() });
      await tellOfPlaces(user, toBeTold);
      return { clusterId };
    }
    case 'releaseCluster':
      await tellOfPlaces(user, await billingActivities.releaseCluster(user));
      return {};
  }
}

/** Tells other customers' workflows that they have been given a place on a cluster. */
async function tellOfPlaces({ mode }: KnownCustomer, stripeCustomerIds: readonly string[]): Promise<void> {
  const signals = stripeCustomerIds.map((customerId) =>
    getExternalWorkflowHandle(customerBillingWorkflowId(mode, customerId)).signal(lookAgainSignal),
  );
  // One whose workflow was ended by hand sees its place at its next event.
  await Promise.allSettled(signals);
}

async function updateProfile(billing: CustomerBilling): Promise<void> {
  billing.profileChanged = false;
  try {
    await billingActivities.updateCustomerProfile(billing.input);
    billing.parkedProfile = null;
  } catch (error) {
    const parked = parkedStepOf(error);
    // Before, the next step made it be forgotten.
    if (patched('parked-profile')) billing.parkedProfile = parked;
    else billing.parked = parked;
  }
}
