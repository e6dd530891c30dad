import { beginTestPurchase } from '../../../api/admin/begin-test-purchase.ts';
import type { ApiDependencies } from '../../../api/dependencies.ts';
import {
  findTestPurchase,
  listTestPurchases,
  type TestPurchase as TestPurchaseRow,
} from '../../../db/test-purchases.ts';
import { isEnded, type TestPurchaseInput, type TestPurchaseState } from '../../../domain/test-purchase.ts';

/** A test purchase and how far it is. */
export interface TestPurchase
  extends Pick<
    TestPurchaseState,
    'purchaseId' | 'userId' | 'credits' | 'card' | 'status' | 'paymentIntentId' | 'link' | 'problem'
  > {
  /** What has happened; oldest first, the times in ISO 8601. */
  readonly steps: readonly { readonly at: string; readonly detail: string }[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** All that the page wants of test purchases. */
export interface TestPurchases {
  /** @throws HttpError when it could not be started; the message is shown. */
  start(request: TestPurchaseInput): Promise<void>;
  /** Newest first. */
  list(limit: number): Promise<readonly TestPurchase[]>;
  find(purchaseId: string): Promise<TestPurchase | undefined>;
}

export function testPurchasesOf(dependencies: ApiDependencies): TestPurchases {
  const { db } = dependencies;
  return {
    start: async (request) => void (await beginTestPurchase(dependencies, request)),
    list: async (limit) => (await listTestPurchases(db, limit)).map(purchaseOf),
    find: async (purchaseId) => {
      const row = await findTestPurchase(db, purchaseId);
      return row === undefined ? undefined : purchaseOf(row);
    },
  };
}

export function hasEnded({ status }: Pick<TestPurchase, 'status'>): boolean {
  return isEnded(status);
}

function purchaseOf(row: TestPurchaseRow): TestPurchase {
  return {
    purchaseId: row.purchase_id,
    userId: row.user_id,
    credits: row.credits,
    card: row.card,
    status: row.status,
    paymentIntentId: row.payment_intent_id,
    link: row.link,
    problem: row.problem,
    steps: row.steps,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
