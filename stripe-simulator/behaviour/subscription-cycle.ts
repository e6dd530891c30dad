/** A subscription from one period to the next, by the clock. https://docs.stripe.com/billing/subscriptions/billing-cycle */
import { itemList } from '../objects/subscription.ts';
import type { Operation } from '../operation.ts';
import type { Invoice, InvoiceLineItem, Subscription, SubscriptionItem } from '../wire.ts';
import type { Period } from './billing-cycle.ts';
import { cycleOf, nextPeriodEnd } from './billing-cycle.ts';
import { finalizeByItself, finalizeInvoice } from './finalization.ts';
import { findCustomer } from './find.ts';
import { markUncollectible, voidInvoice } from './invoice-end.ts';
import { newSubscriptionInvoice } from './subscription-invoice.ts';
import { cancelSubscription, updateSubscription } from './subscription-lifecycle.ts';
import { advanceLine, isMetered, usageLine } from './subscription-lines.ts';

/** The statuses in which periods go on. */
const RUNNING = new Set<Subscription['status']>(['active', 'past_due', 'trialing', 'unpaid']);

/** When the first of the items' periods ends: items may have different intervals. */
export function nextRenewal(subscription: Subscription): number {
  return Math.min(...subscription.items.data.map((item) => item.current_period_end));
}

/** Leaves the next renewal to the clock. */
export function scheduleRenewal(operation: Operation, subscription: Subscription): void {
  operation.scheduleAt('renew_subscription', subscription.id, nextRenewal(subscription));
}

/** A period has ended: the items move on, and what is due goes on a draft invoice. */
export function renewSubscription(operation: Operation, subscription: Subscription): void {
  const { now, store } = operation;
  if (!RUNNING.has(subscription.status)) return;
  if (subscription.cancel_at !== null && subscription.cancel_at <= now) {
    endSubscription(operation, subscription);
    return;
  }
  const { items, lines, period } = renewal(operation, subscription, now);
  if (lines.length === 0) {
    scheduleRenewal(operation, subscription);
    return;
  }
  const invoice = newSubscriptionInvoice(
    operation,
    findCustomer(operation, subscription.customer),
    subscription,
    {
      reason: 'subscription_cycle',
      lines,
      period,
      pendingItems: true,
    },
  );
  const renewed = updateSubscription(operation, subscription, {
    ...subscription,
    items,
    latest_invoice: invoice.id,
  });
  operation.emit('invoice.created', collectedAs(operation, invoice, renewed));
  settleWhilePaused(operation, store.invoices.get(invoice.id) ?? invoice, renewed);
  scheduleRenewal(operation, renewed);
}

/** The items after a renewal at `moment`, and the lines that it makes. */
export function renewal(
  { store }: Operation,
  subscription: Subscription,
  moment: number,
): {
  items: Subscription['items'];
  lines: InvoiceLineItem[];
  period: Period;
} {
  const lines: InvoiceLineItem[] = [];
  let start = moment;
  const items = subscription.items.data.map((item): SubscriptionItem => {
    const { price, current_period_start: from, current_period_end: to } = item;
    if (to > moment || price.recurring === null) return item;
    start = Math.min(start, from);
    const next = { start: to, end: nextPeriodEnd(cycleOf(subscription), price.recurring, to) };
    lines.push(
      isMetered(item)
        ? usageLine(store, subscription, item, { start: from, end: to })
        : advanceLine(store, subscription, item, next),
    );
    return { ...item, current_period_start: next.start, current_period_end: next.end };
  });
  return { items: itemList(subscription.id, items), lines, period: { start, end: moment } };
}

/** Unpaid and paused subscriptions keep their invoices as drafts; the others finalize after an hour. */
function collectedAs(operation: Operation, invoice: Invoice, subscription: Subscription): Invoice {
  const held =
    subscription.status === 'unpaid' || subscription.pause_collection?.behavior === 'keep_as_draft';
  return held
    ? operation.store.invoices.put({ ...invoice, auto_advance: false })
    : finalizeByItself(operation, invoice);
}

/** https://docs.stripe.com/billing/subscriptions/pause-payment */
function settleWhilePaused(operation: Operation, invoice: Invoice, subscription: Subscription): void {
  const behavior = subscription.pause_collection?.behavior;
  if (behavior !== 'mark_uncollectible' && behavior !== 'void') return;
  const finalized = finalizeInvoice(operation, { ...invoice, auto_advance: false });
  if (finalized.status !== 'open') return;
  if (behavior === 'void') voidInvoice(operation, finalized);
  else markUncollectible(operation, finalized);
}

/** Ends it at the end of its period, or when it was to be: metered usage is still billed. */
export function endSubscription(operation: Operation, subscription: Subscription): Subscription {
  const ended = withFinalInvoice(operation, subscription, 'subscription_cycle', finalizeByItself);
  return cancelSubscription(operation, ended);
}

/** Ends it now, with an invoice that is finalized at once for what was used (`invoice_now`). */
export function endSubscriptionWithInvoice(operation: Operation, subscription: Subscription): Subscription {
  const ended = withFinalInvoice(operation, subscription, 'subscription_update', (_operation, invoice) =>
    finalizeInvoice(operation, invoice, true),
  );
  return cancelSubscription(operation, ended);
}

function withFinalInvoice(
  operation: Operation,
  subscription: Subscription,
  reason: 'subscription_cycle' | 'subscription_update',
  finalize: (operation: Operation, invoice: Invoice) => Invoice,
): Subscription {
  const { store, now } = operation;
  const lines = finalLines(operation, subscription, now);
  const customer = store.customers.get(subscription.customer);
  if (lines.length === 0 || customer === undefined) return subscription;
  const start = Math.min(...lines.map(({ period }) => period.start));
  const invoice = newSubscriptionInvoice(operation, customer, subscription, {
    reason,
    lines,
    period: { start, end: now },
    pendingItems: true,
  });
  const stored = store.subscriptions.put({ ...subscription, latest_invoice: invoice.id });
  operation.emit('invoice.created', invoice);
  finalize(operation, invoice);
  return store.subscriptions.get(stored.id) ?? stored;
}

/** What was used since the last period ended. */
export function finalLines({ store }: Operation, subscription: Subscription, now: number): InvoiceLineItem[] {
  return subscription.items.data.filter(isMetered).flatMap((item) => {
    const period = { start: item.current_period_start, end: Math.min(now, item.current_period_end) };
    return period.end > period.start ? [usageLine(store, subscription, item, period)] : [];
  });
}
