import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SentUsage } from '../../chaos/judge/account.ts';
import {
  CARDS,
  type Customer,
  callApi,
  newCustomer,
  PERSON,
  stateOf,
  subscribedCustomer,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { sendUsage } from '../../chaos/world/host-product.ts';
import {
  billFails,
  buysCredits,
  cancels,
  completes,
  hasCredits,
  isChargedTo,
  opensCheckout,
  type Person,
  personOf,
} from '../../chaos/world/life-steps.ts';
import { Settling } from '../../chaos/world/settling.ts';
import { letStripeTimePass } from '../../chaos/world/stripe-clock.ts';
import { closeMonth } from '../../cli/close.ts';
import { reconcileNow } from '../../cli/reconcile.ts';
import { loadMonthBalance } from '../../db/month-balance.ts';
import { listFindingsOfRun } from '../../db/reconciliation-findings.ts';
import {
  type BillingPeriod,
  periodClosedAt,
  periodStart,
  previousPeriod,
} from '../../domain/billing-period.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { sumCents } from '../../domain/money.ts';
import { runBilling } from '../cli/command.ts';
import { takeBaseBackup } from './base-backup.ts';
import { type Drill, startDrill } from './drill.ts';

const DAY_MS = 24 * 60 * 60_000;
const GPU_HOUR_CENTS = 200;

const LAST_MONTH = periodClosedAt(new Date());
const LOST_MONTH = previousPeriod(LAST_MONTH);
const FIRST_MONTH = previousPeriod(LOST_MONTH);

let drill: Drill;
/** What the host product has sent, and can send again. */
const sent: Record<Mode, SentUsage[]> = { live: [], test: [] };
beforeAll(async () => {
  drill = await startDrill();
});
afterAll(() => drill.stop());

test('a database put back to a backup beside Temporal and Stripe that went on: nothing is billed twice, and nothing is lost', async () => {
  const settling = new Settling(drill);
  const ada = await person();
  const bob = await person();
  const fay = await person();
  const gil = await person({ card: CARDS.declinesCharges });
  const lea = await person({ mode: 'live' });
  for (const each of [ada, bob, fay, lea]) await uses(each, FIRST_MONTH, '1');
  await closeBoth(FIRST_MONTH);
  await uses(ada, LOST_MONTH, '3');
  await uses(lea, LOST_MONTH, '4');
  await settling.isOver();

  const backup = await takeBaseBackup(drill.databaseUrl, path.join(await folderBeside(), 'backup'));
  const dora = personOf(await newCustomer(drill));
  await completes(CARDS.good)(drill, dora);
  await buysCredits(5)(drill, ada);
  await hasCredits(500)(drill, ada);
  await opensCheckout(drill, bob);
  await completes(CARDS.anotherGood)(drill, bob);
  await isChargedTo('4444')(drill, bob);
  await cancels(drill, fay);
  for (const [index, each] of [ada, bob, fay, gil, dora].entries())
    await uses(each, LOST_MONTH, String(index + 10));
  await closeBoth(LOST_MONTH);
  await billFails(drill, gil);
  await uses(ada, LOST_MONTH, '2'); // Late: it is the next bill's.
  await settling.isOver();
  const everybody = [ada, bob, fay, gil, lea, dora];
  const before = await standing(everybody);
  // Stripe has forgotten the keys by which it would know a write again.
  await letStripeTimePass(drill, 2 * DAY_MS);

  await drill.parts.api.stop();
  await drill.parts.worker.stop();
  await backup.putBack(drill.parts.postgres);
  expect((await standing(everybody)).bills).not.toEqual(before.bills);
  const noted = await runBilling(drill.databaseUrl, ['restored', '--backup', backup.begunAt.toISOString()]);
  expect(noted).toMatchObject({ status: 0 });
  await drill.parts.worker.restart();
  await drill.parts.api.restart();

  // The host product sends what it has: users, and usage of which some is here.
  for (const each of everybody)
    await callApi(drill, each.mode, 'PUT', `/api/users/${each.userId}`, { body: PERSON });
  for (const mode of MODES) await sendUsage(drill, mode, sent[mode]);
  // Also where somebody is quicker than the reconciliation.
  await closeMonth(drill.temporal, { mode: 'live', period: LOST_MONTH });
  const codes = await reconcileToTheEnd(everybody);
  expect(codes).toEqual(['bill_missed', 'customer_missed', 'event_missed', 'setup_missed']);
  await closeBoth(LOST_MONTH);
  expect(await standing(everybody)).toEqual(before);

  await uses(bob, LAST_MONTH, '1');
  await closeBoth(LAST_MONTH);
  await reconcileToTheEnd(everybody);
  for (const each of everybody)
    expect(await billedCents(each)).toBe(usedCents(each) - creditsUsed(each, ada));
  for (const mode of MODES) {
    for (const period of [FIRST_MONTH, LOST_MONTH, LAST_MONTH]) {
      const balance = await loadMonthBalance(drill.db, { mode, period });
      for (const product of balance) expect(product).toMatchObject({ unbilledCents: 0, contradictions: 0 });
    }
  }
  expect(drill.endedByThemselves).toEqual([]);
});

async function person(options: Parameters<typeof subscribedCustomer>[1] = {}): Promise<Person> {
  const customer = await subscribedCustomer(drill, options);
  return { ...personOf({ ...customer, checkout: { id: '', url: '' } }), openCheckouts: [] };
}

/** All that the five credits paid for. */
const creditsUsed = (customer: Customer, buyer: Customer) => (customer === buyer ? 500 : 0);

async function uses({ mode, userId }: Customer, period: BillingPeriod, hours: string): Promise<void> {
  const occurredAt = new Date(periodStart(period).getTime() + DAY_MS).toISOString();
  const event = { id: randomUUID(), userId, product: 'gpu_hour', quantity: hours, occurredAt } as const;
  await sendUsage(drill, mode, [event]);
  sent[mode].push(event);
}

function usedCents({ mode, userId }: Customer): number {
  const theirs = sent[mode].filter((event) => event.userId === userId);
  return sumCents(theirs.map(({ quantity }) => Number(quantity) * GPU_HOUR_CENTS));
}

async function billedCents({ mode, stripeCustomerId: customer }: Customer): Promise<number> {
  const { data } = await drill.stripe[mode].invoices.list({ customer, limit: 100 });
  return sumCents(data.map(({ total }) => total));
}

async function closeBoth(period: BillingPeriod): Promise<void> {
  for (const mode of MODES) await closeMonth(drill.temporal, { mode, period });
}

/** A folder of the drill's own, which is deleted with it. */
async function folderBeside(): Promise<string> {
  const { rows } = await sql<{ data: string }>`SELECT current_setting('data_directory') AS data`.execute(
    drill.db,
  );
  return path.join(path.dirname(rows[0]?.data ?? ''), 'kept');
}

/** What is to be as it was, whatever became of the database in between. */
async function standing(customers: readonly Customer[]) {
  const bills = [];
  const invoices = [];
  const answers = [];
  for (const { mode, userId, stripeCustomerId: customer } of customers) {
    bills.push(
      ...(await drill.db
        .selectFrom('bills')
        .select(['bill_id', 'status', 'total_cents', 'credits_applied_cents', 'stripe_invoice_id'])
        .where('mode', '=', mode)
        .where('user_id', '=', userId)
        .orderBy('period')
        .execute()),
    );
    const { data } = await drill.stripe[mode].invoices.list({ customer, limit: 100 });
    // The subscription's own, of $0, come and go with the calendar.
    const ofBills = data.filter(({ metadata }) => metadata?.['bill_id'] !== undefined);
    invoices.push(...ofBills.map(({ id, status, total }) => ({ id, status, total })));
    const user = await drill.db
      .selectFrom('users')
      .select([
        'status',
        'waiting_for',
        'stripe_customer_id',
        'stripe_subscription_id',
        'default_payment_method_id',
      ])
      .where('mode', '=', mode)
      .where('user_id', '=', userId)
      .executeTakeFirst();
    const credits = await drill.db
      .selectFrom('credit_entries')
      .select(['cause', 'lot', 'amount_cents'])
      .where('mode', '=', mode)
      .where('user_id', '=', userId)
      .orderBy('cause')
      .execute();
    const lines = await drill.db
      .selectFrom('bill_lines')
      .innerJoin('bills', 'bills.bill_id', 'bill_lines.bill_id')
      .select(['bill_lines.bill_id', 'product', 'exact_quantity', 'amount_cents', 'description'])
      .where('user_id', '=', userId)
      .orderBy('bill_lines.bill_id')
      .orderBy('line_number')
      .execute();
    answers.push({ userId, user, credits, lines });
  }
  return { bills, invoices, answers };
}

/** Compares until there is nothing left to repair, as an operator would. @returns what was found. */
async function reconcileToTheEnd(customers: readonly Customer[]): Promise<string[]> {
  const codes = new Set<string>();
  for (const mode of MODES) {
    await eventually(
      `nothing to be found in ${mode} mode`,
      async () => {
        const report = await reconcileNow(drill.temporal, mode);
        const found = await listFindingsOfRun(drill.db, mode, new Date(report.startedAtMs), 1_000);
        for (const { code } of found) codes.add(code);
        for (const each of customers.filter((customer) => customer.mode === mode))
          await eventually(
            'its effect',
            () => stateOf(drill, each),
            ({ queuedEvents }) => queuedEvents === 0,
          );
        return found.map(({ code, what }) => `${code}: ${what}`);
      },
      (found) => found.length === 0,
    );
  }
  return [...codes].toSorted();
}
