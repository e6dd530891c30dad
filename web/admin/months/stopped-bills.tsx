import type { StoppedBill } from '../../../domain/close-summary.ts';
import type { Mode } from '../../../domain/mode.ts';
import { type Column, Table } from '../../components/table.tsx';
import { Id, Money } from '../../components/values.tsx';
import { CustomerPageLink } from '../components/customer.tsx';

interface StoppedBillsProps {
  readonly caption: string;
  readonly mode: Mode;
  readonly bills: readonly StoppedBill[];
  /** How many there are; the biggest are named. */
  readonly count: number;
  /** Whether some of them can be chosen, in the form around. */
  readonly canBeChosen?: boolean;
}

/** Bills that go nowhere before somebody acts: whose they are, and why. */
export function StoppedBills({ caption, mode, bills, count, canBeChosen = false }: StoppedBillsProps) {
  const more = count - bills.length;
  return (
    <>
      <Table
        caption={caption}
        columns={columnsOf(mode, canBeChosen)}
        rows={bills}
        keyOf={({ billId }) => billId}
        empty={null}
      />
      {more > 0 ? <p>{`And ${more.toLocaleString('en-US')} more, none of them bigger.`}</p> : null}
    </>
  );
}

function columnsOf(mode: Mode, canBeChosen: boolean): readonly Column<StoppedBill>[] {
  return [
    ...(canBeChosen ? [CHOICE] : []),
    { name: 'User', cell: ({ userId }) => <CustomerPageLink mode={mode} userId={userId} /> },
    { name: 'Total', cell: ({ totalCents: cents }) => <Money cents={cents} />, isFigure: true },
    { name: 'Why', cell: ({ problem }) => problem },
    { name: 'Bill', cell: ({ billId }) => <Id id={billId} /> },
  ];
}

const CHOICE: Column<StoppedBill> = {
  name: 'Choose',
  cell: ({ billId, userId }) => (
    <input
      type="checkbox"
      id={`choose-${billId}`}
      name="bills"
      value={billId}
      aria-label={`${userId}, ${billId}`}
    />
  ),
};
