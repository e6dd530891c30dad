import type { UserKey } from '../../activities/customer-commands.ts';
import type { BillWithLines } from '../../db/bills.ts';
import { findBill } from '../../db/bills.ts';
import { registerUser } from '../../db/users.ts';
import type { Mode } from '../../domain/mode.ts';
import { frozenBill, ingest, level, newUser, SEPTEMBER, usage } from '../db/fixtures.ts';
import { type ActivityTestEnvironment, runOnce } from '../support/activity-environment.ts';

/** A registered user with a Stripe customer, without a card. */
export async function newCustomer(
  { db, activities }: ActivityTestEnvironment,
  options: { readonly mode?: Mode; readonly userId?: string } = {},
): Promise<UserKey> {
  const { mode = 'test' } = options;
  const userId = options.userId ?? (await newUser(db, mode));
  await registerUser(db, { mode, userId, email: `${userId}@example.com`, name: 'Ada' });
  const stripeCustomerId = await runOnce(() => activities.registerCustomer({ mode, userId }));
  return { mode, userId, stripeCustomerId };
}

/** Attaches the card that a test id such as `pm_card_visa` stands for, and makes it the default. */
export async function giveCard(
  { simulator }: ActivityTestEnvironment,
  { mode, stripeCustomerId: customer }: UserKey,
  card: 'pm_card_visa' | 'pm_card_mastercard' | 'pm_card_chargeCustomerFail',
): Promise<string> {
  const stripe = simulator.stripe[mode];
  const { id } = await stripe.paymentMethods.attach(card, { customer });
  await stripe.customers.update(customer, { invoice_settings: { default_payment_method: id } });
  return id;
}

/** What {@link newBill} comes to: 12.5 + 0.5 + 750 + 1234.567 cents, each rounded half up. */
export const NEW_BILL_CENTS = [13, 1, 750, 1235] as const;
export const NEW_BILL_TOTAL_CENTS = 1_999;

/** A frozen bill for September with odd fractions of all four products. */
export async function newBill(
  { db }: ActivityTestEnvironment,
  { mode, userId }: Pick<UserKey, 'mode' | 'userId'>,
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
