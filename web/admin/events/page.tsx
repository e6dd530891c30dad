import type { z } from 'zod';
import type { eventsSchema } from '../../../api/admin/events/schema.ts';
import { RECEIPTS_KEPT_DAYS } from '../../../db/webhook-receipts.ts';
import { WEBHOOK_PATHS } from '../../../domain/stripe-event.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { Table } from '../../components/table.tsx';
import { ModeSwitch } from '../components/mode-switch.tsx';
import { tabPath } from '../tabs.ts';
import { webhookTestPath } from '../test-billing/webhook-tests/paths.ts';
import { eventColumns } from './columns.tsx';
import { FilterForm } from './filter-form.tsx';
import { type EventsFilter, eventsPath } from './paths.ts';

interface EventsPageProps {
  readonly filter: EventsFilter;
  readonly page: z.output<typeof eventsSchema>;
  /** Where this api is reached, such as `https://billing.example`. */
  readonly origin: string;
}

/** The tab: what came in from Stripe, what became of it, and a way to hand it on again. */
export function EventsPage({ filter, page: { events, next }, origin }: EventsPageProps) {
  const { mode, after = '' } = filter;
  return (
    <>
      <ModeSwitch path={tabPath('events')} mode={mode} />
      <p>
        {`What came in at the webhook endpoint in the last ${RECEIPTS_KEPT_DAYS} days, newest first. `}
        Replay hands an event to its workflow again, as it came; of one that was applied, the customer is
        looked at again.
      </p>
      <FilterForm filter={filter} />
      <Table
        caption="Events"
        columns={eventColumns(filter)}
        rows={events}
        keyOf={({ receiptId }) => receiptId}
        empty={<NoEvents filter={filter} origin={origin} />}
      />
      {after === '' && next === null ? null : (
        <nav class="pages" aria-label="Pages">
          {after === '' ? null : <a href={eventsPath({ ...filter, after: '' })}>Newest</a>}
          {next === null ? null : <a href={eventsPath({ ...filter, after: next })}>Older</a>}
        </nav>
      )}
    </>
  );
}

function NoEvents({ filter, origin }: Pick<EventsPageProps, 'filter' | 'origin'>) {
  const { mode, outcome = '', type = '', after = '' } = filter;
  if (outcome !== '' || type !== '' || after !== '')
    return (
      <EmptyState title="No event is like this.">
        <a href={eventsPath({ mode })}>Show all</a>
      </EmptyState>
    );
  const endpoint = `${origin}${WEBHOOK_PATHS[mode]}`;
  return (
    <EmptyState title="No event has come in yet.">
      Stripe sends one whenever something happens to a customer, once its Dashboard has{' '}
      <code>{endpoint}</code> as a webhook endpoint; on your own machine{' '}
      <code>{`stripe listen --forward-to ${endpoint}`}</code> brings them.
      {mode === 'live' ? null : (
        <>
          {' '}
          Or <a href={webhookTestPath()}>send one yourself</a>.
        </>
      )}
    </EmptyState>
  );
}
