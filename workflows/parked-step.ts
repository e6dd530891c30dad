import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';
import type { ParkedStep } from '../domain/workflow-contracts.ts';

/** @throws whatever is not an activity that Stripe has refused for good. */
export function parkedStepOf(error: unknown): ParkedStep {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const cause = error.cause instanceof ApplicationFailure ? error.cause : undefined;
  const details: unknown = cause?.details?.[0];
  const requestId =
    typeof details === 'object' && details !== null && 'stripeRequestId' in details
      ? details.stripeRequestId
      : null;
  return {
    step: error.activityType,
    message: cause?.message ?? error.message,
    stripeRequestId: typeof requestId === 'string' ? requestId : null,
  };
}
