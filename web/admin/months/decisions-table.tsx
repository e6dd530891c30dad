import type { MonthDetails } from '../../../api/admin/months/schema.ts';
import { countOfBills } from '../../../domain/close-summary.ts';
import { type Column, Table } from '../../components/table.tsx';
import { Id, Time } from '../../components/values.tsx';

type Decision = MonthDetails['decisions'][number];

const WORDS: Readonly<Record<Decision['type'], string>> = {
  approve: 'Approved',
  hold: 'Held',
  release: 'Released',
  skip: 'Skipped',
  retryParked: 'Tried the parked bills again',
};

/** Who has decided what about a month, and why; the newest first. */
export function Decisions({ decisions }: { readonly decisions: readonly Decision[] }) {
  if (decisions.length === 0) return null;
  return (
    <section>
      <h2>Decisions</h2>
      <Table
        caption="Decisions"
        columns={COLUMNS}
        rows={decisions}
        keyOf={({ type, decidedAt, bills }) => [type, decidedAt, ...bills].join(' ')}
        empty={null}
      />
    </section>
  );
}

const COLUMNS: readonly Column<Decision>[] = [
  { name: 'When', cell: ({ decidedAt }) => <Time at={decidedAt} /> },
  { name: 'What', cell: ({ type }) => WORDS[type] },
  { name: 'By', cell: ({ by }) => by },
  { name: 'Why', cell: ({ reason }) => reason ?? '' },
  { name: 'Bills', cell: ({ bills }) => <DecidedBills bills={bills} /> },
];

function DecidedBills({ bills }: Pick<Decision, 'bills'>) {
  const [first] = bills;
  if (first === undefined) return <>the month</>;
  return bills.length === 1 ? <Id id={first} /> : <>{countOfBills(bills.length)}</>;
}
