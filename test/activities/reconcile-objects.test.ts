import { WorkflowNotFoundError } from '@temporalio/client';
import { afterEach, expect, test } from 'vitest';
import type { ReconciliationPage } from '../../activities/reconciliation-page.ts';
import { idOf } from '../../activities/stripe-values.ts';
import { saveDispute } from '../../db/disputes.ts';
import { listFindingsOfRun, openObjectsSince } from '../../db/reconciliation-findings.ts';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import { customerBillingStart } from '../../domain/customer-workflow.ts';
import { FIRST_PAGE, type ReconciliationPlan } from '../../domain/reconciliation.ts';
import type { FindingCode } from '../../domain/reconciliation-findings.ts';
import { runOnce, useActivityEnvironment } from '../support/activity-environment.ts';
import { disputedPayment } from '../support/disputed-payment.ts';
import { namesOf } from '../support/simulator.ts';
import { newCustomer, openBill } from './fixtures.ts';

const environment = useActivityEnvironment();
afterEach(() => environment.simulator.clearFaults());

const DAY = 24 * 60 * 60;
const STRIPE_NOW = Math.floor(Date.now() / 1_000) + 40 * DAY;
const GONE = { from: STRIPE_NOW - 31 * DAY, to: STRIPE_NOW - 30 * DAY };
let runs = 0;

/** The first page of a run that reads what was made within a day before it, forty days from now. */
function pageWith(
  plan: Partial<ReconciliationPlan> & { readonly gone?: typeof GONE } = {},
): ReconciliationPage {
  const { gone = null, ...changes } = plan;
  const events = { from: STRIPE_NOW - DAY, until: STRIPE_NOW, gone };
  const objectsSince = STRIPE_NOW - DAY;
  runs += 1;
  return {
    mode: 'test',
    startedAtMs: Date.now() + runs,
    plan: { stripeNow: STRIPE_NOW, events, comparesObjects: true, objectsSince, ...changes },
    cursor: FIRST_PAGE,
  };
}

async function codesAbout(page: ReconciliationPage, objectId: string): Promise<FindingCode[]> {
  const found = await listFindingsOfRun(environment.db, page.mode, new Date(page.startedAtMs), 1_000);
  return found.filter((finding) => finding.objectId === objectId).map(({ code }) => code);
}

test('a dispute that was opened before anything else is compared is found when it is decided', async () => {
  const { db, simulator, activities } = environment;
  const { userId, stripeCustomerId: customer } = await newCustomer(environment);
  const intent = await disputedPayment(simulator, customer);
  const [dispute] = (await simulator.stripe.test.disputes.list({ payment_intent: intent.id })).data;
  if (dispute === undefined) throw new Error('It was disputed');
  const known = { mode: 'test', userId, stripeChargeId: idOf(dispute.charge) ?? '', dueByMs: null } as const;
  await saveDispute(db, { ...known, id: dispute.id, status: dispute.status, amountCents: 500 });
  const undecided = pageWith();
  await runOnce(() => activities.compareDisputes(undecided));
  expect(await codesAbout(undecided, dispute.id)).toEqual([]);

  await simulator.stripe.test.disputes.close(dispute.id);
  const decided = pageWith();
  await runOnce(() => activities.compareDisputes(decided));
  expect(await codesAbout(decided, dispute.id)).toEqual(['dispute_missed']);
});

test('an old invoice is asked for by itself as long as it is to be collected, and then only where events are gone', async () => {
  const { db, simulator, activities } = environment;
  const { billId, stripeInvoiceId } = await openBill(environment, await newCustomer(environment));
  const asks = async (page: ReconciliationPage) => {
    const requests = await simulator.requestsDuring(() => runOnce(() => activities.compareBills(page)));
    return namesOf(requests).includes(`GET /v1/invoices/${stripeInvoiceId}`);
  };
  expect(await asks(pageWith({ stripeNow: STRIPE_NOW - 10 * DAY }))).toBe(false);
  expect(await asks(pageWith())).toBe(true);
  await db
    .updateTable('bills')
    .set({ status: 'payment_failed', is_collectible: false })
    .where('bill_id', '=', billId)
    .execute();
  expect(await asks(pageWith())).toBe(false);
  expect(await asks(pageWith({ gone: GONE }))).toBe(true);
});

test('an old invoice that Stripe does not have is found also by a run that reads all others', async () => {
  const { db, activities } = environment;
  const { billId } = await openBill(environment, await newCustomer(environment));
  const missing = 'in_of_another_account';
  await db.updateTable('bills').set({ stripe_invoice_id: missing }).where('bill_id', '=', billId).execute();
  for (const objectsSince of [null, STRIPE_NOW - DAY]) {
    const page = pageWith({ objectsSince });
    await runOnce(() => activities.compareBills(page));
    expect(await codesAbout(page, missing)).toEqual(['invoice_missing']);
  }
});

test('where events are gone, who waits for a payment method is looked at, though nothing of them has changed', async () => {
  const { db, temporal, activities } = environment;
  const waits = await newCustomer(environment);
  const other = await newCustomer(environment);
  await db
    .updateTable('users')
    .set({ status: 'suspended', waiting_for: 'payment_method' })
    .where('user_id', '=', waits.userId)
    .execute();
  const isLookedAt = async ({ mode, stripeCustomerId }: KnownCustomer) => {
    const { workflowId } = customerBillingStart({ mode, stripeCustomerId });
    try {
      await temporal.workflow.getHandle(workflowId).describe();
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  };
  await runOnce(() => activities.compareCustomers(pageWith()));
  expect(await isLookedAt(waits)).toBe(false);
  const page = pageWith({ gone: GONE });
  await runOnce(() => activities.compareCustomers(page));
  expect(await isLookedAt(waits)).toBe(true);
  expect(await isLookedAt(other)).toBe(false);
  expect(await codesAbout(page, waits.stripeCustomerId)).toEqual([]);
});

test('what is found on an invoice says how old that is', async () => {
  const { db, simulator, activities } = environment;
  const { stripeCustomerId: customer } = await newCustomer(environment, { mode: 'live' });
  const invoice = await simulator.stripe.live.invoices.create({
    customer,
    metadata: { bill_id: 'bill_unknown' },
  });
  const page: ReconciliationPage = { ...pageWith({ objectsSince: null }), mode: 'live' };
  await runOnce(() => activities.compareInvoices(page));
  expect(await codesAbout(page, invoice.id)).toEqual(['invoice_without_bill']);
  expect(await openObjectsSince(db, 'live')).toBe(invoice.created);
});

test("Stripe's time is known also where the key may not read the list that is asked for it", async () => {
  const { simulator, activities } = environment;
  const ahead = Date.now() + 7 * DAY * 1_000;
  await simulator.setClock(new Date(ahead));
  await simulator.fault('GET /v1/invoices', 'status_403');
  const at = await runOnce(() => activities.readStripeClock({ mode: 'test' }));
  expect(at).toBeGreaterThanOrEqual(Math.floor(ahead / 1_000));
});
