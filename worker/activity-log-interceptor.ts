import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import type { Logger } from 'pino';
import { stripeRequestIdOf } from '../domain/stripe-failure.ts';
import { describeError } from '../telemetry/describe-error.ts';
import { removePersonalData } from '../telemetry/personal-data.ts';

/**
 * A line for each attempt of an activity that failed, with the ids by which it is found beside the api's lines and in Temporal; for
 * the others, one at `debug`. Nothing of a person leaves an activity with what it failed of: failures stay in histories.
 */
export class ActivityLogInterceptor implements ActivityInboundCallsInterceptor {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    const startedAtMs = performance.now();
    const ids = () => ({
      ...idsOfAttempt(),
      ...idsOf(input.args[0]),
      durationMs: Math.round(performance.now() - startedAtMs),
    });
    try {
      const result = await next(input);
      this.#log.debug(ids(), 'activity done');
      return result;
    } catch (error) {
      removePersonalData(error);
      // A worker that stops, or a workflow that has ended, is no failure.
      if (!(error instanceof CancelledFailure))
        this.#log.warn({ ...ids(), ...requestOf(error), cause: describeError(error) }, 'activity failed');
      throw error;
    }
  }
}

function idsOfAttempt() {
  const { activityType, attempt, taskQueue, workflowExecution } = Context.current().info;
  return {
    activity: activityType,
    attempt,
    taskQueue,
    workflowId: workflowExecution?.workflowId,
    runId: workflowExecution?.runId,
  };
}

/** What an activity is about, of what its input names. A user's id is the host product's, and may be an e-mail: it is left out. */
function idsOf(input: unknown) {
  if (typeof input !== 'object' || input === null) return {};
  const {
    mode,
    stripeCustomerId: customerId,
    billId,
    period,
    purchaseId,
    event,
    events = [event],
  }: Input = input;
  const eventIds = (Array.isArray(events) ? events : []).flatMap(eventIdOf);
  return { mode, customerId, billId, period, purchaseId, ...(eventIds.length === 0 ? {} : { eventIds }) };
}

/** What is looked for in the input of any activity; it need not be there, nor what it looks like. */
type Input = Partial<
  Readonly<
    Record<'mode' | 'stripeCustomerId' | 'billId' | 'period' | 'purchaseId' | 'event' | 'events', unknown>
  >
>;

function eventIdOf(event: unknown): unknown[] {
  return typeof event === 'object' && event !== null && 'eventId' in event ? [event.eventId] : [];
}

/** Stripe's id of the request that failed, for its support (activities/stripe-errors.ts). */
function requestOf(error: unknown): { requestId?: string } {
  const requestId = error instanceof ApplicationFailure ? stripeRequestIdOf(error.details) : null;
  return requestId === null ? {} : { requestId };
}
