import type { Client } from '@temporalio/client';
import type { StripeClient } from '../../activities/stripe-client.ts';
import type { StackFile } from '../../config/stack-file.ts';
import { type BillingPeriod, periodEnd, periodStart } from '../../domain/billing-period.ts';
import {
  BILLING_STATE_QUERY,
  type CustomerBillingState,
  customerBillingWorkflowId,
} from '../../domain/customer-workflow.ts';
import { sumCents } from '../../domain/money.ts';
import { type MonthlyBillingReport } from '../../domain/monthly-close.ts';
import type { SimulatorControl } from '../../stack/simulator-control.ts';
import { closeMonth } from '../close.ts';
import { say } from '../console.ts';
import { recomputeCents } from './recompute.ts';
import { type Bill, type Billing, check, Service, waitFor } from './service.ts';
import { type DemoUsageEvent, demoUsage } from './usage.ts';

/** What the demo needs beside the service: a Temporal client, and Stripe's SDK to look with. */
export interface DemoTools {
  readonly stack: StackFile;
  readonly simulator: SimulatorControl;
  readonly temporal: Client;
  readonly stripe: StripeClient<'live'>;
}

/** What the story came to, for the table that the demo ends with; all of it was checked by then. */
export interface DemoOutcome {
  readonly billing: Billing;
  readonly bill: Bill;
  readonly events: number;
  readonly checkoutSessionId: string;
  readonly productsSubscribed: number;
  readonly firstClose: MonthlyBillingReport;
  readonly secondClose: MonthlyBillingReport;
  readonly repeatedDeliveries: number;
}

const USER_ID = 'ada';
const BATCH = 1_000;

/** Plays one customer's life from sign-up to a paid bill, over the public interface only. */
export async function playStory(tools: DemoTools, period: BillingPeriod): Promise<DemoOutcome> {
  const service = new Service(tools.stack);
  const { checkoutSessionId, billing } = await subscribe(tools, service);
  const productsSubscribed = await checkSubscription(tools, billing);

  const usage = demoUsage(USER_ID, period);
  await sendUsage(service, usage);

  say(`4. The month ${period} is closed`);
  const firstClose = await closeMonth(tools.temporal, { mode: 'live', period });
  check(
    firstClose.frozenBills === 1 && firstClose.invoicedBills === 1,
    `one bill was frozen and invoiced: ${JSON.stringify(firstClose)}`,
  );
  const bill = await paidBill(service);
  checkAmounts(bill, usage, period);
  await checkInvoice(tools, bill);

  say('5. The same once more');
  const secondClose = await closeMonth(tools.temporal, { mode: 'live', period });
  check(secondClose.frozenBills === 0 && secondClose.invoicedBills === 0, 'a second close bills nothing');
  const repeatedDeliveries = await repeatWebhook(tools, billing);
  await checkUnchanged(tools, service, billing, bill);

  return {
    billing,
    bill,
    events: usage.length,
    checkoutSessionId,
    productsSubscribed,
    firstClose,
    secondClose,
    repeatedDeliveries,
  };
}

async function subscribe(
  tools: DemoTools,
  service: Service,
): Promise<{ checkoutSessionId: string; billing: Billing }> {
  say('1. A user signs up and adds a card');
  await service.registerUser(USER_ID, { email: 'ada@example.com', name: 'Ada Lovelace' });
  const checkout = await service.startCheckout(USER_ID);
  await tools.simulator.completeCheckout(checkout.id, '4242424242424242');

  say('2. Stripe tells; the customer is subscribed and has a cluster');
  const billing = await waitFor(
    'an active user with a cluster',
    () => service.billing(USER_ID),
    (answer) => answer.status === 'active' && answer.clusterId !== null,
  );
  return { checkoutSessionId: checkout.id, billing };
}

/** @returns how many products the subscription has. */
async function checkSubscription(
  { stripe }: DemoTools,
  { stripeCustomerId, stripeSubscriptionId }: Billing,
): Promise<number> {
  check(
    stripeCustomerId !== null && stripeSubscriptionId !== null,
    'the user has a Stripe customer and a subscription',
  );
  const subscriptions = await stripe.subscriptions.list({ customer: stripeCustomerId, status: 'all' });
  check(subscriptions.data.length === 1, 'there is one subscription');
  check(
    subscriptions.data[0]?.id === stripeSubscriptionId,
    'the subscription in the database is the one in Stripe',
  );
  const customer = await stripe.customers.retrieve(stripeCustomerId);
  check(
    customer.deleted !== true && customer.invoice_settings.default_payment_method !== null,
    'the card is the default',
  );
  return subscriptions.data[0].items.data.length;
}

