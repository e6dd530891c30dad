import { formatCents, formatUnitPrice } from '../../../domain/money.ts';
import { PRICE_LIST } from '../../../domain/price-list.ts';
import type { UsageLine } from '../../../domain/usage-report.ts';
import { Figures } from '../../components/figures.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Money } from '../../components/values.tsx';
import { monthInWords, quantityInWords } from '../../words.ts';
import type { MonthView } from '../view.ts';

/** What the running month has come to, and will come to if it goes on so. */
export function Month({
  month: { period, lines, totalCents, estimateCents },
}: {
  readonly month: MonthView;
}) {
  return (
    <section aria-labelledby="month">
      <h2 id="month">{`${monthInWords(period)} so far`}</h2>
      <Figures
        figures={[
          { name: 'Cost to date', value: <Money cents={totalCents} /> },
          ...(estimateCents === null
            ? []
            : [{ name: 'Estimate for the month', value: <Money cents={estimateCents} /> }]),
        ]}
      />
      <Table
        caption="Usage by product"
        columns={COLUMNS}
        rows={lines}
        keyOf={({ product }) => product}
        empty={null}
      />
      <p>
        <small>
          {`The estimate takes what you have used so far this month and assumes that you go on at the same rate; storage is taken to stay as large as it is now. It is no bill. The month begins and ends in UTC, and ${formatCents(0)} is due before it is over.`}
        </small>
      </p>
    </section>
  );
}

const COLUMNS: readonly Column<UsageLine>[] = [
  { name: 'Product', cell: ({ product }) => PRICE_LIST[product].displayName },
  { name: 'Used', cell: ({ quantity }) => quantityInWords(quantity), isFigure: true },
  {
    name: 'Price',
    cell: ({ product, unitPriceCents }) =>
      `${formatUnitPrice(unitPriceCents)} per ${PRICE_LIST[product].unitLabel}`,
    isFigure: true,
  },
  { name: 'Cost', cell: ({ amountCents }) => <Money cents={amountCents} />, isFigure: true },
];
