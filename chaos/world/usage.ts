import { randomUUID } from 'node:crypto';
import { closeMonth } from '../../cli/close.ts';
import { ingestUsageEvents } from '../../db/usage-events.ts';
import { registerUser } from '../../db/users.ts';
import {
  type BillingPeriod,
  nextPeriod,
  parseBillingPeriod,
  periodStart,
} from '../../domain/billing-period.ts';
import type { UserKey } from '../../domain/customer-key.ts';
import type { Mode } from '../../domain/mode.ts';
import { CARDS, type Customer, PERSON, settled, stateIs, subscribedCustomer } from './customers.ts';
import type { RunningBilling } from './running-billing.ts';

/**
 * Records that the user had GPUs for so many hours in the month, at $2.00 each.
 *
 * @param id under which it counts once, however often it is sent.
 */
export async function useGpu(
  { db }: RunningBilling,
  { mode, userId }: UserKey,
  period: BillingPeriod,
  hours: string,
  id: string = randomUUID(),
): Promise<void> {
  const occurredAt = new Date(periodStart(period).getTime() + 24 * 60 * 60_000);
  const event = {
    id,
    userId,
    product: 'gpu_hour',
    quantity: hours,
    occurredAt,
    resourceId: null,
  } as const;
  const { accepted, duplicates } = await ingestUsageEvents(db, mode, [event]);
  if (accepted + duplicates !== 1) throw new Error(`the usage of ${userId} was not accepted`);
}

/** A user who uses and has never been to Checkout, so that Stripe does not know them. */
export async function userWithoutCustomer({ db }: RunningBilling): Promise<UserKey> {
  const userId = `stranger-${randomUUID()}`;
  await registerUser(db, { mode: 'test', userId, ...PERSON });
  return { mode: 'test', userId };
}

/** Users whom Stripe knows, without a card and without a workflow: made quickly, for closes of many. */
export async function usersWithCustomer(billing: RunningBilling, count: number): Promise<Customer[]> {
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const user = await userWithoutCustomer(billing);
      const { id: stripeCustomerId } = await billing.stripe.test.customers.create({ name: user.userId });
      await billing.db
        .updateTable('users')
        .set({ stripe_customer_id: stripeCustomerId })
        .where('user_id', '=', user.userId)
        .execute();
      return { ...user, stripeCustomerId };
    }),
  );
}

/** The month that the last bill was for: each gets one of its own, so that a close bills nobody else. */
let lastPeriod: BillingPeriod = parseBillingPeriod('2020-01');

/** Bills the customer $2.00 for a month of its own. What the card makes of it comes by webhook. */
export async function billGpuHour(billing: RunningBilling, customer: Customer): Promise<void> {
  const period = nextPeriod(lastPeriod);
  lastPeriod = period;
  await useGpu(billing, customer, period, '1');
  await closeMonth(billing.temporal, { mode: customer.mode, period });
}

/** A customer whose bill of $2.00 could not be collected. */
export async function pastDueCustomer(billing: RunningBilling, mode: Mode): Promise<Customer> {
  const customer = await subscribedCustomer(billing, { mode, card: CARDS.declinesCharges });
  await billGpuHour(billing, customer);
  await stateIs(billing, customer, 'past due', ({ status }) => status === 'past_due');
  await settled(billing, customer);
  return customer;
}
