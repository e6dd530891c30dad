import { HttpError } from '../../../api/errors.ts';

/** What the test card is to do, as Stripe's own test cards do it. */
export const TEST_CARDS = ['success', 'decline', 'authentication'] as const;
export type TestCard = (typeof TEST_CARDS)[number];

export type TestPurchaseStatus = 'processing' | 'requires_action' | 'succeeded' | 'declined' | 'expired';

export interface TestPurchaseRequest {
  /** The same id starts the same purchase, however often it is sent. */
  readonly purchaseId: string;
  readonly userId: string;
  readonly credits: number;
  readonly card: TestCard;
  /** Where Stripe's page leads back to. */
  readonly returnUrl: string;
}

/** A test purchase and how far it is. */
export interface TestPurchase extends Omit<TestPurchaseRequest, 'returnUrl'> {
  readonly status: TestPurchaseStatus;
  readonly paymentIntentId: string | null;
  /** Stripe's page where the payment is confirmed, while that is waited for. */
  readonly link: string | null;
  /** Why it was declined or has expired, or what it stands still for. */
  readonly problem: string | null;
  /** What has happened; oldest first, the times in ISO 8601. */
  readonly steps: readonly { readonly at: string; readonly detail: string }[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** All that the page wants of test purchases. */
export interface TestPurchases {
  /** @throws HttpError when it could not be started; the message is shown. */
  start(request: TestPurchaseRequest): Promise<void>;
  /** Newest first. */
  list(limit: number): Promise<readonly TestPurchase[]>;
  find(purchaseId: string): Promise<TestPurchase | undefined>;
}

/** Until test purchases are there. */
export const noTestPurchases: TestPurchases = {
  start: () =>
    Promise.reject(new HttpError('mode_not_configured', 'Test purchases are not set up in this version')),
  list: () => Promise.resolve([]),
  find: () => Promise.resolve(undefined),
};

export function hasEnded({ status }: Pick<TestPurchase, 'status'>): boolean {
  return status !== 'processing' && status !== 'requires_action';
}
