import {
  ActivityFailure,
  ApplicationFailure,
  continueAsNew,
  defineQuery,
  isCancellation,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ReconciledPage, ReconciliationPage } from '../activities/reconciliation-page.ts';
import {
  planReconciliation,
  RECONCILIATION_PROGRESS_QUERY,
  type ReconciliationInput,
  type ReconciliationReport,
  reportOfStart,
} from '../domain/reconciliation.ts';
import { reconciliationDetails } from '../domain/reconciliation-details.ts';
import type { Pass } from '../domain/reconciliation-findings.ts';
import { type StripeRefusal, stripeRefusalOf } from '../domain/stripe-failure.ts';
import { reconciliationReads, reconciliationSteps } from './activities.ts';
import { type CarriedReconciliation, Reconciliation } from './reconciliation-state.ts';
import { billingModeKey } from './search-attributes.ts';

const progressQuery = defineQuery<ReconciliationReport>(RECONCILIATION_PROGRESS_QUERY);

/** Waits between looks whether events that were handed on have had their effect: about a minute, all together. */
const EFFECT_WAITS_MS = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000] as const;

/**
 * Compares Stripe with the database, of one mode: first hands on the events that have had no effect, then compares objects. What a
 * part finds is saved with its page, so nothing grows with the number of customers. The cursor of events moves at the end only,
 * when Temporal has taken all that were missed: a run that is ended before is as if it had not been.
 */
export async function reconciliationWorkflow(
  input: ReconciliationInput,
  carried?: CarriedReconciliation,
): Promise<ReconciliationReport> {
  upsertSearchAttributes([{ key: billingModeKey, value: input.mode }]);
  const starting = reportOfStart(input.mode, Date.now());
  let report = () => starting;
  setHandler(progressQuery, () => report(), { description: 'How far the run is, and what it has found.' });
  setCurrentDetails(reconciliationDetails(report()));
  const run = new Reconciliation(input.mode, carried ?? (await begin(input)));
  report = () => run.report;
  for (let pass = run.pass; pass !== null; pass = run.nextPass()) {
    setCurrentDetails(reconciliationDetails(run.report));
    try {
      if (!(await readToEnd(pass, run)))
        await continueAsNew<typeof reconciliationWorkflow>(input, run.carry());
      run.done(pass);
    } catch (error) {
      await reconciliationSteps.noteUnreadable({ ...run.key, pass, ...refusalOf(error) });
    }
    if (pass === 'events') await effectOfEvents(run);
  }
  run.end(await reconciliationSteps.endReconciliation(run.ending(Date.now())), Date.now());
  setCurrentDetails(reconciliationDetails(run.report));
  return run.report;
}

async function begin({ mode, objects }: ReconciliationInput): Promise<CarriedReconciliation> {
  const nowMs = Date.now();
  const start = await reconciliationSteps.beginReconciliation({ mode });
  const stripeNow = await reconciliationReads[mode].readStripeClock({ mode });
  const plan = planReconciliation(start, { objects, stripeNow, nowMs });
  return Reconciliation.startOf(plan, start, nowMs);
}

/** Reads a list page by page. @returns `false` when it is to go on in a new run, since this one's history is long. */
async function readToEnd(pass: Pass, run: Reconciliation): Promise<boolean> {
  while (run.cursor !== null) {
    if (workflowInfo().continueAsNewSuggested) return false;
    try {
      run.count(await READ[pass]({ ...run.key, plan: run.plan, cursor: run.cursor }));
    } catch (error) {
      // The object that the page before ended with may have been deleted since: then there is no next page.
      if (refusalOf(error).code !== 'resource_missing' || !run.beginAnew()) throw error;
    }
  }
  return true;
}

/** How a page of each part is read. */
const READ: Readonly<Record<Pass, (page: ReconciliationPage) => Promise<ReconciledPage>>> = {
  webhook_endpoints: (page) => reconciliationReads[page.mode].compareWebhookEndpoints(page),
  events: (page) => reconciliationReads[page.mode].reconcileEvents(page),
  subscriptions: (page) => reconciliationReads[page.mode].compareSubscriptions(page),
  checkout_sessions: (page) => reconciliationReads[page.mode].compareCheckoutSessions(page),
  invoices: (page) => reconciliationReads[page.mode].compareInvoices(page),
  bills: (page) => reconciliationReads[page.mode].compareBills(page),
  customers: (page) => reconciliationReads[page.mode].compareCustomers(page),
  disputes: (page) => reconciliationReads[page.mode].compareDisputes(page),
  refunds: (page) => reconciliationReads[page.mode].compareRefunds(page),
  meters: (page) => reconciliationReads[page.mode].compareMeters(page),
};

/** Gives events that were handed on the time to have their effect: objects compared before would be found to differ. */
async function effectOfEvents(run: Reconciliation): Promise<void> {
  if (run.report.forwardedEvents === 0 || !run.plan.comparesObjects) return;
  for (const waitMs of EFFECT_WAITS_MS) {
    if ((await reconciliationSteps.countMissedEvents(run.key)) === 0) return;
    await sleep(waitMs);
  }
}

/** @throws whatever is not an activity that Stripe has refused for good. */
function refusalOf(error: unknown): StripeRefusal {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  return stripeRefusalOf(cause instanceof ApplicationFailure ? cause : (cause ?? error));
}
