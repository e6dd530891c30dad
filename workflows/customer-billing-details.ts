import type { CustomerBillingState } from '../domain/customer-workflow.ts';
import { instantText, tableCell } from '../domain/markdown.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import { withRequest } from '../domain/stripe-failure.ts';

/**
 * What the Temporal Web UI shows of a customer: which state, why, since when, waiting for what, and which object in Stripe
 * caused it. Markdown.
 */
export function currentDetails(state: CustomerBillingState): string {
  const { parked, lastEvent } = state;
  const rows: (readonly [string, string | null])[] = [
    ['Status', `**${state.status}**`],
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
  const shown = rows.flatMap(([name, value]) =>
    value === null ? [] : [`| ${name} | ${tableCell(value)} |`],
  );
  return ['| | |', '|---|---|', ...shown].join('\n');
}

/** What the history says beside a look: why it was taken. At most 400 bytes, which is what Temporal keeps. */
export function lookSummary(events: readonly StripeEventEnvelope[]): string {
  const [first, ...others] = events;
  if (first === undefined) return 'no event: a deadline, a decision, or something outside Stripe';
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return `${first.type} of ${first.objectId}${more}`.slice(0, 200);
}

function instant(ms: number | null): string | null {
  return ms === null ? null : instantText(ms);
}
