import { randomUUID } from 'node:crypto';
import type { ScheduleHandle, WorkflowHandle } from '@temporalio/client';
import { eraseUser } from '../../api/temporal/erasure.ts';
import {
  CARDS,
  completeCheckout,
  newCustomer,
  settled,
  simulate,
  stateIs,
  subscribedCustomer,
  subscriptionsOf,
  workflowOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { letStripeTimePass } from '../../chaos/world/stripe-clock.ts';
import { useGpu, userWithoutCustomer } from '../../chaos/world/usage.ts';
import { closeMonth, startClose } from '../../cli/close.ts';
import { reconcileNow } from '../../cli/reconcile.ts';
import { listBills } from '../../db/bills.ts';
import { saveCluster } from '../../db/clusters.ts';
import { listStripeProducts, saveStripeProductIds } from '../../db/price-list.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { chargeEventWorkflowId } from '../../domain/charge-event.ts';
import {
  customerRegistrationWorkflowId,
  REACTIVATE_UPDATE,
  SUSPEND_UPDATE,
} from '../../domain/customer-workflow.ts';
import { userErasureStart } from '../../domain/erasure.ts';
import {
  APPROVE_UPDATE,
  BILLING_PROGRESS_QUERY,
  type ClosePhase,
  chargePartitionWorkflowId,
  HOLD_UPDATE,
  type MonthlyBillingReport,
  monthlyBillingWorkflowId,
  RELEASE_UPDATE,
} from '../../domain/monthly-close.ts';
import { reconciliationWorkflowId } from '../../domain/reconciliation.ts';
import { MONTHLY_BILLING_SCHEDULE, RECONCILIATION_SCHEDULE } from '../../domain/schedules.ts';
import { signalLookAgain, signalStripeEvent, signalUserChanged } from '../../temporal/signals.ts';
import { ensureSchedule } from '../../worker/namespace.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { disputedPayment } from '../support/disputed-payment.ts';
import { authenticate, buy, purchaseWorkflow, statusIs } from './purchases.ts';

type Recorded = Pick<WorkflowHandle, 'fetchHistory'>;

/** Each plays a story, and gives the workflow whose history tells it. They are played in this order, on one service. */
export const STORIES: Readonly<Record<string, (billing: BillingService) => Promise<Recorded>>> = {
  registration: async (billing) => {
    const { mode, userId } = await newCustomer(billing);
    return billing.temporal.workflow.getHandle(customerRegistrationWorkflowId(mode, userId));
  },

  'customer-becomes-active': async (billing) => workflowOf(billing, await subscribedCustomer(billing)),

  'customer-ignored': async (billing) => {
    const { id } = await billing.stripe.test.customers.create();
    await billing.stripe.test.paymentMethods.attach('pm_card_visa', { customer: id });
    const handle = workflowOf(billing, { mode: 'test', stripeCustomerId: id });
    await eventually(
      'the stranger to be ignored',
      () => handle.result(),
      () => true,
    );
    return handle;
  },

  'customer-waits-for-cluster': async (billing) =>
    workflowOf(billing, await subscribedCustomer(billing, { mode: 'live' })),

  'customer-parked-and-retried': async (billing) => {
    const customer = await newCustomer(billing);
    const price = (await listStripeProducts(billing.db, 'test')).find((row) => row.product === 'gpu_hour');
    const ids = { stripeProductId: null, stripePriceId: price?.stripe_price_id ?? null, stripeMeterId: null };
    await saveStripeProductIds(billing.db, 'test', 'gpu_hour', { ...ids, stripePriceId: 'price_gone' });
    await completeCheckout(billing, customer.checkout.id);
    await stateIs(billing, customer, 'a parked step', ({ parked }) => parked !== null);
    await saveStripeProductIds(billing.db, 'test', 'gpu_hour', ids);
    await billing.stripe.test.paymentMethods.attach('pm_card_visa', { customer: customer.stripeCustomerId });
    await settled(billing, customer);
    return workflowOf(billing, customer);
  },

  'customer-profile-refused': async (billing) => {
    const customer = await newCustomer(billing);
    await simulate(billing, 'faults', { route: 'POST /v1/customers/:id', kind: 'status_403' });
    await signalUserChanged(billing.temporal, customer);
    await stateIs(billing, customer, 'a parked profile', ({ parked }) => parked !== null);
    await billing.stripe.test.paymentMethods.attach('pm_card_visa', { customer: customer.stripeCustomerId });
    await settled(billing, customer);
    await signalLookAgain(billing.temporal, customer);
    await stateIs(billing, customer, 'nothing to be parked', ({ parked }) => parked === null);
    return workflowOf(billing, customer);
  },

  'customer-in-grace': async (billing) => {
    const customer = await subscribedCustomer(billing, { card: CARDS.declinesCharges });
    const period = parseBillingPeriod('2026-01');
    await useGpu(billing, customer, period, '1');
    await closeMonth(billing.temporal, { mode: 'test', period });
    await stateIs(billing, customer, 'past due', ({ status }) => status === 'past_due');
    await settled(billing, customer);
    return workflowOf(billing, customer);
  },

  'customer-suspended-by-operator': async (billing) => {
    const customer = await subscribedCustomer(billing);
    const handle = workflowOf(billing, customer);
    await handle.executeUpdate(SUSPEND_UPDATE, { args: [{ reason: 'a story', by: 'an operator' }] });
    await handle.executeUpdate(REACTIVATE_UPDATE, { args: [{ by: 'an operator' }] });
    return handle;
  },

  // One place is left beside the customer who waited in the story before; it goes to the next when it is given back.
  'customer-gives-place-back': async (billing) => {
    await saveCluster(billing.db, { mode: 'live', clusterId: 'cluster-live', capacity: 2 });
    const leaver = await subscribedCustomer(billing, { mode: 'live' });
    const waiter = await subscribedCustomer(billing, { mode: 'live' });
    const [subscription] = await subscriptionsOf(billing, leaver);
    await billing.stripe.live.subscriptions.cancel(subscription?.id ?? '');
    await stateIs(billing, waiter, 'the place to be given on', ({ clusterId }) => clusterId !== null);
    return workflowOf(billing, leaver);
  },

  'user-erasure': async (billing) => {
    const { mode, userId } = await subscribedCustomer(billing);
    const input = { mode, userId, writeOff: true };
    await eraseUser(billing.temporal, input);
    return billing.temporal.workflow.getHandle(userErasureStart(input).workflowId);
  },

  'charge-event': async (billing) => {
    const { stripeCustomerId: customer } = await subscribedCustomer(billing);
    const { stripe } = billing;
    await disputedPayment(billing, customer);
    const { data } = await stripe.test.events.list({ type: 'charge.dispute.created', limit: 1 });
    const handle = billing.temporal.workflow.getHandle(chargeEventWorkflowId('test', data[0]?.id ?? ''));
    await eventually(
      'the dispute to be brought to its customer',
      () => handle.result(),
      (result) => result === 'forwarded',
    );
    return handle;
  },

  'customer-continues-as-new': async (billing) => (await continuedCustomer(billing)).first,
  'customer-continued': async (billing) => (await continuedCustomer(billing)).last,

  'monthly-close': async (billing) => {
    const period = parseBillingPeriod('2026-02');
    for (const hours of ['1.25', '40'])
      await useGpu(billing, await subscribedCustomer(billing), period, hours);
    await useGpu(billing, await userWithoutCustomer(billing), period, '3');
    await closeMonth(billing.temporal, { mode: 'test', period });
    return billing.temporal.workflow.getHandle(monthlyBillingWorkflowId('test', period));
  },

  'monthly-close-scheduled': async (billing) => {
    await useGpu(billing, await subscribedCustomer(billing), parseBillingPeriod('2026-03'), '2');
    await ensureSchedule(billing.temporal, MONTHLY_BILLING_SCHEDULE, 'test');
    const schedule = billing.temporal.schedule.getHandle(MONTHLY_BILLING_SCHEDULE.scheduleId('test'));
    const start = new Date('2026-03-31T23:59:00Z');
    await schedule.backfill({ start, end: new Date('2026-04-01T00:01:00Z'), overlap: 'ALLOW_ALL' });
    return await runOf(billing, schedule);
  },

  'monthly-close-partition': async (billing) => {
    const month = { mode: 'test', period: parseBillingPeriod('2026-02') } as const;
    return billing.temporal.workflow.getHandle(chargePartitionWorkflowId(month, '1-1'));
  },

  'monthly-close-partition-waits-for-stripe': async (billing) => {
    const period = parseBillingPeriod('2026-05');
    for (const hours of ['1', '2']) await useGpu(billing, await subscribedCustomer(billing), period, hours);
    await simulate(billing, 'faults', {
      route: 'POST /v1/invoices',
      kind: 'status_500_without_error',
      count: 20,
    });
    await closeMonth(billing.temporal, { mode: 'test', period });
    return billing.temporal.workflow.getHandle(chargePartitionWorkflowId({ mode: 'test', period }, '1-1'));
  },

  'monthly-close-approved': async (billing) => {
    const period = parseBillingPeriod('2026-04');
    const customer = await subscribedCustomer(billing);
    await useGpu(billing, customer, period, '2');
    await useGpu(billing, await subscribedCustomer(billing), period, '3');
    const handle = await startClose(billing.temporal, { mode: 'test', period });
    const phaseIs = async (wanted: ClosePhase) =>
      await eventually(
        `the close to be ${wanted}`,
        () => handle.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY),
        ({ phase }) => phase === wanted,
      );
    await phaseIs('awaiting_approval');
    const [bill] = await listBills(billing.db, 'test', customer.userId);
    const request = { bills: [bill?.billId ?? ''], by: 'an operator', reason: 'a story' };
    await handle.executeUpdate(HOLD_UPDATE, { args: [request] });
    await handle.executeUpdate(APPROVE_UPDATE, { args: [{ approvedBy: 'an operator' }] });
    await phaseIs('awaiting_release');
    await handle.executeUpdate(RELEASE_UPDATE, { args: [request] });
    await handle.result();
    return handle;
  },

  // Events that were missed are handed on and waited for, then objects are compared.
  reconciliation: async (billing) => {
    const { stripeCustomerId: customer } = await subscribedCustomer(billing);
    await simulate(billing, 'webhooks/mischief', { kind: 'drop', count: 1_000 });
    await billing.stripe.test.paymentMethods.attach('pm_card_visa', { customer });
    // What is younger than some minutes is left to its webhook; later stories' signatures must be of the present again.
    const notUnderWayMs = 10 * 60_000;
    await letStripeTimePass(billing, notUnderWayMs);
    await reconcileNow(billing.temporal, 'test');
    await letStripeTimePass(billing, -notUnderWayMs);
    await fetch(`${billing.simulatorUrl}/_sim/webhooks/mischief`, { method: 'DELETE' });
    return billing.temporal.workflow.getHandle(reconciliationWorkflowId('test'));
  },

  'reconciliation-scheduled': async (billing) => {
    await ensureSchedule(billing.temporal, RECONCILIATION_SCHEDULE, 'test');
    const schedule = billing.temporal.schedule.getHandle(RECONCILIATION_SCHEDULE.scheduleId('test'));
    await schedule.trigger();
    return await runOf(billing, schedule);
  },

  'test-purchase': async (billing) => {
    const purchase = await buy(billing, 'authentication');
    const { link } = await statusIs(billing, purchase, 'requires_action');
    const { handle, result } = purchaseWorkflow(billing, purchase);
    await eventually(
      'the purchase to wait',
      () => handle.fetchHistory(),
      ({ events }) => events?.some(({ timerStartedEventAttributes: timer }) => timer != null) === true,
    );
    await authenticate(link, 'complete');
    await result();
    return handle;
  },
};

