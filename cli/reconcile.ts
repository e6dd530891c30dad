import type { Client, WorkflowHandle } from '@temporalio/client';
import { type ListedFinding, listFindingsOfRun, listOpenFindings } from '../db/reconciliation-findings.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import {
  outcomeOfReconciliation,
  progressOfReconciliation,
  RECONCILIATION_PROGRESS_QUERY,
  type ReconciliationReport,
} from '../domain/reconciliation.ts';
import { workflowLink } from '../domain/workflow-link.ts';
import { say, table } from './console.ts';
import { type CliContext, UsageError } from './context.ts';
import { untilEnded } from './until-ended.ts';

/** As many as a person reads, and a program can be given at once. */
const MOST_FINDINGS = 1_000;

/**
 * Compares Stripe with the database, of one mode or of all that are configured, and prints what was found and what was done about
 * it. What is left for a person ends with exit status 1.
 *
 * @throws UsageError when there is no Stripe key for it.
 */
export async function reconcile(
  context: CliContext,
  { mode, json }: { readonly mode: Mode | undefined; readonly json: boolean },
): Promise<void> {
  const modes = MODES.filter((each) => context.config.stripe.modes[each] !== null);
  if (mode !== undefined && !modes.includes(mode))
    throw new UsageError(`There is no Stripe key for ${mode} mode.`);
  if (modes.length === 0) throw new UsageError('There is no Stripe key for any mode.');
  const results = await context.withDatabase(async (db) => {
    return await context.withTemporal(async (temporal) => {
      const reconciled = [];
      for (const each of mode === undefined ? modes : [mode]) {
        const report = await reconcileNow(temporal, each, (run) => showProgress(run, context));
        const found = await listFindingsOfRun(db, each, new Date(report.startedAtMs), MOST_FINDINGS);
        const open = await listOpenFindings(db, each, MOST_FINDINGS);
        reconciled.push({ report, findings: withOpen(found, open) });
      }
      return reconciled;
    });
  });
  if (json) say(JSON.stringify(results, null, 2));
  else for (const { report, findings } of results) printFindings(report, findings);
  if (results.some(({ report }) => report.open > 0)) process.exitCode = 1;
}

/** Compares all of a mode now, and waits for the report. A run that was under way and reads events only is waited for first. */
export async function reconcileNow(
  temporal: Client,
  mode: Mode,
  follow: (run: WorkflowHandle) => Promise<void> = () => Promise.resolve(),
): Promise<ReconciliationReport> {
  const { startReconciliation } = await import('../api/temporal/reconciliation.ts');
  for (;;) {
    const { workflowId, isNew } = await startReconciliation(temporal, { mode, objects: 'now' });
    const run = temporal.workflow.getHandle(workflowId);
    await follow(run);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what reconciliationWorkflow returns
    const report = (await run.result()) as ReconciliationReport;
    if (isNew || report.comparesObjects) return report;
  }
}

/** Says on standard error what the run is at, until it ends. */
async function showProgress(run: WorkflowHandle, { links }: CliContext): Promise<void> {
  process.stderr.write(`${workflowLink(links, run.workflowId)}\n`);
  let said = '';
  await untilEnded(run.result(), async () => {
    const at = await progressOf(run);
    if (at !== said) process.stderr.write(`  ${at}\n`);
    said = at;
  });
}

/** A query needs a worker. */
async function progressOf(run: WorkflowHandle): Promise<string> {
  try {
    return progressOfReconciliation(await run.query<ReconciliationReport>(RECONCILIATION_PROGRESS_QUERY));
  } catch {
    return 'no worker answers yet';
  }
}

/** What earlier runs have left as well. */
function withOpen(found: readonly ListedFinding[], open: readonly ListedFinding[]): ListedFinding[] {
  const isFound = new Set(found.map(identityOf));
  return [...found, ...open.filter((finding) => !isFound.has(identityOf(finding)))];
}

const identityOf = ({ code, objectId }: ListedFinding) => `${code} ${objectId}`;

function printFindings(report: ReconciliationReport, findings: readonly ListedFinding[]): void {
  const { mode, read, eventsGone } = report;
  say(`Reconciliation (${mode}): ${read} read, ${outcomeOfReconciliation(report)}.`);
  if (eventsGone !== null) {
    const [from, to] = [eventsGone.from, eventsGone.to].map((at) => new Date(at * 1_000).toISOString());
    say(`Stripe's events from ${from} to ${to} are gone; objects were compared instead.`);
  }
  if (findings.length === 0) return;
  const rows = findings.map(({ code, userId, objectId, what, fix, proposal, acceptedAt }) => [
    acceptedAt === null ? fix : 'accepted',
    code,
    objectId,
    userId ?? '',
    proposal === null || acceptedAt !== null ? what : `${what}\n→ ${proposal}`,
  ]);
  const columns = ['Fix', 'Finding', 'Object', 'User', 'What'];
  say();
  say(
    table(
      columns.map((name) => ({ name })),
      rows,
    ),
  );
  say();
  if (report.open > 0)
    say(`What is to be as it is: npm run billing -- reconcile --accept <finding> <object> --mode ${mode}`);
}
