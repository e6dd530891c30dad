import {
  type Client,
  isGrpcDeadlineError,
  isGrpcServiceError,
  NamespaceNotFoundError,
  ServiceError,
} from '@temporalio/client';
import { HttpError } from '../errors.ts';

/** When callers may try again: Stripe has a schedule of its own and ignores it. */
export const RETRY_AFTER_SECONDS = 5;

/**
 * How long Temporal may take to store what it is told. Some hundredths of a second are usual. Whether it is gone, or hangs, Stripe
 * hears soon that it is to send a webhook again (it waits some ten seconds for an answer), and no pile of them waits here.
 */
const STORE_DEADLINE_MS = 2_000;

/**
 * Runs calls to Temporal with a deadline for all of them together. (The SDK retries within it.)
 *
 * @throws HttpError `temporal_unavailable` when Temporal was not reached, did not answer in time or refused the call.
 *   Whether it took effect is then unknown, as always: callers send the same again.
 */
export async function withTemporal<T>(
  client: Client,
  deadlineMs: number,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + deadlineMs, call);
  } catch (error) {
    throw isServiceFailure(error) ? temporalUnavailable(error) : error;
  }
}

/**
 * Runs a call that only has Temporal store something (temporal/signals.ts). When it returns, that can't be lost, with or without a worker.
 *
 * @throws HttpError `temporal_unavailable`, see {@link withTemporal}
 */
export async function stored<T>(client: Client, call: () => Promise<T>): Promise<T> {
  return await withTemporal(client, STORE_DEADLINE_MS, call);
}

/** A 503 that says when to send again, and that the call may have taken effect: what callers send is idempotent. */
export function temporalUnavailable(cause: unknown): HttpError {
  const message =
    'Temporal does not answer just now, so it is not known whether it took this: send the same request again in a moment';
  return new HttpError('temporal_unavailable', message, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}

/** Whether Temporal itself failed: not reached, late, or without our namespace. What a workflow answers is none of these. */
export function isServiceFailure(error: unknown): boolean {
  return (
    error instanceof ServiceError ||
    error instanceof NamespaceNotFoundError ||
    isGrpcServiceError(error) ||
    isGrpcDeadlineError(error)
  );
}

/** Fails unless Temporal answers within `deadlineMs` and has the client's namespace. */
export async function describeNamespace(client: Client, deadlineMs: number): Promise<void> {
  const { namespace } = client.options;
  await client.withDeadline(Date.now() + deadlineMs, () =>
    client.workflowService.describeNamespace({ namespace }),
  );
}
