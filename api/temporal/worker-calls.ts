import { type Client, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { HttpError } from '../errors.ts';
import { describeNamespace, isServiceFailure, RETRY_AFTER_SECONDS, temporalUnavailable } from './calls.ts';

/** A person is waiting, and a worker may have to ask Stripe twice. */
const DEADLINE_MS = 15_000;
const PROBE_MS = 1_000;

/**
 * Calls that wait for what a worker does, unlike signals, which are only stored. What the workflow itself says is the call's to put in words.
 *
 * @throws HttpError `temporal_unavailable`; `worker_unavailable` when Temporal answers but no worker got it done in time.
 */
export async function waitForWorker<T>(client: Client, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + DEADLINE_MS, call);
  } catch (error) {
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isServiceFailure(error)) {
      throw (await temporalAnswers(client)) ? noWorker(error) : temporalUnavailable(error);
    }
    throw error;
  }
}

/** The workflow was ended by somebody before it had an answer. */
export function workflowEnded(cause: unknown): HttpError {
  const message = 'The workflow was ended before it was done: send the request again';
  return new HttpError('workflow_ended', message, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}

async function temporalAnswers(client: Client): Promise<boolean> {
  try {
    await describeNamespace(client, PROBE_MS);
    return true;
  } catch {
    return false;
  }
}

function noWorker(cause: unknown): HttpError {
  const seconds = DEADLINE_MS / 1_000;
  const message = `No worker got it done within ${seconds} s: see that one runs, and send the request again with the same Idempotency-Key`;
  return new HttpError('worker_unavailable', message, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}
