import type { Stripe } from 'stripe';
import { parkBill } from '../db/bill-status.ts';
import { saveFindings } from '../db/reconciliation-findings.ts';
import { saveStripeCustomer } from '../db/users.ts';
import { atATime } from '../domain/at-a-time.ts';
import type { Mode } from '../domain/mode.ts';
import type { PageCursor, ReconciliationPlan } from '../domain/reconciliation.ts';
import type { Drift, Repair } from '../domain/reconciliation-findings.ts';
import { signalLookAgain, signalStripeEvent } from '../temporal/signals.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { ReconciliationRun } from './reconciliation.ts';

/** One page of a list of Stripe's, to be compared with the database. */
export interface ReconciliationPage extends ReconciliationRun {
  readonly plan: ReconciliationPlan;
  readonly cursor: PageCursor;
}

/** What came of a page: figures for the run's report, and where it goes on. */
export interface ReconciledPage {
  /** How many objects or events were read. */
  readonly read: number;
  /** Events that were handed to their workflows. */
  readonly forwarded?: number;
  /** `null` after the last page. */
  readonly next: PageCursor | null;
}

/** The most that a list of Stripe's gives at once. */
export const PAGE_SIZE = 100;

/** Signals under way at a time. */
const CONCURRENT_REPAIRS = 10;

/** The parameters of a list that say which page of it is wanted. */
export function pageParams({ after }: PageCursor): { limit: number; starting_after?: string } {
  return { limit: PAGE_SIZE, ...(after === null ? {} : { starting_after: after }) };
}

/** Of a windowed list: only what is new enough. Subscriptions and customers may change at any age, so all of them are read. */
export function sinceParams({ objectsSince }: ReconciliationPlan): { created?: { gte: number } } {
  return objectsSince === null ? {} : { created: { gte: objectsSince } };
}

/** Where the list goes on; with the next list, where there is one. */
export function nextPage(
  list: Pick<Stripe.ApiList<{ id: string }>, 'data' | 'has_more'>,
  { part }: PageCursor,
  parts = 1,
): PageCursor | null {
  const last = list.data.at(-1);
  if (list.has_more && last !== undefined) return { part, after: last.id };
  return part + 1 < parts ? { part: part + 1, after: null } : null;
}

/** Saves what a comparison has found, and repairs what can be. Safe to repeat. */
export async function settleDrifts(
  dependencies: Pick<ActivityDependencies, 'db' | 'temporal'>,
  { mode, startedAtMs }: ReconciliationRun,
  drifts: readonly Drift[],
): Promise<void> {
  const findings = drifts.map(({ finding }) => finding);
  await saveFindings(dependencies.db, mode, findings, new Date(startedAtMs));
  await carryOutAll(
    dependencies,
    mode,
    drifts.flatMap((drift) => drift.repair ?? []),
  );
}

/**
 * Mends what billing can mend by itself, some at a time. Most are signals: the customer's workflow does the rest, and says itself
 * what came of it. Safe to repeat; what it throws is Temporal's or the database's, and retryable.
 */
export async function carryOutAll(
  dependencies: Pick<ActivityDependencies, 'db' | 'temporal'>,
  mode: Mode,
  repairs: readonly Repair[],
): Promise<void> {
  await atATime(CONCURRENT_REPAIRS, repairs, (repair) => carryOut(dependencies, mode, repair));
}

async function carryOut(
  { db, temporal }: Pick<ActivityDependencies, 'db' | 'temporal'>,
  mode: Mode,
  repair: Repair,
): Promise<void> {
  switch (repair.type) {
    case 'look':
      return await signalLookAgain(temporal, { mode, stripeCustomerId: repair.stripeCustomerId });
    case 'event': {
      const { stripeCustomerId, envelope } = repair;
      return await signalStripeEvent(temporal, { mode, stripeCustomerId }, envelope);
    }
    case 'adopt_customer': {
      const { userId, stripeCustomerId } = repair;
      await saveStripeCustomer(db, mode, userId, stripeCustomerId);
      return await signalLookAgain(temporal, { mode, stripeCustomerId });
    }
    case 'park_bill':
      return await parkBill(db, mode, repair.billId, repair.problem);
  }
}
