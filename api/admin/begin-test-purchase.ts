import type { Database } from '../../db/database.ts';
import { saveTestPurchase, type TestPurchase } from '../../db/test-purchases.ts';
import { findUser } from '../../db/users.ts';
import {
  countOfCredits,
  isEnded,
  type TestPurchaseInput,
  type TestPurchaseRequest,
} from '../../domain/test-purchase.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpError } from '../errors.ts';
import { refuseUnlessConfigured } from '../mode-configuration.ts';
import { startTestPurchase } from '../temporal/test-purchases.ts';
import { userErased } from '../users/find-user.ts';

/**
 * Begins a test purchase, for the JSON route and for the page. Written down first, so that it shows at once, and then started;
 * repeated under the same id it is the same purchase, and one whose start failed is started.
 *
 * @throws HttpError `mode_not_configured`, `user_not_found`, `user_erased`, `idempotency_key_reused`, `temporal_unavailable`
 */
export async function beginTestPurchase(
  { db, temporal, webhookSecrets }: Pick<ApiDependencies, 'db' | 'temporal' | 'webhookSecrets'>,
  input: TestPurchaseInput,
): Promise<TestPurchase> {
  refuseUnlessConfigured(webhookSecrets, 'test');
  const purchase = await saveTestPurchase(db, input);
  if (purchase === undefined) throw await nobodyToBuy(db, input.userId);
  refuseOtherRequest(purchase, input);
  if (!isEnded(purchase.status)) await startTestPurchase(temporal, input);
  return purchase;
}

/** Why there is nobody in test mode to buy something for: erased there, or erased in live mode and unknown there, or unknown. */
async function nobodyToBuy(db: Database, userId: string): Promise<HttpError> {
  const user = (await findUser(db, 'test', userId)) ?? (await findUser(db, 'live', userId));
  if (user !== undefined && user.erased_at !== null) return userErased(userId);
  const message = `No user "${userId}" is registered, neither in test nor in live mode: PUT /api/users/${userId} first`;
  return new HttpError('user_not_found', message, { param: 'userId' });
}

/** @throws HttpError `idempotency_key_reused` */
function refuseOtherRequest(before: TestPurchase, asked: TestPurchaseRequest): void {
  const { user_id: userId, credits, card } = before;
  if (userId === asked.userId && credits === asked.credits && card === asked.card) return;
  const message = `This Idempotency-Key has started another test purchase, of ${countOfCredits(credits)} for ${userId} with card ${card}: use a new key`;
  throw new HttpError('idempotency_key_reused', message, { param: 'Idempotency-Key' });
}
