import type { Preview } from '../../../api/admin/months/schema.ts';
import type { PreviewedBill } from '../../../domain/close-preview.ts';
import type { Mode } from '../../../domain/mode.ts';
import { formatChange } from '../../../domain/money.ts';
import type { Month } from '../../../domain/monthly-close.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { type Figure, Figures } from '../../components/figures.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Money, StatusBadge, Time } from '../../components/values.tsx';
import { monthInWords } from '../../words.ts';
import { BillStatusBadge } from '../components/bill.tsx';
import { CustomerPageLink } from '../components/customer.tsx';
import { monthPath } from './month-view.ts';

interface PreviewPageProps {
  readonly month: Month;
  readonly preview: Preview;
  readonly computedAt: Date;
}

/** What a close of the month would come to now. Nothing was written for it. */
export function PreviewPage({ month, preview, computedAt }: PreviewPageProps) {
  const { mode, period } = month;
  const { bills, biggest, mostChanged, problems, problemBills, held, heldBills } = preview;
  return (
    <>
      <p>
        <a href={monthPath(month)}>{`To ${monthInWords(period)}`}</a>
      </p>
      <p>
        {'What a close would come to, computed at '}
        <Time at={computedAt} />
        {'. Nothing was written, and nothing went to Stripe.'}
      </p>
      {bills === 0 && mostChanged.length === 0 ? (
        <EmptyState title="Nobody would be billed.">
          There is no usage in this month that no bill holds yet: send some with POST /api/usage-events.
        </EmptyState>
      ) : (
        <>
          <Figures figures={sumsOf(preview)} />
          <Listed
            title="Can't be collected"
            count={problemBills}
            mode={mode}
            bills={problems}
            last={WHY_NOT}
          />
          <Listed title="Held for a person" count={heldBills} mode={mode} bills={held} last={HELD} />
          <Listed title="The biggest bills" mode={mode} bills={biggest} last={STATUS} />
          <Listed title="Most changed" mode={mode} bills={mostChanged} last={STATUS} />
        </>
      )}
    </>
  );
}

function sumsOf(preview: Preview): readonly Figure[] {
  const { bills, newBills, usedCents, creditsCents, totalCents, previousTotalCents } = preview;
  const frozen = bills - newBills;
  return [
    { name: 'New bills', value: newBills.toLocaleString('en-US') },
    ...(frozen === 0 ? [] : [{ name: 'Frozen already', value: frozen.toLocaleString('en-US') }]),
    { name: 'To collect', value: <Money cents={totalCents} /> },
    { name: 'Used', value: <Money cents={usedCents} /> },
    ...(creditsCents === 0 ? [] : [{ name: 'Paid by credits', value: <Money cents={creditsCents} /> }]),
    { name: 'The month before', value: <Money cents={previousTotalCents} /> },
    { name: 'Difference', value: formatChange(totalCents, previousTotalCents) },
  ];
}

interface ListedProps {
  readonly title: string;
  readonly mode: Mode;
  readonly bills: readonly PreviewedBill[];
  /** How many there are, where that may be more than are named. */
  readonly count?: number;
  readonly last: Column<PreviewedBill>;
}

function Listed({ title, mode, bills, count, last }: ListedProps) {
  if (bills.length === 0) return null;
  const more = (count ?? bills.length) - bills.length;
  return (
    <section>
      <h2>{count === undefined ? title : `${title}: ${count.toLocaleString('en-US')}`}</h2>
      <Table
        caption={title}
        columns={[
          { name: 'User', cell: ({ userId }) => <CustomerPageLink mode={mode} userId={userId} /> },
          ...AMOUNTS,
          last,
        ]}
        rows={bills}
        keyOf={({ userId }) => userId}
        empty={null}
      />
      {more > 0 ? <p>{`And ${more.toLocaleString('en-US')} more.`}</p> : null}
    </section>
  );
}

const AMOUNTS: readonly Column<PreviewedBill>[] = [
  { name: 'Total', cell: ({ totalCents: cents }) => <Money cents={cents} />, isFigure: true },
  { name: 'Month before', cell: ({ previousTotalCents: cents }) => <Money cents={cents} />, isFigure: true },
  {
    name: 'Change',
    cell: ({ totalCents, previousTotalCents }) => formatChange(totalCents, previousTotalCents),
    isFigure: true,
  },
];

const PROBLEMS: Readonly<Record<NonNullable<PreviewedBill['problem']>, string>> = {
  no_customer: 'Never began a Checkout: Stripe has nobody to bill, and the bill will be parked.',
  no_payment_method: 'Has no payment method: the invoice will fail.',
};

const WHY_NOT: Column<PreviewedBill> = {
  name: 'Why',
  cell: ({ problem }) => (problem === null ? '' : PROBLEMS[problem]),
};

const HELD: Column<PreviewedBill> = { name: 'Why', cell: ({ held }) => held ?? '' };

const STATUS: Column<PreviewedBill> = {
  name: 'Status',
  cell: ({ status }) => {
    if (status === 'new') return <StatusBadge tone="neutral">new</StatusBadge>;
    return status === 'none' ? 'nothing to bill' : <BillStatusBadge status={status} />;
  },
};
