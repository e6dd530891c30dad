import { Big } from 'big.js';
import type { EChartsOption } from 'echarts';
import type { BillingPeriod } from '../../domain/billing-period.ts';
import type { DailyUsageByProduct } from '../../domain/daily-usage.ts';
import { daysOf } from '../../domain/days.ts';
import { PRICE_LIST } from '../../domain/price-list.ts';
import { CHART_THEMES, type ChartTheme, colourOf } from './chart-themes.ts';

/** One picture of one month: a page shows it light or dark, narrow or wide, as its reader has it. */
export interface UsageChart {
  readonly period: BillingPeriod;
  readonly usage: DailyUsageByProduct;
  readonly theme: ChartTheme;
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * What each day of a month cost, as an SVG document: a bar a day, of a part for each product, in dollars. Days to come are left
 * empty. It holds no script, and its ground is transparent.
 *
 * For a response of its own, shown as an image: an image runs nothing and fetches nothing, and the styles that it holds
 * (`style-src 'unsafe-inline'` in its own Content-Security-Policy) can't reach the page. Who can't see it reads the table
 * beside it.
 */
export async function renderUsageChart(chart: UsageChart): Promise<string> {
  const { width, height } = chart;
  // At first use, not with the api; and the one file, since loading the 600 files of echarts/core takes ten times as long.
  const { init } = await import('echarts/dist/echarts.esm.min');
  const drawn = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    drawn.setOption(optionOf(chart));
    return drawn.renderToSVGString();
  } finally {
    drawn.dispose();
  }
}

/** About as wide and high as a product's name is in the legend, which has as many rows as it needs. */
const LEGEND_ITEM_PX = 130;
const LEGEND_ROW_PX = 24;

function optionOf({ period, usage, theme, width }: UsageChart): EChartsOption {
  const { ground, text, line } = CHART_THEMES[theme];
  const days = daysOf(period);
  const font = { color: text, fontFamily: 'system-ui, sans-serif', fontSize: 13 };
  const series = Array.from(usage, ([product, ofDays]) => ({
    type: 'bar' as const,
    name: PRICE_LIST[product].displayName,
    stack: 'cost',
    // What is nothing is not drawn.
    data: ofDays.map(({ amountCents }) => new Big(amountCents).div(100).toNumber() || null),
    barCategoryGap: '20%',
    // An edge of the ground's colour tells two parts of a bar from each other where their colours don't.
    itemStyle: { color: colourOf(theme, product), borderColor: ground, borderWidth: 1 },
    silent: true,
  }));
  const legendRows = Math.ceil((usage.size * LEGEND_ITEM_PX) / width);
  const format = dollarFormat(highestDollars(usage));
  return {
    animation: false,
    textStyle: font,
    legend: {
      top: 0,
      left: 'center',
      width: '85%', // Text is measured without the font that the reader has, which may be wider.
      itemWidth: 14,
      itemGap: 20,
      textStyle: font,
      selectedMode: false,
    },
    grid: {
      top: 16 + legendRows * LEGEND_ROW_PX,
      right: 8,
      bottom: 8,
      left: 8,
      outerBoundsMode: 'same',
      outerBoundsContain: 'axisLabel',
    },
    xAxis: {
      type: 'category',
      data: days.map((day) => String(Number(day.slice(8)))),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: text } },
      axisLabel: { ...font, hideOverlap: true },
      silent: true,
    },
    yAxis: {
      type: 'value',
      splitLine: { lineStyle: { color: line } },
      axisLabel: { ...font, formatter: (dollars: number) => format.format(dollars) },
      silent: true,
    },
    series,
  };
}

function highestDollars(usage: DailyUsageByProduct): number {
  const cents = new Map<string, Big>();
  for (const days of usage.values()) {
    for (const { day, amountCents } of days) cents.set(day, (cents.get(day) ?? new Big(0)).plus(amountCents));
  }
  return Math.max(0, ...Array.from(cents.values(), (sum) => sum.div(100).toNumber()));
}

/** With the decimals that the steps of an axis need which goes up to this: `$0.002` for tenths of a cent, `$2,000` for thousands. */
function dollarFormat(highest: number): Intl.NumberFormat {
  const decimals = highest > 0 ? Math.max(0, -Math.floor(Math.log10(highest / 5))) : 0;
  return new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: decimals === 1 ? 2 : decimals,
    maximumFractionDigits: decimals === 1 ? 2 : decimals,
  });
}
