import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  callApi,
  completeCheckout,
  newCustomer,
  simulate,
  stateIs,
  subscriptionsOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { letStripeTimePass } from '../../chaos/world/stripe-clock.ts';
import { usersWithCustomer } from '../../chaos/world/usage.ts';
import { startClose } from '../../cli/close.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { BILLING_PROGRESS_QUERY, type MonthlyBillingReport } from '../../domain/monthly-close.ts';
import type { FaultKind, LoggedRequest } from '../support/simulator.ts';
import { type Drill, startDrill } from './drill.ts';
import { expectRisingHoursInvoiced, unansweredWrites, useRisingHours } from './outcomes.ts';

/** Longer than Stripe keeps an idempotency key, and than we trust one. */
const HOURS_AWAY = 25;
const PERIOD = parseBillingPeriod('2024-01');
const CHECKOUT = {
  mode: 'setup',
  successUrl: 'https://host.example/done',
  cancelUrl: 'https://host.example/billing',
};

let drill: Drill;
beforeAll(async () => {
  drill = await startDrill();
});
afterAll(() => drill.stop());

test('Stripe is away for a day, in the middle of sign-ups and of a close: it costs nobody anything but the day', async () => {
  const subscribing = await Promise.all(Array.from({ length: 4 }, () => newCustomer(drill)));
  const billed = await usersWithCustomer(drill, 20);
  await useRisingHours(drill, billed, PERIOD);
  // Some is done, and the answer gets lost; some is stored as an error under its key; then Stripe is gone.
  await fault('POST /v1/subscriptions', 'processed_without_answer', 2);
  await fault('POST /v1/subscriptions', 'status_500', 2);
  await fault('POST /v1/invoices', 'latency', 4);
  await fault('POST /v1/invoices', 'processed_without_answer', 4);
  await fault('POST /v1/invoices', 'status_500', 100);
  await fault('POST /v1/invoices/:id/finalize', 'processed_without_answer', 2);
  await fault('POST /v1/invoices/:id/finalize', 'status_500', 100);
  await Promise.all(subscribing.map(({ checkout }) => completeCheckout(drill, checkout.id)));
  const close = await startClose(drill.temporal, { mode: 'test', period: PERIOD });
  await eventually('all to be in the middle', requestsStruck, isInTheMiddle);
  await drill.parts.stripe.kill();
  const unanswered = await generationsOf(await unansweredWrites(drill));

  const { waiting } = await eventually(
    'the close to wait',
    () => close.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY),
    (report) => report.waiting !== null,
  );
  expect(waiting?.problem).toMatch(/^Stripe: /);
  const newcomer = `newcomer-${Date.now()}`;
  await callApi(drill, 'test', 'PUT', `/api/users/${newcomer}`, {
    body: { email: 'new@example.com', name: 'New' },
  });
  // One of whom Stripe has never heard, and one whose sign-up is under way.
  const refusals = await Promise.all([newcomer, subscribing[0]?.userId ?? ''].map(askForCheckout));
  for (const refusal of refusals) {
    expect(refusal).toMatchObject({ status: 503, body: { error: { code: 'stripe_unavailable' } } });
  }

  // The day: keys are forgotten by Stripe, and too old for us.
  await sql`UPDATE stripe_writes SET key_issued_at = key_issued_at - make_interval(hours => ${HOURS_AWAY})`.execute(
    drill.db,
  );
  await drill.parts.stripe.restart();
  await letStripeTimePass(drill, HOURS_AWAY * 60 * 60_000);

  await expectRisingHoursInvoiced(drill, billed, close);
  for (const customer of subscribing) {
    await stateIs(drill, customer, 'active', ({ status }) => status === 'active');
    expect(await subscriptionsOf(drill, customer)).toMatchObject([{ status: 'active' }]);
  }
  // Of what had no answer some was found by looking; the rest was made anew, under a key that Stripe had not forgotten.
  const generations = await generationsOf([...unanswered.keys()]);
  const renewed = [...unanswered].filter(([key, generation]) => generations.get(key) !== generation);
  expect(renewed.length).toBeGreaterThan(0);
  expect(renewed.length).toBeLessThan(unanswered.size);
  const sessions = await Promise.all([newcomer, subscribing[0]?.userId ?? ''].map(askForCheckout));
  expect(sessions).toMatchObject([{ status: 201 }, { status: 201 }]);
  expect(drill.endedByThemselves).toEqual([]);
});

const fault = async (route: string, kind: FaultKind, count: number) =>
  await simulate(drill, 'faults', { route, kind, count });

/** The requests that a fault has struck. */
async function requestsStruck(): Promise<LoggedRequest[]> {
  const response = await fetch(`${drill.simulatorUrl}/_sim/requests`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the simulator's own answer
  const { requests } = (await response.json()) as { requests: LoggedRequest[] };
  return requests.filter((request) => request.fault !== null);
}

function isInTheMiddle(struck: readonly LoggedRequest[]): boolean {
  const count = (pattern: RegExp) => struck.filter(({ path }) => pattern.test(path)).length;
  return count(/subscriptions$/) >= 4 && count(/invoices$/) >= 20 && count(/finalize$/) >= 3;
}

/** How many keys each of the writes to Stripe has spent. */
async function generationsOf(writeKeys: readonly string[]): Promise<Map<string, number>> {
  const rows = await drill.db
    .selectFrom('stripe_writes')
    .select(['write_key', 'generation'])
    .where('write_key', 'in', writeKeys)
    .execute();
  return new Map(rows.map((row) => [row.write_key, row.generation]));
}

/** What a host product gets, with the same key each time. */
async function askForCheckout(userId: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${drill.apiUrl}/api/users/${userId}/checkout-sessions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${drill.apiKeys.test}`,
      'content-type': 'application/json',
      'idempotency-key': `checkout-of-${userId}`,
    },
    body: JSON.stringify(CHECKOUT),
  });
  return { status: response.status, body: await response.json() };
}
