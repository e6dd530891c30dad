/** A subscription's status follows what becomes of its latest invoice. https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses */
import { DAY_SECONDS } from '../clock.ts';
import type { Operation } from '../operation.ts';
import type { Invoice, Subscription } from '../wire.ts';
import { cancelSubscription, updateSubscription } from './subscription-lifecycle.ts';

/** How long dunning lasts where there is nothing to try again: as long as three retries take. */
const DUNNING_SECONDS = 15 * DAY_SECONDS;

/** The subscription that an invoice was made for; undefined for a one-off invoice. */
export function subscriptionOf({ store }: Operation, invoice: Invoice): Subscription | undefined {
  return store.subscriptions.get(invoice.parent?.subscription_details?.subscription ?? '');
}

/** To be called whenever an invoice was paid, has failed, or has ended in another way. */
export function followInvoice(operation: Operation, invoice: Invoice): void {
  const subscription = subscriptionOf(operation, invoice);
  if (subscription?.latest_invoice !== invoice.id) return;
  const status = statusAfter(subscription.status, invoice);
  if (status === subscription.status) return;
  updateSubscription(operation, subscription, {
    ...subscription,
    status,
    ...(status === 'incomplete_expired' ? { ended_at: operation.now } : {}),
  });
}

function statusAfter(status: Subscription['status'], invoice: Invoice): Subscription['status'] {
  if (status === 'canceled' || status === 'incomplete_expired') return status;
  switch (invoice.status) {
    case 'paid':
      return 'active';
    case 'void':
      return status === 'incomplete' ? 'incomplete_expired' : 'active';
    case 'uncollectible':
      return status === 'incomplete' ? status : 'active';
    default:
      return invoice.attempt_count > 0 && status === 'active' ? 'past_due' : status;
  }
}

/** After a failed attempt: `retries` says whether there will be another one by itself. */
export function dun(operation: Operation, invoice: Invoice, retries: boolean, last: boolean): void {
  if (retries || subscriptionOf(operation, invoice)?.status !== 'past_due') return;
  if (last) endDunning(operation, invoice);
  else if (!operation.store.tasks.all('object', invoice.id).some(({ kind }) => kind === 'end_dunning')) {
    operation.scheduleAt('end_dunning', invoice.id, operation.now + DUNNING_SECONDS);
  }
}

/** Nothing helped: what the settings say is to become of the subscription. */
export function endDunning(operation: Operation, invoice: Invoice): void {
  const subscription = subscriptionOf(operation, invoice);
  if (invoice.status !== 'open' || subscription?.status !== 'past_due') return;
  switch (operation.settings.afterDunning) {
    case 'cancel':
      cancelSubscription(operation, subscription, 'payment_failed');
      return;
    case 'unpaid':
      updateSubscription(operation, subscription, { ...subscription, status: 'unpaid' });
      return;
    case 'past_due':
  }
}
