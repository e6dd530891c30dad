import type { BillingPeriod } from '../../../domain/billing-period.ts';
import { formatUnitPrice } from '../../../domain/money.ts';
import { PRICE_LIST } from '../../../domain/price-list.ts';
import type { UsageLine } from '../../../domain/usage-report.ts';
import { Figures } from '../../components/figures.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Money } from '../../components/values.tsx';
import { monthInWords, quantityInWords } from '../../words.ts';
import { CHART_WIDTHS } from '../chart-route.ts';
import type { ChartTheme } from '../chart-themes.ts';
import { accountPath } from '../paths.ts';
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
      {totalCents === 0 ? null : <UsageChart period={period} />}
      <Table
        caption="Usage by product"
        columns={COLUMNS}
        rows={lines}
        keyOf={({ product }) => product}
        empty={null}
      />
      <p>
        <small>
          The estimate assumes that you go on using as much as in this month so far. Storage is counted to the
          end of the month in both figures, as large as it is now. They are no bill, and nothing is due before
          the month is over. Days and months are those of UTC.
        </small>
      </p>
    </section>
  );
}

/** As an image, which the browser asks for by itself: in the theme and about the width that the page has there. */
function UsageChart({ period }: { readonly period: BillingPeriod }) {
  const address = (theme: ChartTheme, width: number) =>
    `${accountPath('usage-chart.svg')}?theme=${theme}&width=${width}`;
  return (
    <picture>
      <source
        media={`(prefers-color-scheme: dark) and (max-width: ${PHONE_PX}px)`}
        srcset={address('dark', CHART_WIDTHS.narrow)}
      />
      <source media="(prefers-color-scheme: dark)" srcset={address('dark', CHART_WIDTHS.wide)} />
      <source media={`(max-width: ${PHONE_PX}px)`} srcset={address('light', CHART_WIDTHS.narrow)} />
      <img
        class="chart"
        src={address('light', CHART_WIDTHS.wide)}
        alt={`Cost of each day of ${monthInWords(period)} by product; the sums are in the table below.`}
      />
    </picture>
  );
}

const PHONE_PX = 575;

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
