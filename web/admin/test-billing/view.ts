import type { Database } from '../../../db/database.ts';
import {
  type AppliedTestEvent,
  listAppliedTestEvents,
  listTestCredits,
  type TestCredits,
} from '../../../db/test-mode.ts';
import { listSubscribers, searchUsers, type UserChoice } from '../../../db/user-lists.ts';
import type { User } from '../../../db/users.ts';
import type { TestPurchase, TestPurchases } from './test-purchases.ts';

/** What the form of a new purchase shows: nothing yet, or what was sent with something wrong. */
export interface PurchaseForm {
  readonly purchaseId: string;
  readonly userId: string;
  readonly credits: string;
  readonly card: string;
  readonly problem: string | null;
}

/** All that the tab shows. */
export interface TestBillingView {
  readonly form: PurchaseForm;
  readonly users: readonly UserChoice[];
  readonly purchases: readonly TestPurchase[];
  readonly credits: readonly TestCredits[];
  readonly subscriptions: readonly User[];
  readonly events: readonly AppliedTestEvent[];
}

const SHOWN = 20;
/** A list to choose from: who is not among them is found by typing. */
export const USERS_TO_CHOOSE_FROM = 20;

export async function readTestBilling(
  db: Database,
  testPurchases: TestPurchases,
  form: PurchaseForm,
  now: Date,
): Promise<TestBillingView> {
  const [users, purchases, credits, subscriptions, events] = await Promise.all([
    searchUsers(db, form.userId, USERS_TO_CHOOSE_FROM),
    testPurchases.list(SHOWN),
    listTestCredits(db, SHOWN, now),
    listSubscribers(db, 'test', SHOWN),
    listAppliedTestEvents(db, SHOWN),
  ]);
  return { form, users, purchases, credits, subscriptions, events };
}
