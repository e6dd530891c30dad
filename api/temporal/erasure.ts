import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import type { ErasedRows } from '../../db/erasure.ts';
import {
  ERASURE_REFUSED,
  USER_ERASURE_WORKFLOW,
  type UserErasureInput,
  userErasureStart,
} from '../../domain/erasure.ts';
import { HttpError } from '../errors.ts';

/** What was erased. */
export interface UserErasureReport extends ErasedRows {
  readonly hadStripeCustomer: boolean;
}

type UserErasureWorkflow = (input: UserErasureInput) => Promise<UserErasureReport>;

/**
 * Erases a user's data, or joins the erasure that is under way, and waits for its end.
 *
 * @throws HttpError `decision_refused` with what is to be done first.
 */
export async function eraseUser(client: Client, input: UserErasureInput): Promise<UserErasureReport> {
  try {
    return await client.workflow.execute<UserErasureWorkflow>(USER_ERASURE_WORKFLOW, {
      ...userErasureStart(input),
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
  } catch (error) {
    const failure = error instanceof WorkflowFailedError ? error.cause : undefined;
    const cause = failure instanceof ActivityFailure ? failure.cause : failure;
    if (cause instanceof ApplicationFailure && cause.type === ERASURE_REFUSED)
      throw new HttpError('decision_refused', cause.message, { cause: error });
    throw error;
  }
}
