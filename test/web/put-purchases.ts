import { defaultPayloadConverter } from '@temporalio/common';
import type { PurchaseWithSteps } from '../../api/admin/test-billing/purchases.ts';
import type { Database } from '../../db/database.ts';
import { listTestPurchases } from '../../db/test-purchases.ts';
import { type TestPurchaseInput, testPurchaseWorkflowId } from '../../domain/test-purchase.ts';
import type { TestSite } from './harness.ts';

/** Puts a purchase where a test wants it, without Temporal and Stripe; in place of what had its id. */
export async function putPurchase(db: Database, purchase: PurchaseWithSteps): Promise<void> {
  const { id, userId, credits, card, status, paymentIntentId, link, problem, declineCode, steps } = purchase;
  await db
    .insertInto('users')
    .values({ mode: 'test', user_id: userId, email: 'buyer@example.com', name: 'Buyer' })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = {
    user_id: userId,
    credits,
    card,
    status,
    payment_intent_id: paymentIntentId,
    link,
    problem,
    decline_code: declineCode,
    steps: JSON.stringify(steps),
    created_at: new Date(purchase.createdAt),
    updated_at: new Date(purchase.updatedAt),
  };
  await db
    .insertInto('test_purchases')
    .values({ purchase_id: id, ...row })
    .onConflict((conflict) => conflict.columns(['mode', 'purchase_id']).doUpdateSet(row))
    .execute();
}

/** A purchase that has just started, unless told otherwise. */
export function aPurchase(overrides: Partial<PurchaseWithSteps> = {}): PurchaseWithSteps {
  const createdAt = '2026-11-03T09:30:00.000Z';
  return {
    id: '0b9d1c0e-6c62-4f43-8a5b-0f7a3d5f6a11',
    userId: 'ada',
    credits: 25,
    card: 'success',
    status: 'processing',
    paymentIntentId: null,
    link: null,
    problem: null,
    declineCode: null,
    steps: [{ step: 'customer', at: createdAt, detail: 'Purchase recorded' }],
    createdAt,
    updatedAt: createdAt,
    ...overrides,
  };
}

/** What the workflows of a site's purchases were started with. */
export async function startedPurchases({ db, temporal }: TestSite): Promise<TestPurchaseInput[]> {
  const purchases = await listTestPurchases(db, 100);
  return await Promise.all(
    purchases.map(async ({ purchase_id: id }) => {
      const { events } = await temporal.workflow.getHandle(testPurchaseWorkflowId(id)).fetchHistory();
      const [input] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
      if (input === undefined) throw new Error(`the workflow of ${id} was started with nothing`);
      return defaultPayloadConverter.fromPayload<TestPurchaseInput>(input);
    }),
  );
}
