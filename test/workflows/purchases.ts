import { randomUUID } from 'node:crypto';
import type { Stripe } from 'stripe';
import { callApi, PERSON } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import type { Mode } from '../../domain/mode.ts';
import {
  TEST_PURCHASE_STATE_QUERY,
  type TestCard,
  type TestPurchaseResult,
  type TestPurchaseState,
  type TestPurchaseStatus,
  type TestPurchaseStep,
  testPurchaseWorkflowId,
} from '../../domain/test-purchase.ts';
import type { BillingService } from '../support/billing-worker.ts';

const PATH = '/api/admin/billing-test';

/** A purchase as the admin page gets it. */
export interface ShownPurchase {
  readonly id: string;
  readonly userId: string;
  readonly status: TestPurchaseStatus;
  readonly paymentIntentId: string | null;
  readonly link: string | null;
  readonly problem: string | null;
  readonly declineCode: string | null;
  readonly steps: readonly TestPurchaseStep[];
}

/** Starts a purchase of 25 credits as the admin page does, for a user who is new unless given. */
export async function buy(
  service: BillingService,
  card: TestCard,
  options: { readonly userId?: string; readonly knownIn?: Mode; readonly idempotencyKey?: string } = {},
): Promise<ShownPurchase> {
  const userId = options.userId ?? (await newBuyer(service, options.knownIn ?? 'test'));
  const { idempotencyKey = randomUUID() } = options;
  return await callApi(service, 'test', 'POST', PATH, {
    body: { userId, credits: 25, card },
    idempotencyKey,
  });
}

/** A user whom one mode knows. */
export async function newBuyer(service: BillingService, mode: Mode): Promise<string> {
  const userId = `buyer-${randomUUID()}`;
  await callApi(service, mode, 'PUT', `/api/users/${userId}`, { body: PERSON });
  return userId;
}

/** The purchase as the admin page gets it now. */
export const shown = (service: BillingService, { id }: { readonly id: string }) =>
  callApi<ShownPurchase>(service, 'test', 'GET', `${PATH}/${id}`);

/** Test mode at a glance. */
export const testBilling = (service: BillingService) =>
  callApi<{
    readonly purchases: readonly ShownPurchase[];
    readonly credits: readonly { readonly userId: string; readonly balanceCents: number }[];
    readonly events: readonly { readonly type: string; readonly objectId: string }[];
  }>(service, 'test', 'GET', PATH);

/** Waits until the page shows it so. */
export async function statusIs(
  service: BillingService,
  purchase: { readonly id: string },
  wanted: TestPurchaseStatus,
): Promise<ShownPurchase> {
  return await eventually(
    `the purchase to be ${wanted}`,
    () => shown(service, purchase),
    ({ status }) => status === wanted,
  );
}

/** The workflow behind a purchase; `result` waits for its end. */
export function purchaseWorkflow({ temporal }: BillingService, { id }: { readonly id: string }) {
  const handle = temporal.workflow.getHandle(testPurchaseWorkflowId(id));
  return {
    handle,
    result: async () => (await handle.result()) as TestPurchaseResult,
    state: () => handle.query<TestPurchaseState>(TEST_PURCHASE_STATE_QUERY),
  };
}

/** What the owner of the card does on the bank's page. */
export async function authenticate(link: string | null, choice: 'complete' | 'fail'): Promise<void> {
  const body = new URLSearchParams({ card: '', authenticate: choice });
  const response = await fetch(link ?? '', { method: 'POST', body, redirect: 'manual' });
  if (response.status !== 303) throw new Error(`The bank's page answered ${response.status}`);
}

/** All payment intents of the user's, in test mode. */
export async function paymentsOf(
  { stripe }: Pick<BillingService, 'stripe'>,
  userId: string,
): Promise<Stripe.PaymentIntent[]> {
  const all: Stripe.PaymentIntent[] = [];
  for await (const each of stripe.test.paymentIntents.list({ limit: 100 }))
    if (each.metadata['user_id'] === userId) all.push(each);
  return all;
}
