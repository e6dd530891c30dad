import type { Customer } from '../../../api/admin/customers/schema.ts';
import type { Mode } from '../../../domain/mode.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Id, Money, StatusBadge, Time } from '../../components/values.tsx';
import { Bills } from './bills.tsx';
import { History } from './history.tsx';
import { causeOfCredits } from './words.ts';

/** What was billed, granted and disputed, and how it came to that. */
export function Records({ mode, customer }: { readonly mode: Mode; readonly customer: Customer }) {
  const { bills, creditLots, creditsCents, disputes } = customer;
  return (
    <>
      <section>
        <h2>Bills</h2>
        <Bills mode={mode} bills={bills} />
      </section>
      <section>
        <h2>Credits</h2>
        {creditLots.length === 0 ? null : (
          <p>
            <Money cents={creditsCents} /> left. What is used up first comes first.
          </p>
        )}
        <Table
          caption="Credits"
          columns={CREDIT_COLUMNS}
          rows={creditLots}
          keyOf={({ cause }) => cause}
          empty={
            <EmptyState title="No credits are left.">
              Users buy some through Checkout: POST /api/users/USER/checkout-sessions.
            </EmptyState>
          }
        />
      </section>
      <section>
        <h2>Disputes</h2>
        <Table
          caption="Disputes"
          columns={DISPUTE_COLUMNS}
          rows={disputes}
          keyOf={({ id }) => id}
          empty={<p>No payment of theirs was ever disputed.</p>}
        />
      </section>
      <section>
        <h2>History</h2>
        <History customer={customer} />
      </section>
    </>
  );
}

const CREDIT_COLUMNS: readonly Column<Customer['creditLots'][number]>[] = [
  { name: 'Granted for', cell: ({ cause }) => causeOfCredits(cause).words },
  { name: 'Id', cell: ({ cause }) => <Id id={causeOfCredits(cause).id} /> },
  { name: 'Expire', cell: ({ expiresAt }) => (expiresAt === null ? 'never' : <Time at={expiresAt} />) },
  { name: 'Left', cell: ({ remainingCents: cents }) => <Money cents={cents} />, isFigure: true },
];

const DISPUTE_COLUMNS: readonly Column<Customer['disputes'][number]>[] = [
  { name: 'Dispute', cell: ({ id }) => <Id id={id} /> },
  { name: 'Status', cell: ({ status }) => <StatusBadge tone={toneOfDispute(status)}>{status}</StatusBadge> },
  {
    name: 'Evidence is taken until',
    cell: ({ dueBy }) => (dueBy === null ? 'no evidence is taken' : <Time at={dueBy} />),
  },
  { name: 'Amount', cell: ({ amountCents: cents }) => <Money cents={cents} />, isFigure: true },
];

function toneOfDispute(status: string) {
  if (status === 'won') return 'good';
  if (status === 'lost' || status.endsWith('needs_response')) return 'bad';
  return status.endsWith('under_review') ? 'waiting' : 'neutral';
}