/** Played where months are approved by a person. */
export const APPROVED_STORIES: ReadonlySet<string> = new Set(['monthly-close-approved']);

/** The first workflow that the Schedule has started, once it has ended. */
async function runOf({ temporal }: BillingService, schedule: ScheduleHandle): Promise<Recorded> {
  const { info } = await eventually(
    'the Schedule to act',
    () => schedule.describe(),
    ({ info }) => info.recentActions.length > 0,
  );
  const handle = temporal.workflow.getHandle(info.recentActions[0]?.action.workflow.workflowId ?? '');
  await handle.result();
  return handle;
}

async function continuedCustomer(billing: BillingService): Promise<{ first: Recorded; last: Recorded }> {
  const customer = await subscribedCustomer(billing);
  const handle = workflowOf(billing, customer);
  const { runId } = await handle.describe();
  for (let current = runId; current === runId; { runId: current } = await handle.describe()) {
    const eventId = `evt_${randomUUID()}`;
    const event = { eventId, type: 'customer.subscription.updated', objectId: 'sub_any', created: 0 };
    await signalStripeEvent(billing.temporal, customer, event);
    await stateIs(billing, customer, 'the event to be applied', ({ queuedEvents }) => queuedEvents === 0);
  }
  await billing.stripe.test.paymentMethods.attach('pm_card_visa', { customer: customer.stripeCustomerId });
  await stateIs(billing, customer, 'the card to be taken', ({ queuedEvents }) => queuedEvents === 0);
  const first = billing.temporal.workflow.getHandle(handle.workflowId, runId);
  return { first, last: handle };
}
