import { expect, test } from 'vitest';
import { FIRST_PAGE } from '../../domain/reconciliation.ts';
import { runOnce, useActivityEnvironment } from '../support/activity-environment.ts';
import { disputedPayment } from '../support/disputed-payment.ts';

const environment = useActivityEnvironment();

test("a stranger's dispute is handed on once, however often its event is read", async () => {
  const { simulator, activities } = environment;
  const { id: customer } = await simulator.stripe.test.customers.create({});
  await disputedPayment(simulator, customer);
  const stripeNow = Math.floor(Date.now() / 1_000) + 60 * 60;
  const page = {
    mode: 'test',
    startedAtMs: Date.now(),
    plan: {
      stripeNow,
      events: { from: 0, until: stripeNow, gone: null },
      comparesObjects: false,
      objectsSince: null,
    },
    cursor: FIRST_PAGE,
  } as const;
  const { forwarded: first = 0 } = await runOnce(() => activities.reconcileEvents(page));
  expect(first).toBeGreaterThan(0);
  expect(await runOnce(() => activities.reconcileEvents(page))).toMatchObject({ forwarded: 0 });
});
