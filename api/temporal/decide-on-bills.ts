import type { Client } from '@temporalio/client';
import { chosenBills } from '../../db/close-decisions.ts';
import type { Database } from '../../db/database.ts';
import {
  type BillsChoice,
  type BillsDecisionType,
  MAX_BILLS_OF_DECISION,
  noBillChosen,
} from '../../domain/close-decisions.ts';
import type { Month } from '../../domain/monthly-close.ts';
import { HttpError } from '../errors.ts';
import { decideOnClose } from './decisions.ts';

/** What somebody has decided about bills of a month. */
export interface DecisionOnBills {
  readonly type: BillsDecisionType;
  readonly bills: BillsChoice;
  readonly by: string;
  readonly reason?: string | undefined;
}

/**
 * Holds, releases or skips bills of a month: all that are named, or none. Of all that are held, as many at a time as one decision
 * takes; to skip are those that were not skipped before.
 *
 * @param updateId the id under which it is carried out once, however often it is sent; a new one when absent.
 * @returns the bills that it is about, and the id of the close's workflow.
 * @throws HttpError `decision_refused` with the close's own sentence, `workflow_ended`
 */
export async function decideOnBills(
  { db, temporal }: { readonly db: Database; readonly temporal: Client },
  month: Month,
  { type, bills: choice, by, reason, updateId }: DecisionOnBills & { readonly updateId?: string },
): Promise<{ readonly bills: string[]; readonly workflowId: string }> {
  const bills = await chosenBills(db, month, choice, { onlyWaiting: type === 'skip' });
  if (bills.length === 0) throw new HttpError('decision_refused', noBillChosen(month, choice));
  const decide = async (some: readonly string[], id: string | undefined) => {
    const request = { bills: some, by, ...(reason === undefined ? {} : { reason }) };
    const identified = id === undefined ? {} : { updateId: id };
    return await decideOnClose(temporal, month, { update: type, request, ...identified });
  };
  // Too many by their names are for the close to refuse.
  if (choice !== 'all' || bills.length <= MAX_BILLS_OF_DECISION) {
    return { bills, workflowId: await decide(bills, updateId) };
  }
  let workflowId = '';
  for (let from = 0; from < bills.length; from += MAX_BILLS_OF_DECISION) {
    const some = bills.slice(from, from + MAX_BILLS_OF_DECISION);
    // Sent again after it broke off, it is about the bills that are left: no decision about them may count as carried out.
    const id = updateId === undefined ? undefined : `${updateId}:${some[0]}`;
    workflowId = await decide(some, id);
  }
  return { bills, workflowId };
}
