import type { WorkflowHandle } from '@temporalio/client';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DecisionOnBills } from '../../api/temporal/decide-on-bills.ts';
import type { Customer } from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { useGpu, usersWithCustomer, userWithoutCustomer } from '../../chaos/world/usage.ts';
import { reportOf, startClose } from '../../cli/close.ts';
import { approve, decideOnBills, retryParked } from '../../cli/close-decisions.ts';
import type { CliContext } from '../../cli/context.ts';
import { listBills } from '../../db/bills.ts';
import { countAwaitingRelease } from '../../db/close-decisions.ts';
import { type BillingPeriod, parseBillingPeriod, periodClosedAt } from '../../domain/billing-period.ts';
import { MAX_BILLS_OF_DECISION } from '../../domain/close-decisions.ts';
import {
  BILLING_PROGRESS_QUERY,
  type ClosePhase,
  type MonthlyBillingReport,
  monthlyBillingWorkflowId,
  SCHEDULED_MONTHLY_BILLING_WORKFLOW,
} from '../../domain/monthly-close.ts';
import { BILLING_BATCH_TASK_QUEUE } from '../../domain/task-queues.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from './service.ts';

let billing: BillingService;

let context: CliContext;
beforeAll(async () => {
  billing = await startTestBilling();
  await billing.startWorker({ approval: 'required' });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what decisions need of it
  context = {
    links: { temporalUiUrl: null, temporalNamespace: 'test' },
    withDatabase: async (work) => await work(billing.db),
    withTemporal: async (work) => await work(billing.temporal),
  } as CliContext;
});
afterAll(() => billing.stop());

const monthOf = (period: BillingPeriod) => ({ mode: 'test', period }) as const;
const decide = async (period: BillingPeriod, choice: Omit<DecisionOnBills, 'by'>) =>
  await decideOnBills(context, monthOf(period), { ...choice, by: 'Grace' });

async function billOf({ userId }: Pick<Customer, 'userId'>, period: BillingPeriod) {
  return (await listBills(billing.db, 'test', userId)).find((bill) => bill.period === period);
}

async function invoicesOf({ stripeCustomerId: customer }: Customer): Promise<number[]> {
  const { data } = await billing.stripe.test.invoices.list({ customer, limit: 100 });
  return data.map((invoice) => invoice.total);
}

async function phaseIs(handle: WorkflowHandle, wanted: ClosePhase): Promise<MonthlyBillingReport> {
  return await eventually(
    `the close to be ${wanted}`,
    () => handle.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY),
    ({ phase }) => phase === wanted,
  );
}

/** A month of its own in which each has used GPUs for $2.00, frozen and waiting for approval. */
async function frozenMonth(period: BillingPeriod, customers: readonly Customer[]): Promise<WorkflowHandle> {
  for (const each of customers) await useGpu(billing, each, period, '1');
  const handle = await startClose(billing.temporal, monthOf(period));
  await phaseIs(handle, 'awaiting_approval');
  return handle;
}