async function sendUsage(service: Service, usage: readonly DemoUsageEvent[]): Promise<void> {
  say(`3. ${usage.length.toLocaleString('en-US')} usage events are sent`);
  let accepted = 0;
  for (let index = 0; index < usage.length; index += BATCH) {
    const answer = await service.sendUsage(usage.slice(index, index + BATCH));
    check(
      answer.rejected.length === 0,
      `no event is rejected: ${JSON.stringify(answer.rejected.slice(0, 3))}`,
    );
    accepted += answer.accepted;
  }
  check(accepted === usage.length, 'every event is accepted');
  const again = await service.sendUsage(usage.slice(0, BATCH));
  check(
    again.accepted === 0 && again.duplicates === BATCH,
    'a batch that is sent again counts as duplicates',
  );
}

async function paidBill(service: Service): Promise<Bill> {
  const bills = await waitFor(
    'the bill to be paid',
    () => service.bills(USER_ID),
    (answer) => answer[0]?.status === 'paid',
  );
  const [bill] = bills;
  check(bill !== undefined && bills.length === 1, 'there is one bill');
  return bill;
}

function checkAmounts(bill: Bill, usage: readonly DemoUsageEvent[], period: BillingPeriod): void {
  const expected = recomputeCents(usage, periodStart(period).getTime(), periodEnd(period).getTime());
  for (const [product, cents] of Object.entries(expected)) {
    const billed = sumCents(
      bill.lines.filter((line) => line.product === product).map((line) => line.amountCents),
    );
    check(billed === cents, `${product} comes to ${cents} cents, not ${billed}`);
  }
  const total = sumCents(Object.values(expected));
  check(bill.totalCents === total, `the bill comes to ${total} cents, not ${bill.totalCents}`);
}

async function checkInvoice({ stripe }: DemoTools, bill: Bill): Promise<void> {
  check(bill.stripeInvoiceId !== null, 'the bill has an invoice');
  const invoice = await stripe.invoices.retrieve(bill.stripeInvoiceId);
  check(invoice.status === 'paid', 'the invoice is paid in Stripe');
  check(
    invoice.amount_paid === bill.totalCents,
    `Stripe charged ${bill.totalCents} cents, not ${invoice.amount_paid}`,
  );
}

/** @returns how many deliveries were repeated. */
async function repeatWebhook(tools: DemoTools, { stripeCustomerId }: Billing): Promise<number> {
  const { temporal, stripe, simulator } = tools;
  const workflow = temporal.workflow.getHandle(customerBillingWorkflowId('live', stripeCustomerId ?? ''));
  const before = await workflow.query<CustomerBillingState>(BILLING_STATE_QUERY);
  const types = ['checkout.session.completed', 'invoice.payment_succeeded'];
  const events = await stripe.events.list({ types, limit: 100 });
  for (const event of events.data) await simulator.redeliver(event.id);
  await waitFor(
    'the repeated webhooks to arrive',
    () => workflow.query<CustomerBillingState>(BILLING_STATE_QUERY),
    (state) => state.duplicateEvents > before.duplicateEvents && state.queuedEvents === 0,
  );
  return events.data.length;
}

async function checkUnchanged(
  tools: DemoTools,
  service: Service,
  billing: Billing,
  bill: Bill,
): Promise<void> {
  const { stripe } = tools;
  const now = { billing: await service.billing(USER_ID), bills: await service.bills(USER_ID) };
  check(
    JSON.stringify(now.billing) === JSON.stringify(billing),
    "the repeated webhooks left the user's billing as it was",
  );
  check(JSON.stringify(now.bills) === JSON.stringify([bill]), 'there is still one bill, as it was');
  await checkSubscription(tools, billing);
  const invoices = await stripe.invoices.list({ customer: billing.stripeCustomerId ?? '', limit: 100 });
  const asking = invoices.data.filter((invoice) => invoice.total > 0);
  check(asking.length === 1, `there is one invoice that asks for money, not ${asking.length}`);
}
