import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';
import type { ParkedStep } from '../domain/customer-workflow.ts';
import { stripeRequestIdOf } from '../domain/stripe-failure.ts';

/** What to show of an activity that failed for good. @throws `error` itself when it is a cancellation, or no activity's. */
export function parkedStepOf(error: unknown): ParkedStep {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const cause = error.cause instanceof ApplicationFailure ? error.cause : undefined;
  return {
    step: error.activityType,
    message: cause?.message ?? error.message,
    stripeRequestId: stripeRequestIdOf(cause?.details),
  };
}
