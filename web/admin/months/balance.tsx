import {
  BALANCE_PARTS,
  type BalancePart,
  BILLED_PARTS,
  type MonthTotals,
  partsInWords,
} from '../../../domain/month-balance.ts';
import { type Column, Table } from '../../components/table.tsx';
import { Money } from '../../components/values.tsx';

/** Where all usage of the month had gone when its close ended. */
export function Balance({ balance }: { readonly balance: MonthTotals }) {
  const { usedCents, contradictions } = balance;
  return (
    <section>
      <h2>Balance</h2>
      <p>
        Where all usage of the month had gone when the close ended: <Money cents={usedCents} />{' '}
        {`used = ${partsInWords(BALANCE_PARTS, balance).join(' + ')}.`}
      </p>
      {contradictions === 0 ? null : (
        <p class="flash bad" role="alert">
          {`The totals of ${contradictions.toLocaleString('en-US')} users contradict their bills. Nothing of ours writes one without the other: look for what was changed by hand (npm run billing -- balance).`}
        </p>
      )}
      <Table
        caption="Balance"
        columns={COLUMNS}
        rows={rowsOf(balance)}
        keyOf={({ name }) => name}
        empty={null}
      />
    </section>
  );
}

interface Row {
  readonly name: string;
  readonly cents: number;
  readonly meaning: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { name: 'Part', cell: ({ name }) => name },
  { name: 'Amount', cell: ({ cents }) => <Money cents={cents} />, isFigure: true },
  { name: 'Which is', cell: ({ meaning }) => meaning },
];

function rowsOf(balance: MonthTotals): readonly Row[] {
  const meanings: Readonly<Record<BalancePart, string>> = {
    billedCents: `${partsInWords(BILLED_PARTS, balance).join(', ')}.`,
    heldCents: 'Waits for a person to release it.',
    parkedCents: 'Refused by Stripe; somebody must look.',
    unbillableCents: 'Of users who never began a Checkout: Stripe has nobody to bill.',
    writtenOffCents: 'Its bill is void.',
    unbilledCents: 'Came after the freeze; it joins the next bill.',
  };
  return BALANCE_PARTS.filter(([amount]) => amount === 'billedCents' || balance[amount] !== 0).map(
    ([amount, name]) => ({ name: capitalized(name), cents: balance[amount], meaning: meanings[amount] }),
  );
}

const capitalized = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
