import { afterAll, beforeAll, expect, test } from 'vitest';
import { TEST_PURCHASE_WORKFLOW, testPurchaseStart } from '../../domain/test-purchase.ts';
import { signalTestPurchase, startChargeEvent } from '../../temporal/signals.ts';
import { startTestApi, type TestApi } from '../api/harness.ts';

/** Its namespace is one where no worker is: what is said is stored all the same. */
let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

test("a charge's event is brought once: of another time it is only told that it was brought", async () => {
  const event = {
    eventId: 'evt_1',
    type: 'charge.dispute.created',
    objectId: 'dp_1',
    chargeId: 'ch_1',
    created: 1,
  };
  expect(await startChargeEvent(api.temporal, { mode: 'test', event })).toBe(true);
  expect(await startChargeEvent(api.temporal, { mode: 'test', event })).toBe(false);
  expect(await startChargeEvent(api.temporal, { mode: 'live', event })).toBe(true);
});

test('a test purchase that runs is told of its events, one that does not is said not to', async () => {
  const event = { eventId: 'evt_2', type: 'payment_intent.succeeded', objectId: 'pi_1', created: 1 };
  const purchaseId = 'purchase-1';
  expect(await signalTestPurchase(api.temporal, purchaseId, event)).toBe(false);
  const purchase = await api.temporal.workflow.start(
    TEST_PURCHASE_WORKFLOW,
    testPurchaseStart({
      purchaseId,
      userId: 'ada',
      credits: 25,
      card: 'success',
      returnUrl: 'https://host.example',
    }),
  );
  expect(await signalTestPurchase(api.temporal, purchaseId, event)).toBe(true);
  await purchase.terminate();
  expect(await signalTestPurchase(api.temporal, purchaseId, event)).toBe(false);
});
