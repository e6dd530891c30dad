import { ApplicationFailure } from '@temporalio/workflow';

/**
 * What an update's validator ends with: the caller reads why it can't be, and the history never hears of it.
 *
 * @param why in a sentence; `null`: it can be.
 * @throws ApplicationFailure `InvalidUpdate` (not retryable).
 */
export function refuseUpdate(why: string | null): void {
  if (why !== null)
    throw ApplicationFailure.create({ message: why, type: 'InvalidUpdate', nonRetryable: true });
}
