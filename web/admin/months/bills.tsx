import type { MonthDetails } from '../../../api/admin/months/schema.ts';
import { BILL_STATUSES, type BillStatus } from '../../../domain/bill.ts';
import type { BiggestBill, BillSum, CloseSummary } from '../../../domain/close-summary.ts';
import { countOfBills } from '../../../domain/close-summary.ts';
import type { Mode } from '../../../domain/mode.ts';
import { formatCents, formatChange } from '../../../domain/money.ts';
import { type Figure, Figures } from '../../components/figures.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Money } from '../../components/values.tsx';
import { BillStatusBadge } from '../components/bill.tsx';
import { CustomerPageLink } from '../components/customer.tsx';

interface BillsProps {
  readonly mode: Mode;
  readonly summary: MonthDetails['summary'];
}

/** A month's bills at a glance: sums, what became of them, the biggest, and who can't be billed. */
export function Bills({ mode, summary }: BillsProps) {
  const { byStatus, biggest, withoutCustomer, withoutPaymentMethod } = summary;
  const statuses = BILL_STATUSES.filter((status) => byStatus[status].bills > 0);
  return (
    <>
      <section>
        <h2>Bills</h2>
        <Figures figures={sumsOf(summary)} />
        <Uncollectible withoutCustomer={withoutCustomer} withoutPaymentMethod={withoutPaymentMethod} />
        <Table
          caption="Bills by status"
          columns={statusColumns(byStatus)}
          rows={statuses}
          keyOf={(status) => status}
          empty={null}
        />
      </section>
      <section>
        <h2>The biggest bills</h2>
        <Table
          caption="The biggest bills"
          columns={biggestColumns(mode)}
          rows={biggest}
          keyOf={({ billId }) => billId}
          empty={null}
        />
      </section>
    </>
  );
}

function sumsOf(summary: BillsProps['summary']): readonly Figure[] {
  const { bills, totalCents, creditsCents, previousBills, previousTotalCents } = summary;
  return [
    { name: 'Bills', value: bills.toLocaleString('en-US') },
    { name: 'To collect', value: <Money cents={totalCents} /> },
    ...(creditsCents === 0 ? [] : [{ name: 'Paid by credits', value: <Money cents={creditsCents} /> }]),
    {
      name: `The month before, ${countOfBills(previousBills)}`,
      value: <Money cents={previousTotalCents} />,
    },
    { name: 'Difference', value: formatChange(totalCents, previousTotalCents) },
  ];
}

/** Bills that won't be collected as things are: how many, why, and what helps. */
function Uncollectible({
  withoutCustomer,
  withoutPaymentMethod,
}: Pick<CloseSummary, 'withoutCustomer' | 'withoutPaymentMethod'>) {
  return (
    <>
      <Problem sum={withoutCustomer}>
        of users who never began a Checkout: Stripe has nobody to bill. Their bills are parked until they do.
      </Problem>
      <Problem sum={withoutPaymentMethod}>
        of customers without a payment method: the invoice will fail. They add a card through Checkout.
      </Problem>
    </>
  );
}

function Problem({ sum: { bills, cents }, children }: { readonly sum: BillSum; readonly children: string }) {
  if (bills === 0) return null;
  return (
    <p class="flash waiting">
      <strong>{`${countOfBills(bills)}, ${formatCents(cents)},`}</strong> {children}
    </p>
  );
}

function statusColumns(byStatus: CloseSummary['byStatus']): readonly Column<BillStatus>[] {
  return [
    { name: 'Status', cell: (status) => <BillStatusBadge status={status} /> },
    { name: 'Bills', cell: (status) => byStatus[status].bills.toLocaleString('en-US'), isFigure: true },
    { name: 'Total', cell: (status) => <Money cents={byStatus[status].cents} />, isFigure: true },
  ];
}

function biggestColumns(mode: Mode): readonly Column<BiggestBill>[] {
  return [
    { name: 'User', cell: ({ userId }) => <CustomerPageLink mode={mode} userId={userId} /> },
    { name: 'Total', cell: ({ totalCents: cents }) => <Money cents={cents} />, isFigure: true },
    {
      name: 'Month before',
      cell: ({ previousTotalCents: cents }) => <Money cents={cents} />,
      isFigure: true,
    },
    {
      name: 'Change',
      cell: ({ totalCents, previousTotalCents }) => formatChange(totalCents, previousTotalCents),
      isFigure: true,
    },
  ];
}
