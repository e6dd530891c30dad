import type { CustomerBillingState } from '../domain/customer-workflow.ts';
import { factsTable, instantText, tableCell } from '../domain/markdown.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import { withRequest } from '../domain/stripe-failure.ts';
import { summary } from './summary.ts';

/**
 * What the Temporal Web UI shows of a customer: which state, why, since when, waiting for what, and which object in Stripe
 * caused it. Markdown.
 */
export function currentDetails(state: CustomerBillingState): string {
  const { parked, lastEvent } = state;
  const facts: (readonly [string, string | null])[] = [
    ['Why', state.reason],
    ['Since', instant(state.sinceMs)],
    ['Waiting for', state.waitingFor ?? 'nothing'],
    ['Because of', state.stripeObjectId],
    ...state.attention.map((sentence) => ['**Attention**', sentence] as const),
    ['**Parked**', parked && `${parked.step}: ${withRequest(parked.message, parked.stripeRequestId)}`],
    ['**Host product not told**', state.hostProblem],
    ['Grace period ends', instant(state.graceEndsAtMs)],
    ['Looks again', instant(state.nextLookAtMs)],
    ['Cluster', state.clusterId],
    [
      'Last event',
      lastEvent &&
        `${lastEvent.type} of ${lastEvent.objectId}, ${instantText(lastEvent.created * 1_000)} (${lastEvent.eventId})`,
    ],
    [
      'Events',
      `${state.appliedEvents} applied, ${state.duplicateEvents} repeated, ${state.queuedEvents} waiting`,
    ],
  ];
  const known = facts.flatMap(([name, value]) => (value === null ? [] : [[name, tableCell(value)] as const]));
  return factsTable([['Status', `**${state.status}**`], ...known]);
}

/** What the history says beside a look: why it was taken. */
export function lookSummary(events: readonly StripeEventEnvelope[]): string {
  const [first, ...others] = events;
  if (first === undefined) return 'no event: a deadline, a decision, or something outside Stripe';
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return summary(`${first.type} of ${first.objectId}${more}`);
}

function instant(ms: number | null): string | null {
  return ms === null ? null : instantText(ms);
}
