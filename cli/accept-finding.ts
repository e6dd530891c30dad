import { acceptFinding } from '../db/reconciliation-findings.ts';
import type { Mode } from '../domain/mode.ts';
import type { FindingCode } from '../domain/reconciliation-findings.ts';
import { say } from './console.ts';
import { type CliContext, UsageError } from './context.ts';

/**
 * Notes that something reconciliation wants a person for is to be as it is, and says what that was.
 *
 * @throws UsageError when no such finding is open.
 */
export async function accept(
  context: CliContext,
  finding: { readonly mode: Mode; readonly code: FindingCode; readonly objectId: string },
): Promise<void> {
  const accepted = await context.withDatabase((db) => acceptFinding(db, finding, new Date()));
  const { mode, code, objectId } = finding;
  if (accepted === undefined)
    throw new UsageError(`No ${code} about ${objectId} wants a person in ${mode} mode.`);
  say(`Accepted (${mode}): ${accepted.what}`);
}
