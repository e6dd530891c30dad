import { randomUUID } from 'node:crypto';
import { ingestUsageEvents } from '../../db/usage-events.ts';
import { registerUser } from '../../db/users.ts';
import { type BillingPeriod, periodStart } from '../../domain/billing-period.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { type Customer, PERSON } from './customers.ts';

type Whose = Pick<Customer, 'mode' | 'userId'>;

/** Records that the user had GPUs for so many hours in the month, at $2.00 each. */
export async function useGpu(
  { db }: BillingService,
  { mode, userId }: Whose,
  period: BillingPeriod,
  hours: string,
): Promise<void> {
  const occurredAt = new Date(periodStart(period).getTime() + 24 * 60 * 60_000);
  const event = {
    id: randomUUID(),
    userId,
    product: 'gpu_hour',
    quantity: hours,
    occurredAt,
    resourceId: null,
  } as const;
  const { accepted } = await ingestUsageEvents(db, mode, [event]);
  if (accepted !== 1) throw new Error(`the usage of ${userId} was not accepted`);
}

/** A user who uses and has never been to Checkout, so that Stripe does not know them. */
export async function userWithoutCustomer({ db }: BillingService): Promise<Whose> {
  const { user_id: userId } = await registerUser(db, {
    mode: 'test',
    userId: `stranger-${randomUUID()}`,
    ...PERSON,
  });
  return { mode: 'test', userId };
}
