import { lastReconciledAt } from '../../../db/reconciliation.ts';
import { countOpenFindings, listOpenFindings } from '../../../db/reconciliation-findings.ts';
import type { Mode } from '../../../domain/mode.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { type Check, check, ok, problem, warning } from '../../health/check.ts';
import { MEND_READING } from '../../health/database-checks.ts';

/** It runs every hour: after so long, two runs were missed. */
const TOO_LONG_AGO_MS = 3 * 60 * 60_000;

/** Is Stripe compared with the database, and is there something that only a person can mend? */
export async function checkReconciliation(
  { db, webhookSecrets, now = () => new Date() }: ApiDependencies,
  mode: Mode,
): Promise<Check> {
  return await check({ id: 'reconciliation', mode, mend: MEND_READING }, async () => {
    if (webhookSecrets[mode].length === 0)
      return ok(`Stripe's ${mode} mode is not used here, so nothing is compared.`);
    const lastRunAt = await lastReconciledAt(db, mode);
    if (lastRunAt === null)
      return warning(
        'Stripe was not compared with the database yet.',
        `It is within the hour; now by "npm run billing -- reconcile --mode ${mode}".`,
      );
    const last = `The last run ended at ${lastRunAt.toISOString()}`;
    if (now().getTime() - lastRunAt.getTime() > TOO_LONG_AGO_MS)
      return problem(
        `${last}, which is too long ago.`,
        `See in the Temporal Web UI what the workflow "reconciliation:${mode}" and the Schedule "reconciliation-${mode}" wait for.`,
      );
    const [oldest] = await listOpenFindings(db, mode, 1);
    const open = (await countOpenFindings(db)).filter(
      (each) => each.mode === mode && each.fix === 'proposed',
    );
    const count = open.reduce((sum, each) => sum + each.count, 0);
    if (oldest === undefined) return ok(`${last}; Stripe and the database are of one mind.`);
    const codes = open.map(({ code, count }) => `${count} ${code}`).join(', ');
    return warning(
      `${last}; ${count === 1 ? '1 finding wants' : `${count} findings want`} a person (${codes}). The oldest: ${oldest.what}`,
      oldest.proposal,
    );
  });
}
