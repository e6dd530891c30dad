import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';
import { stripeRequestIdOf } from '../domain/stripe-failure.ts';
import type { ParkedStep } from '../domain/workflow-contracts.ts';

/** @throws whatever is not an activity that Stripe has refused for good. */
export function parkedStepOf(error: unknown): ParkedStep {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const cause = error.cause instanceof ApplicationFailure ? error.cause : undefined;
  return {
    step: error.activityType,
    message: cause?.message ?? error.message,
    stripeRequestId: stripeRequestIdOf(cause?.details),
  };
}
