import { saveTestPurchase, type TestPurchase } from '../../db/test-purchases.ts';
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

/**
 * Begins a test purchase, for the JSON route and for the page. Written down first, so that it shows at once, and then started;
 * repeated under the same id it is the same purchase, and one whose start failed is started.
 *
 * @throws HttpError `mode_not_configured`, `user_not_found`, `idempotency_key_reused`, `temporal_unavailable`
 */
export async function beginTestPurchase(
  { db, temporal, webhookSecrets }: Pick<ApiDependencies, 'db' | 'temporal' | 'webhookSecrets'>,
  input: TestPurchaseInput,
): Promise<TestPurchase> {
  refuseUnlessConfigured(webhookSecrets, 'test');
  const purchase = await saveTestPurchase(db, input);
  if (purchase === undefined) {
    const message = `No user "${input.userId}" is registered, neither in test nor in live mode: PUT /api/users/${input.userId} first`;
    throw new HttpError('user_not_found', message, { param: 'userId' });
  }
  refuseOtherRequest(purchase, input);
  if (!isEnded(purchase.status)) await startTestPurchase(temporal, input);
  return purchase;
}

/** @throws HttpError `idempotency_key_reused` */
function refuseOtherRequest(before: TestPurchase, asked: TestPurchaseRequest): void {
  const { user_id: userId, credits, card } = before;
  if (userId === asked.userId && credits === asked.credits && card === asked.card) return;
  const message = `This Idempotency-Key has started another test purchase, of ${countOfCredits(credits)} for ${userId} with card ${card}: use a new key`;
  throw new HttpError('idempotency_key_reused', message, { param: 'Idempotency-Key' });
}
