import type { Customer } from '../../../api/admin/customers/schema.ts';
import type { Mode } from '../../../domain/mode.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { StripeLink } from '../../components/stripe-link.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Id, Money, Time } from '../../components/values.tsx';
import { BillStatusBadge } from '../components/bill.tsx';
import { tabPath } from '../tabs.ts';

type Bill = Customer['bills'][number];

/** A user's bills, each with what it comes to and Stripe's page of it. */
export function Bills({ mode, bills }: Pick<Customer, 'bills'> & { readonly mode: Mode }) {
  return (
    <Table
      caption="Bills"
      columns={[monthColumn(mode), ...BILL_COLUMNS]}
      rows={bills}
      keyOf={({ id }) => id}
      empty={
        <EmptyState title="No bill yet.">
          The first comes with the close of a month in which they have used something: see the tab Months.
        </EmptyState>
      }
    />
  );
}

/** Leads to how the month went for all. */
function monthColumn(mode: Mode): Column<Bill> {
  return {
    name: 'Month',
    cell: ({ period, part, parts, frozenAt }) => (
      <>
        <a href={tabPath('months', mode, period)}>{period}</a>
        {parts === 1 ? null : `, part ${part} of ${parts}`}
        <small class="beneath">
          computed <Time at={frozenAt} />
        </small>
      </>
    ),
  };
}

const BILL_COLUMNS: readonly Column<Bill>[] = [
  {
    name: 'Status',
    cell: ({ status, problem }) => (
      <>
        <BillStatusBadge status={status} />
        {problem === null ? null : <small class="beneath">{problem}</small>}
      </>
    ),
  },
  { name: 'Total', cell: ({ totalCents: cents }) => <Money cents={cents} />, isFigure: true },
  { name: 'By credits', cell: ({ creditsCents: cents }) => <Money cents={cents} />, isFigure: true },
  { name: 'Refunded', cell: ({ refundedCents: cents }) => <Money cents={cents} />, isFigure: true },
  { name: 'Invoice', cell: invoiceOf },
];

function invoiceOf({ stripeInvoiceId, hostedInvoiceUrl }: Bill) {
  if (stripeInvoiceId === null) return 'none yet';
  return (
    <StripeLink
      href={hostedInvoiceUrl}
      id={`invoice-${stripeInvoiceId}`}
      class="id"
      target="_blank"
      rel="noreferrer"
      otherwise={<Id id={stripeInvoiceId} />}
    >
      {stripeInvoiceId}
    </StripeLink>
  );
}
