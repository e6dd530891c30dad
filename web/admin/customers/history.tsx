import type { Customer } from '../../../api/admin/customers/schema.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Id, StatusBadge, Time, type Tone } from '../../components/values.tsx';

type Decision = Customer['decisions'][number];
type AppliedEvent = Customer['events'][number];
type Entry =
  | { readonly at: string; readonly decision: Decision; readonly event?: never }
  | { readonly at: string; readonly event: AppliedEvent; readonly decision?: never };

/** The events of Stripe's that had their effect and what operators have decided, newest first. */
export function History({ customer }: { readonly customer: Customer }) {
  const entries = entriesOf(customer);
  return (
    <>
      {entries.length === 0 ? null : (
        <p>What Stripe told of them and what operators have decided; newest first, the last 100 of each.</p>
      )}
      <Table
        caption="History"
        columns={COLUMNS}
        rows={entries}
        keyOf={({ at, event }) => event?.id ?? `decided ${at}`}
        empty={
          <EmptyState title="No event of theirs has had an effect yet.">
            It begins with their first Checkout, of which Stripe then tells.
          </EmptyState>
        }
      />
    </>
  );
}

const DECISIONS: Readonly<Record<Decision['type'], { readonly words: string; readonly tone: Tone }>> = {
  extendGrace: { words: 'grace period extended', tone: 'waiting' },
  suspend: { words: 'suspended', tone: 'bad' },
  reactivate: { words: 'reactivated', tone: 'good' },
};

const COLUMNS: readonly Column<Entry>[] = [
  { name: 'When', cell: ({ at }) => <Time at={at} /> },
  { name: 'What', cell: whatOf },
  { name: 'By', cell: ({ decision }) => decision?.by ?? 'Stripe' },
  {
    name: 'About',
    cell: ({ event, decision }) => (event === undefined ? detailsOf(decision) : <Id id={event.objectId} />),
  },
];

function whatOf({ event, decision }: Entry) {
  if (event === undefined) {
    const { words, tone } = DECISIONS[decision.type];
    return <StatusBadge tone={tone}>{words}</StatusBadge>;
  }
  return (
    <>
      {event.type}
      <small class="beneath">
        <Id id={event.id} />
      </small>
    </>
  );
}

function detailsOf({ until, reason }: Decision) {
  if (until === null) return reason ?? '';
  return (
    <>
      until <Time at={until} />
    </>
  );
}

function entriesOf({ events, decisions }: Customer): Entry[] {
  const all = [
    ...events.map((event) => ({ at: event.appliedAt, event })),
    ...decisions.map((decision) => ({ at: decision.decidedAt, decision })),
  ];
  return all.toSorted((a, b) => b.at.localeCompare(a.at));
}
