import type { TestPurchaseInput } from '../../domain/test-purchase.ts';
import type { TestPurchase, TestPurchases } from '../../web/admin/test-billing/test-purchases.ts';

/** Test purchases without Temporal and Stripe: each stands where a test puts it. */
export class FakeTestPurchases implements TestPurchases {
  readonly requests: TestPurchaseInput[] = [];
  #purchases: readonly TestPurchase[] = [];

  start(request: TestPurchaseInput): Promise<void> {
    this.requests.push(request);
    const { purchaseId, userId, credits, card } = request;
    this.put(aPurchase({ purchaseId, userId, credits, card }));
    return Promise.resolve();
  }

  list(limit: number): Promise<readonly TestPurchase[]> {
    return Promise.resolve(this.#purchases.slice(0, limit));
  }

  find(purchaseId: string): Promise<TestPurchase | undefined> {
    return Promise.resolve(this.#purchases.find((each) => each.purchaseId === purchaseId));
  }

  /** As the newest, and in place of what had its id. */
  put(purchase: TestPurchase): void {
    const others = this.#purchases.filter(({ purchaseId }) => purchaseId !== purchase.purchaseId);
    this.#purchases = [purchase, ...others];
  }
}

/** A purchase that has just started, unless told otherwise. */
export function aPurchase(overrides: Partial<TestPurchase> = {}): TestPurchase {
  const createdAt = new Date('2026-11-03T09:30:00.000Z');
  return {
    purchaseId: '0b9d1c0e-6c62-4f43-8a5b-0f7a3d5f6a11',
    userId: 'ada',
    credits: 25,
    card: 'success',
    status: 'processing',
    paymentIntentId: null,
    link: null,
    problem: null,
    steps: [{ at: createdAt.toISOString(), detail: 'Purchase recorded' }],
    createdAt,
    updatedAt: createdAt,
    ...overrides,
  };
}
