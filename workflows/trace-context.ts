import { defaultPayloadConverter, type Headers, type Payload } from '@temporalio/common';
import {
  type ActivityInput,
  AsyncLocalStorage,
  type WorkflowInterceptors,
  workflowInfo,
} from '@temporalio/workflow';
import { CHARGE_EVENT_WORKFLOW } from '../domain/charge-event.ts';
import { CUSTOMER_REGISTRATION_WORKFLOW, STRIPE_EVENT_SIGNAL } from '../domain/customer-workflow.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import { TEST_PURCHASE_WORKFLOW } from '../domain/test-purchase.ts';
import { TRACE_HEADER, TRACE_LINKS_HEADER } from '../domain/trace-headers.ts';

/**
 * What a workflow does for the sake of a webhook or of a caller belongs into that one's trace. A workflow has no span of its own:
 * a customer's lives for years. It hands on what signals and updates carry, to the activities that answer for them. None of it is
 * in a decision, and no `await` is added: histories replay with it and without it.
 */
interface Trace {
  readonly parent: Payload;
  /** Other events of the same step, whose traces can only be pointed at. */
  readonly links: readonly Payload[];
}

/** Started for one thing, and over with it; in all others a trace would have no end. */
const SHORT_WORKFLOWS: ReadonlySet<string> = new Set([
  CHARGE_EVENT_WORKFLOW,
  CUSTOMER_REGISTRATION_WORKFLOW,
  TEST_PURCHASE_WORKFLOW,
]);
/** Of repeated events, which no step takes up, something would be left for ever. */
const MOST_REMEMBERED = 1_000;
const MOST_LINKS = 10;

const current = new AsyncLocalStorage<Trace>();
const ofEvents = new Map<string, Payload>();

/** Takes a step in the trace of the event that waited longest, with links to those of the others. */
export function inTraceOfEvents<Result>(
  events: readonly StripeEventEnvelope[],
  step: () => Promise<Result>,
): Promise<Result> {
  const traces = events.flatMap(({ eventId }) => ofEvents.get(eventId) ?? []);
  for (const { eventId } of events) ofEvents.delete(eventId);
  const [parent, ...links] = traces;
  return parent === undefined ? step() : current.run({ parent, links: links.slice(0, MOST_LINKS) }, step);
}

/** Does later what is asked for now, in the trace of who asks. */
export function boundToTrace<Result>(work: () => Promise<Result>): () => Promise<Result> {
  const trace = current.getStore();
  return trace === undefined ? work : () => current.run(trace, work);
}

/** What the worker bundles beside the workflows. */
export function interceptors(): WorkflowInterceptors {
  return {
    inbound: [
      {
        execute: (input, next) =>
          SHORT_WORKFLOWS.has(workflowInfo().workflowType)
            ? inTraceOf(input.headers, () => next(input))
            : next(input),
        handleUpdate: (input, next) => inTraceOf(input.headers, () => next(input)),
        handleSignal: (input, next) => {
          const trace = input.headers[TRACE_HEADER];
          const [event] = input.args;
          if (trace !== undefined && input.signalName === STRIPE_EVENT_SIGNAL && isEvent(event))
            remember(event.eventId, trace);
          return next(input);
        },
      },
    ],
    outbound: [{ scheduleActivity: (input, next) => next(withTrace(input, current.getStore())) }],
  };
}

function inTraceOf<Result>(headers: Headers, work: () => Promise<Result>): Promise<Result> {
  const parent = headers[TRACE_HEADER];
  return parent === undefined ? work() : current.run({ parent, links: [] }, work);
}

function remember(eventId: string, trace: Payload): void {
  ofEvents.set(eventId, trace);
  if (ofEvents.size <= MOST_REMEMBERED) return;
  for (const oldest of ofEvents.keys()) {
    ofEvents.delete(oldest);
    break;
  }
}

function isEvent(argument: unknown): argument is Pick<StripeEventEnvelope, 'eventId'> {
  return typeof argument === 'object' && argument !== null && 'eventId' in argument;
}

function withTrace(input: ActivityInput, trace: Trace | undefined): ActivityInput {
  if (trace === undefined) return input;
  const links = trace.links.map((link) => defaultPayloadConverter.fromPayload(link));
  return {
    ...input,
    headers: {
      ...input.headers,
      [TRACE_HEADER]: trace.parent,
      ...(links.length === 0 ? {} : { [TRACE_LINKS_HEADER]: defaultPayloadConverter.toPayload(links) }),
    },
  };
}
