import { formatCents } from '../../../domain/money.ts';
import type { MonthTotals } from '../../../domain/month-balance.ts';
import { type Column, Table } from '../../components/table.tsx';
import { Money } from '../../components/values.tsx';

interface Part {
  readonly name: string;
  readonly cents: number;
  readonly meaning: string;
}

/** Where all usage of the month had gone when its close ended. */
export function Balance({ balance }: { readonly balance: MonthTotals }) {
  const { usedCents, contradictions } = balance;
  const parts = partsOf(balance).filter(({ name, cents }) => name === 'Billed' || cents !== 0);
  const sum = parts.map(({ name, cents }) => `${formatCents(cents)} ${name.toLowerCase()}`).join(' + ');
  return (
    <section>
      <h2>Balance</h2>
      <p>
        Where all usage of the month had gone when the close ended: <Money cents={usedCents} />{' '}
        {`used = ${sum}.`}
      </p>
      {contradictions === 0 ? null : (
        <p class="flash bad" role="alert">
          {`The totals of ${contradictions.toLocaleString('en-US')} users contradict their bills. Nothing of ours writes one without the other: look for what was changed by hand (npm run billing -- balance).`}
        </p>
      )}
      <Table caption="Balance" columns={COLUMNS} rows={parts} keyOf={({ name }) => name} empty={null} />
    </section>
  );
}

const COLUMNS: readonly Column<Part>[] = [
  { name: 'Part', cell: ({ name }) => name },
  { name: 'Amount', cell: ({ cents }) => <Money cents={cents} />, isFigure: true },
  { name: 'Which is', cell: ({ meaning }) => meaning },
];

function partsOf(balance: MonthTotals): readonly Part[] {
  const { paidCents, collectingCents, waitingCents } = balance;
  const billed = [
    `${formatCents(paidCents)} paid`,
    `${formatCents(collectingCents)} being collected`,
    ...(waitingCents === 0 ? [] : [`${formatCents(waitingCents)} not sent yet`]),
  ];
  return [
    { name: 'Billed', cents: balance.billedCents, meaning: `${billed.join(', ')}.` },
    { name: 'Held', cents: balance.heldCents, meaning: 'Waits for a person to release it.' },
    { name: 'Parked', cents: balance.parkedCents, meaning: 'Refused by Stripe; somebody must look.' },
    {
      name: 'Unbillable',
      cents: balance.unbillableCents,
      meaning: 'Of users who never began a Checkout: Stripe has nobody to bill.',
    },
    { name: 'Written off', cents: balance.writtenOffCents, meaning: 'Its invoice was voided.' },
    {
      name: 'On no bill yet',
      cents: balance.unbilledCents,
      meaning: 'Came after the freeze; it joins the next bill.',
    },
  ];
}
