import type { Client } from '@temporalio/client';
import type {
  ChargeEventInput,
  CustomerBillingInput,
  StripeEventEnvelope,
} from '../../domain/workflow-contracts.ts';
import * as signals from '../../temporal/signals.ts';
import { STORE_DEADLINE_MS, withTemporal } from './calls.ts';

/**
 * Tells the customer's workflow of an event of Stripe's, and starts it if it does not run. When this returns, Temporal has
 * stored the signal: it can't be lost, with or without a worker.
 *
 * @throws HttpError `temporal_unavailable`
 */
export async function signalStripeEvent(
  client: Client,
  customer: CustomerBillingInput,
  envelope: StripeEventEnvelope,
): Promise<void> {
  await store(client, () => signals.signalStripeEvent(client, customer, envelope));
}

/**
 * Has a dispute's event brought to its customer, whom only the charge names. When this returns, Temporal has
 * stored it; an event that came before is as good as stored.
 *
 * @throws HttpError `temporal_unavailable`
 */
export async function startChargeEvent(client: Client, input: ChargeEventInput): Promise<void> {
  await store(client, () => signals.startChargeEvent(client, input));
}

/**
 * Tells the customer's workflow that the user's e-mail or name has changed; what to, it reads from the database.
 *
 * @throws HttpError `temporal_unavailable`
 */
export async function signalUserChanged(client: Client, customer: CustomerBillingInput): Promise<void> {
  await store(client, () => signals.signalUserChanged(client, customer));
}

/**
 * Has the customer's workflow look at the customer again, and try a parked step once more.
 *
 * @throws HttpError `temporal_unavailable`
 */
export async function signalLookAgain(client: Client, customer: CustomerBillingInput): Promise<void> {
  await store(client, () => signals.signalLookAgain(client, customer));
}

/**
 * Tells a test purchase of an event of its payment's. When this returns `true`, Temporal has stored it.
 *
 * @returns `false` when there is none that runs: it has ended, or is of another deployment with the same Stripe account.
 * @throws HttpError `temporal_unavailable`
 */
export async function signalTestPurchase(
  client: Client,
  purchaseId: string,
  envelope: StripeEventEnvelope,
): Promise<boolean> {
  return await store(client, () => signals.signalTestPurchase(client, purchaseId, envelope));
}

async function store<T>(client: Client, call: () => Promise<T>): Promise<T> {
  return await withTemporal(client, STORE_DEADLINE_MS, call);
}