describe('a person in charge', () => {
  test('a held bill stops nobody else; released, it goes out, and the close ends', async () => {
    const period = parseBillingPeriod('2025-01');
    const [held, other] = (await usersWithCustomer(billing, 2)) as [Customer, Customer];
    const handle = await frozenMonth(period, [held, other]);
    await decide(period, { type: 'hold', bills: [held.userId], reason: 'looks odd' });
    await approve(context, monthOf(period), 'Grace');

    expect(await phaseIs(handle, 'awaiting_release')).toMatchObject({ invoicedBills: 1, heldBills: 1 });
    expect(await billOf(held, period)).toMatchObject({ status: 'held' });
    expect(await invoicesOf(held)).toEqual([]);
    expect(await invoicesOf(other)).toEqual([200]);

    await decide(period, { type: 'release', bills: 'all' });
    expect(await reportOf(handle)).toMatchObject({
      phase: 'done',
      invoicedBills: 2,
      invoicedCents: 400,
      heldBills: 0,
      balance: { usedCents: 400, billedCents: 400, heldCents: 0, contradictions: 0 },
    });
    expect(await invoicesOf(held)).toEqual([200]);
    const decisions = await billing.db
      .selectFrom('close_decisions')
      .select(['type', 'decided_by', 'reason'])
      .where('period', '=', period)
      .orderBy('decided_at')
      .execute();
    expect(decisions).toEqual([
      { type: 'hold', decided_by: 'Grace', reason: 'looks odd' },
      { type: 'approve', decided_by: 'Grace', reason: null },
      { type: 'release', decided_by: 'Grace', reason: null },
    ]);
  });

  test('a bill that is released before the approval waits for it, and goes with the others', async () => {
    const period = parseBillingPeriod('2025-02');
    const [customer] = (await usersWithCustomer(billing, 1)) as [Customer];
    const handle = await frozenMonth(period, [customer]);
    await decide(period, { type: 'hold', bills: [customer.userId], reason: 'looks odd' });
    await decide(period, { type: 'release', bills: [customer.userId] });
    expect(await invoicesOf(customer)).toEqual([]);
    await approve(context, monthOf(period), 'Grace');
    expect(await reportOf(handle)).toMatchObject({ invoicedBills: 1, invoicedCents: 200 });
    expect(await invoicesOf(customer)).toEqual([200]);
  });

  test('without skipped bills the close ends; they are released later, and nothing else goes out with them', async () => {
    const period = parseBillingPeriod('2025-03');
    const [skipped, other] = (await usersWithCustomer(billing, 2)) as [Customer, Customer];
    const handle = await frozenMonth(period, [skipped, other]);
    await decide(period, { type: 'hold', bills: [skipped.userId], reason: 'looks odd' });
    await approve(context, monthOf(period), 'Grace');
    await phaseIs(handle, 'awaiting_release');
    await decide(period, { type: 'skip', bills: [skipped.userId] });
    expect(await reportOf(handle)).toMatchObject({
      invoicedBills: 1,
      heldBills: 1,
      balance: { usedCents: 400, billedCents: 200, heldCents: 200 },
    });

    // Frozen meanwhile, and approved by nobody.
    const late = (await usersWithCustomer(billing, 1)) as [Customer];
    await useGpu(billing, late[0], period, '1');
    await decide(period, { type: 'release', bills: [skipped.userId] });
    expect(await reportOf(billing.temporal.workflow.getHandle(handle.workflowId))).toMatchObject({
      frozenBills: 0,
      invoicedBills: 1,
      heldBills: 0,
      balance: { usedCents: 600, billedCents: 400, unbilledCents: 200 },
    });
    expect(await invoicesOf(skipped)).toEqual([200]);
    expect(await billOf(late[0], period)).toBeUndefined();
  });

  test('what can’t be decided is refused with a sentence, and changes nothing', async () => {
    const period = parseBillingPeriod('2025-04');
    const [customer] = (await usersWithCustomer(billing, 1)) as [Customer];
    const handle = await frozenMonth(period, [customer]);
    const { billId = '' } = (await billOf(customer, period)) ?? {};
    await expect(decide(period, { type: 'release', bills: [billId] })).rejects.toThrow(
      `Nothing is changed: ${billId} is not held but frozen.`,
    );
    await expect(decide(period, { type: 'hold', bills: ['bill_x'], reason: 'why' })).rejects.toThrow(
      'bill_x is no bill of this month',
    );
    await expect(decide(period, { type: 'hold', bills: [billId] })).rejects.toThrow('Say why in 1 to 500');
    await expect(decide(period, { type: 'skip', bills: 'all' })).rejects.toThrow(
      'No bill of 2025-04 (test) is held',
    );
    await expect(approve(context, monthOf(period), ' ')).rejects.toThrow('Say who approves');
    await approve(context, monthOf(period), 'Grace');
    await reportOf(handle);
    await expect(approve(context, monthOf(period), 'Grace')).rejects.toThrow(
      'no close of 2025-04 (test) runs',
    );
    await expect(decide(period, { type: 'hold', bills: [billId], reason: 'late' })).rejects.toThrow(
      /is (open|payment failed)/,
    );
    // Nothing was asked of the close that was started for it.
    const last = billing.temporal.workflow.getHandle(monthlyBillingWorkflowId('test', period));
    expect(await reportOf(last)).toMatchObject({ phase: 'done', invoicedBills: 0 });
  });
});

