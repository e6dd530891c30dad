import { expect, test } from 'vitest';
import { findTestPurchase, recordTestPurchase, saveTestPurchaseState } from '../../db/test-purchases.ts';
import type { TestPurchaseState, TestPurchaseStep } from '../../domain/test-purchase.ts';
import { useTestDatabase } from '../support/database.ts';
import { newUser } from './fixtures.ts';

const database = useTestDatabase();

/** A purchase that is written down, and what is saved of it. */
async function newPurchase() {
  const { db } = database;
  const asked = { userId: await newUser(db), credits: 1, card: 'success' } as const;
  const purchaseId = `of-${asked.userId}`;
  await recordTestPurchase(db, { purchaseId, ...asked });
  const save = async (status: TestPurchaseState['status'], steps: readonly TestPurchaseStep['step'][]) =>
    await saveTestPurchaseState(
      db,
      {
        purchaseId,
        ...asked,
        status,
        stripeCustomerId: null,
        paymentIntentId: null,
        link: null,
        problem: null,
        declineCode: null,
        steps: steps.map((step) => ({ step, at: '2026-11-01T00:00:00.000Z', detail: step })),
      },
      [],
    );
  const saved = async () => {
    const row = await findTestPurchase(db, purchaseId);
    return { status: row?.status, steps: row?.steps.map(({ step }) => step) };
  };
  return { save, saved };
}

test('a purchase that has ended stays so when an older state is saved late', async () => {
  const { save, saved } = await newPurchase();
  await save('processing', ['customer']);
  await save('succeeded', ['customer', 'credits']);
  await save('processing', ['customer', 'credits']);
  expect(await saved()).toEqual({ status: 'succeeded', steps: ['customer', 'credits'] });
});

test('a state of fewer steps that is saved late takes none of the later ones away', async () => {
  const { save, saved } = await newPurchase();
  await save('requires_action', ['customer', 'payment']);
  await save('processing', ['customer']);
  expect(await saved()).toEqual({ status: 'requires_action', steps: ['customer', 'payment'] });
  await save('processing', ['customer', 'payment']);
  expect(await saved()).toEqual({ status: 'processing', steps: ['customer', 'payment'] });
});
