import type { z } from 'zod';
import type { eventsSchema } from '../../../api/admin/events/schema.ts';
import type { WebhookOutcome } from '../../../domain/webhook-receipt.ts';
import { Form } from '../../components/form.tsx';
import type { Column } from '../../components/table.tsx';
import { Id, StatusBadge, Time, type Tone } from '../../components/values.tsx';
import { CustomerPageLink } from '../components/customer.tsx';
import { WorkflowLink } from '../components/workflow-link.tsx';
import { type EventsFilter, replayPath } from './paths.ts';
import { wordsOfReason } from './reasons.ts';

/** One delivery: an event that Stripe sent twice is listed twice. */
export type ListedEvent = z.output<typeof eventsSchema>['events'][number];

const TONES: Readonly<Record<WebhookOutcome, Tone>> = {
  accepted: 'good',
  ignored: 'neutral',
  refused: 'bad',
  failed: 'waiting',
};

/** What the list says of a delivery, and what can be done with its event. */
export function eventColumns(filter: EventsFilter): readonly Column<ListedEvent>[] {
  const { mode } = filter;
  return [
    { name: 'Received', cell: ({ receivedAt }) => <Time at={receivedAt} /> },
    {
      name: 'Event',
      cell: ({ type, objectId, eventId }) => (
        <ul class="lines">
          <li>{type ?? 'unknown'}</li>
          {[objectId, eventId].map((id) =>
            id === null ? null : (
              <li key={id}>
                <Id id={id} />
              </li>
            ),
          )}
        </ul>
      ),
    },
    {
      name: 'What became of it',
      cell: (event) => (
        <ul class="lines">
          <li>
            <StatusBadge tone={TONES[event.outcome]}>{event.outcome}</StatusBadge>
          </li>
          <li>
            <Effect event={event} />
          </li>
        </ul>
      ),
    },
    {
      name: 'For',
      cell: ({ userId, stripeCustomerId, workflow }) => (
        <ul class="lines">
          {userId === null ? null : (
            <li>
              <CustomerPageLink mode={mode} userId={userId} />
            </li>
          )}
          {workflow === null ? null : (
            <li>
              <WorkflowLink workflowId={workflow.id}>{stripeCustomerId ?? 'Workflow'}</WorkflowLink>
            </li>
          )}
        </ul>
      ),
    },
    {
      name: 'Again',
      cell: ({ eventId, workflow }) =>
        eventId === null || workflow === null ? null : (
          <Form action={replayPath(filter, eventId)}>
            <button type="submit" class="secondary outline" aria-label={`Replay ${eventId}`}>
              Replay
            </button>
          </Form>
        ),
    },
  ];
}

/** When an event took effect, or why it did not. */
function Effect({ event: { outcome, reason, appliedAt } }: { readonly event: ListedEvent }) {
  if (appliedAt !== null)
    return (
      <>
        applied <Time at={appliedAt} />
      </>
    );
  return <>{outcome === 'accepted' ? 'not applied yet' : wordsOfReason(reason)}</>;
}
