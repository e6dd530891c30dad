import { saveCluster } from '../../db/clusters.ts';
import type { Database } from '../../db/database.ts';
import { saveDispute } from '../../db/disputes.ts';
import { tabPath } from '../../web/admin/tabs.ts';
import { AUGUST, OCTOBER, SEPTEMBER } from '../db/fixtures.ts';

/** The pages of the tab Customers that have a part of the story to show. */
export const CUSTOMER_PATHS = [
  `${tabPath('customers')}?mode=test`,
  `${tabPath('customers')}?search=nobody`,
  tabPath('customers', 'test', 'grace'),
  tabPath('customers', 'live', 'ada'),
] as const;

const TEST = { mode: 'test' } as const;
const at = (iso: string) => new Date(`2026-${iso}:00.000Z`);

/** What happened in test mode to the customers of the story: Grace owes, Ada does not, Mary has left. */
export async function tellOfCustomers(db: Database): Promise<void> {
  await saveCluster(db, { ...TEST, clusterId: 'cluster-eu-1', capacity: 100 });
  for (const [userId, columns] of Object.entries({
    ada: {
      cluster_id: 'cluster-eu-1',
      default_payment_method_id: 'pm_1SPq2w',
      status_object_id: 'sub_ada',
      status_since: at('08-03T09:30'),
    },
    grace: {
      waiting_for: 'payment',
      cluster_id: 'cluster-eu-1',
      default_payment_method_id: 'pm_1SPq2x',
      status_object_id: 'in_1SPq4c',
      status_since: at('11-01T00:04'),
      grace_ends_at: at('12-06T00:04'),
    },
    mary: { waiting_for: 'subscription', status_object_id: 'sub_mary', status_since: at('10-20T16:12') },
  } as const)) {
    await db
      .updateTable('users')
      .set(columns)
      .where('mode', '=', 'test')
      .where('user_id', '=', userId)
      .execute();
  }
  await billGrace(db);
  await decideOnGrace(db);
  await saveDispute(db, {
    ...TEST,
    userId: 'grace',
    id: 'dp_1SPq6f',
    stripeChargeId: 'ch_1SPq6f',
    status: 'needs_response',
    amountCents: 12_034,
    dueByMs: at('12-09T23:59').getTime(),
  });
}

async function billGrace(db: Database): Promise<void> {
  const of = { ...TEST, user_id: 'grace', credits_applied_cents: 0 };
  const bills = [
    { ...of, period: AUGUST, status: 'paid', total_cents: 12_034, stripe_invoice_id: 'in_1SPq4a' },
    { ...of, period: SEPTEMBER, status: 'parked', total_cents: 830, problem: 'No such customer (req_8Hq2).' },
    {
      ...of,
      period: OCTOBER,
      status: 'payment_failed',
      total_cents: 140_921,
      stripe_invoice_id: 'in_1SPq4c',
    },
  ] as const;
  for (const [index, bill] of bills.entries()) {
    const hosted_invoice_url = 'stripe_invoice_id' in bill ? 'https://invoice.stripe.com/i/test' : null;
    const frozen_at = at(`${String(index + 9).padStart(2, '0')}-01T00:02`);
    await db
      .insertInto('bills')
      .values({ ...bill, hosted_invoice_url, frozen_at })
      .execute();
  }
}

async function decideOnGrace(db: Database): Promise<void> {
  const grace = { ...TEST, user_id: 'grace' };
  const details = { reason: 'A chargeback; wrote to her.' };
  const decisions = [
    { decision_id: 'd1', decided_at: at('11-02T10:15'), type: 'suspend', decided_by: 'Dorothy', details },
    {
      decision_id: 'd2',
      decided_at: at('11-02T16:40'),
      type: 'reactivate',
      decided_by: 'Dorothy',
      details: {},
    },
    {
      decision_id: 'd3',
      decided_at: at('11-04T08:05'),
      type: 'extendGrace',
      decided_by: 'Katherine',
      details: { untilMs: at('12-06T00:04').getTime() },
    },
  ] as const;
  await db
    .insertInto('operator_decisions')
    .values(decisions.map((each) => ({ ...grace, ...each, details: JSON.stringify(each.details) })))
    .execute();
}