test('all that are held are skipped although one was skipped before, and though they are more than one decision takes', async () => {
  const period = parseBillingPeriod('2025-06');
  const customers = await usersWithCustomer(billing, 3);
  const handle = await frozenMonth(period, customers);
  const bills = customers.map(({ userId }) => userId);
  await decide(period, { type: 'hold', bills, reason: 'looks odd' });
  await approve(context, monthOf(period), 'Grace');
  await phaseIs(handle, 'awaiting_release');
  await decide(period, { type: 'skip', bills: bills.slice(0, 1) });
  await decide(period, { type: 'skip', bills: 'all' });
  expect(await reportOf(handle)).toMatchObject({ phase: 'done', heldBills: 3 });
  await expect(decide(period, { type: 'skip', bills: 'all' })).rejects.toThrow('is skipped already');

  // As many others that nobody has looked at.
  await sql`
    INSERT INTO bills (mode, user_id, period, part, parts, status, total_cents, credits_applied_cents)
    SELECT 'test', ${customers[0]?.userId}, ${period}, part, ${MAX_BILLS_OF_DECISION + 2}, 'held', 200, 0
    FROM generate_series(2, ${MAX_BILLS_OF_DECISION + 2}) AS part`.execute(billing.db);
  await decide(period, { type: 'skip', bills: 'all' });
  expect(await countAwaitingRelease(billing.db, monthOf(period))).toBe(0);
  const skips = await billing.db
    .selectFrom('close_decisions')
    .select((query) => query.fn('cardinality', ['bill_ids']).as('bills'))
    .where('period', '=', period)
    .where('type', '=', 'skip')
    .orderBy('decided_at')
    .execute();
  expect(skips.map((each) => each.bills)).toEqual([1, 2, MAX_BILLS_OF_DECISION, 1]);
});

test('what the Schedule has started ends when only held bills are left: the next month does not wait for a person', async () => {
  const period = periodClosedAt(new Date());
  const [held, other] = (await usersWithCustomer(billing, 2)) as [Customer, Customer];
  for (const each of [held, other]) await useGpu(billing, each, period, '1');
  const scheduled = await billing.temporal.workflow.start(SCHEDULED_MONTHLY_BILLING_WORKFLOW, {
    workflowId: 'scheduled',
    taskQueue: BILLING_BATCH_TASK_QUEUE,
    args: [{ mode: 'test' }],
  });
  const close = billing.temporal.workflow.getHandle(monthlyBillingWorkflowId('test', period));
  await phaseIs(close, 'awaiting_approval');
  const waiting = `WorkflowId = "${close.workflowId}" AND BillingWaitingFor = "operator"`;
  await eventually(
    'the close to be found among those that wait for an operator',
    () => billing.temporal.workflow.count(waiting),
    ({ count }) => count === 1,
  );
  await decide(period, { type: 'hold', bills: [held.userId], reason: 'looks odd' });
  await approve(context, monthOf(period), 'Grace');
  expect(await scheduled.result()).toBe('awaiting_release');
  expect(await phaseIs(close, 'awaiting_release')).toMatchObject({ invoicedBills: 1, heldBills: 1 });
  await decide(period, { type: 'skip', bills: 'all' });
  expect(await reportOf(close)).toMatchObject({ phase: 'done', heldBills: 1 });
});

test('retry-parked bills exactly those that are parked, beside a close that waits or on its own', async () => {
  const period = parseBillingPeriod('2025-05');
  const stranger = await userWithoutCustomer(billing);
  const [held, other] = (await usersWithCustomer(billing, 2)) as [Customer, Customer];
  await useGpu(billing, stranger, period, '3');
  const handle = await frozenMonth(period, [held, other]);
  await decide(period, { type: 'hold', bills: [held.userId], reason: 'looks odd' });
  await approve(context, monthOf(period), 'Grace');
  expect(await phaseIs(handle, 'awaiting_release')).toMatchObject({ invoicedBills: 1, parkedBills: 1 });

  // Not mended yet: parked again.
  await retryParked(billing.temporal, monthOf(period), 'Grace');
  expect(await phaseIs(handle, 'awaiting_release')).toMatchObject({ invoicedBills: 1, parkedBills: 1 });
  await decide(period, { type: 'skip', bills: 'all' });
  expect(await reportOf(handle)).toMatchObject({ phase: 'done', parkedBills: 1, heldBills: 1 });
  expect((await billOf(stranger, period))?.status).toBe('parked');

  const { id } = await billing.stripe.test.customers.create({ name: 'Late' });
  await billing.db
    .updateTable('users')
    .set({ stripe_customer_id: id })
    .where('user_id', '=', stranger.userId)
    .execute();
  // Frozen, and approved by nobody: none of its business.
  await billing.db
    .updateTable('bills')
    .set({ status: 'frozen' })
    .where('user_id', '=', held.userId)
    .execute();
  const own = await retryParked(billing.temporal, monthOf(period), 'Grace');
  expect(await reportOf(own)).toMatchObject({
    frozenBills: 0,
    invoicedBills: 1,
    invoicedCents: 600,
    parkedBills: 0,
    heldBills: 0,
  });
  expect(await invoicesOf({ ...stranger, stripeCustomerId: id })).toEqual([600]);
  expect(await invoicesOf(held)).toEqual([]);
  expect(await invoicesOf(other)).toEqual([200]);
});
