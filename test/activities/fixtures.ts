import { randomUUID } from 'node:crypto';
import type { BillWithLines } from '../../db/bills.ts';
import { findBill } from '../../db/bills.ts';
import { registerUser } from '../../db/users.ts';
import type { CustomerFacts } from '../../domain/customer-facts.ts';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import type { StartCheckoutRequest } from '../../domain/customer-workflow.ts';
import type { Mode } from '../../domain/mode.ts';
import type { StripeEventEnvelope } from '../../domain/stripe-event.ts';
import { frozenBill, ingest, level, newUser, SEPTEMBER, usage } from '../db/fixtures.ts';
import { type ActivityTestEnvironment, runOnce } from '../support/activity-environment.ts';

/** A registered user with a Stripe customer, without a card. */
export async function newCustomer(
  { db, activities }: ActivityTestEnvironment,
  options: { readonly mode?: Mode; readonly userId?: string } = {},
): Promise<KnownCustomer> {
  const { mode = 'test' } = options;
  const userId = options.userId ?? (await newUser(db, mode));
  await registerUser(db, { mode, userId, email: `${userId}@example.com`, name: 'Ada' });
  const stripeCustomerId = await runOnce(() => activities.registerCustomer({ mode, userId }));
  return { mode, userId, stripeCustomerId };
}

/** Attaches the card that a test id such as `pm_card_visa` stands for, and makes it the default. */
export async function giveCard(
  { simulator }: ActivityTestEnvironment,
  { mode, stripeCustomerId: customer }: KnownCustomer,
  card: 'pm_card_visa' | 'pm_card_mastercard' | 'pm_card_chargeCustomerFail',
): Promise<string> {
  const stripe = simulator.stripe[mode];
  const { id } = await stripe.paymentMethods.attach(card, { customer });
  await stripe.customers.update(customer, { invoice_settings: { default_payment_method: id } });
  return id;
}

/** What {@link newBill} comes to: 12.5 + 0.5 + 750 + 1234.567 cents, each rounded half up. */
export const NEW_BILL_CENTS = [13, 1, 750, 1235] as const;
/** Their sum. */
export const NEW_BILL_TOTAL_CENTS = 1_999;

/** A frozen bill for September with odd fractions of all four products. */
export async function newBill(
  { db }: ActivityTestEnvironment,
  { mode, userId }: Pick<KnownCustomer, 'mode' | 'userId'>,
): Promise<BillWithLines> {
  await ingest(
    db,
    [
      usage(userId, { quantity: '1.25' }),
      usage(userId, { product: 'gpu_hour', quantity: '0.0025' }),
      level(userId, '100', '2026-09-16T00:00:00Z'),
      usage(userId, { product: 'api_calls', quantity: '1234567' }),
    ],
    mode,
  );
  return await frozenBill(db, userId, SEPTEMBER, mode);
}

/** The bill as it is now. */
export async function reloaded({ db }: ActivityTestEnvironment, bill: BillWithLines): Promise<BillWithLines> {
  const found = await findBill(db, bill.mode, bill.billId);
  if (found === undefined) throw new Error(`The bill ${bill.billId} is gone`);
  return found;
}

/** The workflow's time in these tests. */
export const NOW_MS = Date.parse('2026-10-02T00:00:00Z');

/** An event as its signal carries it, new and of {@link NOW_MS}. */
export function event(
  type: string,
  objectId: string,
  more: Partial<StripeEventEnvelope> = {},
): StripeEventEnvelope {
  return { eventId: `evt_${randomUUID()}`, type, objectId, created: NOW_MS / 1_000, ...more };
}

/** What a look at one of our customers finds. */
export async function lookAt(
  { activities }: Pick<ActivityTestEnvironment, 'activities'>,
  { mode, stripeCustomerId }: KnownCustomer,
  events: readonly StripeEventEnvelope[] = [],
  nowMs = NOW_MS,
): Promise<CustomerFacts> {
  const seen = await runOnce(() => activities.lookAtCustomer({ mode, stripeCustomerId, events, nowMs }));
  if (seen === null) throw new Error('The customer is ours');
  return seen.facts;
}

/** A setup Checkout session that nobody has completed; its id. */
export async function startCheckout(
  { activities }: ActivityTestEnvironment,
  { mode, stripeCustomerId }: KnownCustomer,
  overrides: Partial<StartCheckoutRequest> = {},
): Promise<string> {
  const request = {
    mode: 'setup',
    successUrl: 'https://example.com/done',
    cancelUrl: 'https://example.com/back',
    idempotencyKey: randomUUID(),
    ...overrides,
  } as const;
  return (await runOnce(() => activities.createCheckoutSession({ mode, stripeCustomerId, request }))).id;
}

/** One that is completed with the card. */
export async function completedCheckout(
  environment: ActivityTestEnvironment,
  customer: KnownCustomer,
  cardNumber = '4242424242424242',
): Promise<string> {
  const id = await startCheckout(environment, customer);
  await environment.simulator.completeCheckout(id, cardNumber);
  return id;
}

/** A bill whose invoice is open in Stripe, and was not charged yet. */
export async function openBill(
  environment: ActivityTestEnvironment,
  customer: KnownCustomer,
): Promise<BillWithLines & { readonly stripeInvoiceId: string }> {
  const bill = await newBill(environment, customer);
  await runOnce(() => environment.activities.invoiceBill({ mode: customer.mode, billId: bill.billId }));
  const { stripeInvoiceId } = await reloaded(environment, bill);
  if (stripeInvoiceId === null) throw new Error('It was invoiced');
  return { ...bill, stripeInvoiceId };
}

/** A bill whose card declines, in Stripe and, from a second ago on, in the database. */
export async function unpaidBill(
  environment: ActivityTestEnvironment,
  customer: KnownCustomer,
): Promise<BillWithLines & { readonly stripeInvoiceId: string }> {
  await giveCard(environment, customer, 'pm_card_chargeCustomerFail');
  const bill = await openBill(environment, customer);
  const charge = environment.simulator.stripe[customer.mode].invoices.pay(bill.stripeInvoiceId);
  await charge.catch(() => undefined);
  await lookAt(environment, customer, [], NOW_MS - 1_000);
  return bill;
}
