import {
  type Customer,
  callApi,
  newCustomer,
  type StartedCheckout,
  settled,
  simulate,
  userOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { useGpu, usersWithCustomer } from '../../chaos/world/usage.ts';
import { startClose } from '../../cli/close.ts';
import { type BillWithLines, listBills } from '../../db/bills.ts';
import type { BillingPeriod } from '../../domain/billing-period.ts';
import { disputedPayment } from '../support/disputed-payment.ts';
import type { ReconciledService } from './reconciling.ts';

/** The user's one bill. */
export async function billOf(service: ReconciledService, { mode, userId }: Customer): Promise<BillWithLines> {
  const [bill] = await listBills(service.billing.db, mode, userId);
  if (bill === undefined) throw new Error(`${userId} has no bill`);
  return bill;
}

/** Someone who has a card and no subscription. */
export async function customerWithCard(service: ReconciledService): Promise<Customer> {
  const { billing } = service;
  const customer = await newCustomer(billing);
  await billing.stripe.test.paymentMethods.attach('pm_card_visa', { customer: customer.stripeCustomerId });
  const cardIn = async () => (await userOf(billing, customer)).default_payment_method_id;
  await eventually('the card to be known', cardIn, (id) => id !== null);
  await settled(billing, customer);
  return customer;
}

/** Someone who was billed, could not pay, and has no subscription. */
export async function billedWithoutSubscription(
  service: ReconciledService,
  period: BillingPeriod,
): Promise<Customer> {
  const { billing } = service;
  const [customer] = await usersWithCustomer(billing, 1);
  if (customer === undefined) throw new Error('there is none');
  await useGpu(billing, customer, period, '1');
  await (await startClose(billing.temporal, { mode: 'test', period })).result();
  await eventually(
    'the bill to be unpaid',
    () => billOf(service, customer),
    ({ status }) => status === 'payment_failed',
  );
  return customer;
}

/** @returns a session of Checkout for so many credits, which nobody has completed. */
export async function creditsCheckout(
  service: ReconciledService,
  { userId }: Customer,
  credits: number,
): Promise<string> {
  const pages = { successUrl: 'https://host.example/done', cancelUrl: 'https://host.example/billing' };
  const body = { mode: 'credits', credits, ...pages };
  const path = `/api/users/${userId}/checkout-sessions`;
  const { id } = await callApi<StartedCheckout>(service.billing, 'test', 'POST', path, {
    body,
    idempotencyKey: `credits-of-${userId}`,
  });
  return id;
}

/** @returns the new default payment method. */
export async function changeDefault(
  service: ReconciledService,
  { stripeCustomerId: customer }: Customer,
): Promise<string> {
  const { paymentMethods, customers } = service.billing.stripe.test;
  const { id } = await paymentMethods.attach('pm_card_mastercard', { customer });
  await customers.update(customer, { invoice_settings: { default_payment_method: id } });
  return id;
}

/** @returns the dispute of a payment of the customer's, `du_…`. */
export async function disputeOfPayment(
  service: ReconciledService,
  { stripeCustomerId: customer }: Customer,
): Promise<string> {
  const { stripe } = service.billing;
  const intent = await disputedPayment(service.billing, customer);
  const { data } = await eventually(
    'the payment to be disputed',
    () => stripe.test.disputes.list({ payment_intent: intent.id }),
    ({ data }) => data.length === 1,
  );
  return data[0]?.id ?? '';
}

/** A close that was ended by hand while Stripe finalized nothing. @returns the draft of its one bill. */
export async function closeThatStopsAtItsDraft(
  service: ReconciledService,
  customer: Customer,
  period: BillingPeriod,
): Promise<string> {
  const { billing } = service;
  await useGpu(billing, customer, period, '1');
  const route = 'POST /v1/invoices/:id/finalize';
  await simulate(billing, 'faults', { route, kind: 'status_409', count: 1_000 });
  const close = await startClose(billing.temporal, { mode: 'test', period });
  const { data } = await eventually(
    'the lines of the draft',
    () => billing.stripe.test.invoices.list({ customer: customer.stripeCustomerId, status: 'draft' }),
    ({ data }) => data.some(({ subtotal }) => subtotal === 200),
  );
  await close.terminate('a story');
  await eventually(
    'what was under way to end',
    async () => {
      const { id } = data[0] ?? { id: '' };
      const before = (await service.requestsAfter(0)).filter(({ path }) => path.includes(id)).length;
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      return (await service.requestsAfter(0)).filter(({ path }) => path.includes(id)).length - before;
    },
    (requests) => requests === 0,
  );
  await fetch(`${billing.simulatorUrl}/_sim/faults`, { method: 'DELETE' });
  return data[0]?.id ?? '';
}
