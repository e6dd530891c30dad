import type { z } from 'zod';
import type { Database } from '../../../db/database.ts';
import { findTestPurchase, recordTestPurchase, type TestPurchase } from '../../../db/test-purchases.ts';
import { findUser } from '../../../db/users.ts';
import {
  countOfCredits,
  isEnded,
  type TestPurchaseInput,
  type TestPurchaseRequest,
} from '../../../domain/test-purchase.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { HttpError } from '../../errors.ts';
import { refuseUnlessConfigured } from '../../mode-configuration.ts';
import { startTestPurchase } from '../../temporal/test-purchases.ts';
import { userErased } from '../../users/find-user.ts';
import type { testPurchaseSchema, testPurchaseStepsSchema } from './schema.ts';

/** A purchase as admins are told of it, with its steps. */
export type PurchaseWithSteps = z.output<typeof testPurchaseStepsSchema>;

/**
 * Begins a test purchase, for the JSON route and for the page. Written down first, so that it shows at once, and then started;
 * repeated under the same id it is the same purchase, and one whose start failed is started.
 *
 * @throws HttpError `mode_not_configured`, `user_not_found`, `user_erased`, `idempotency_key_reused`, `temporal_unavailable`
 */
export async function beginTestPurchase(
  { db, temporal, webhookSecrets }: Pick<ApiDependencies, 'db' | 'temporal' | 'webhookSecrets'>,
  input: TestPurchaseInput,
): Promise<z.output<typeof testPurchaseSchema>> {
  refuseUnlessConfigured(webhookSecrets, 'test');
  const purchase = await recordTestPurchase(db, input);
  if (purchase === undefined) throw await nobodyToBuy(db, input.userId);
  refuseOtherRequest(purchase, input);
  if (!isEnded(purchase.status)) await startTestPurchase(temporal, input);
  return publicPurchase(purchase);
}

/** Finds a purchase and how far it is; `undefined` when there is none of this id. */
export async function findPurchase(db: Database, purchaseId: string): Promise<PurchaseWithSteps | undefined> {
  const purchase = await findTestPurchase(db, purchaseId);
  return purchase === undefined ? undefined : purchaseWithSteps(purchase);
}

/** What admins are told of a purchase in full. */
export function purchaseWithSteps(purchase: TestPurchase): PurchaseWithSteps {
  return { ...publicPurchase(purchase), steps: purchase.steps };
}

function publicPurchase(row: TestPurchase): z.output<typeof testPurchaseSchema> {
  return {
    id: row.purchase_id,
    userId: row.user_id,
    credits: row.credits,
    card: row.card,
    status: row.status,
    paymentIntentId: row.payment_intent_id,
    link: row.link,
    problem: row.problem,
    declineCode: row.decline_code,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
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
