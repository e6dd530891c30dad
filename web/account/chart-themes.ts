import { METERED_PRODUCTS, type MeteredProduct } from '../../domain/price-list.ts';

/** As the system of the person wants it: `prefers-color-scheme`. */
export type ChartTheme = 'light' | 'dark';

interface ChartColours {
  /** What Pico paints behind it. */
  readonly ground: string;
  readonly text: string;
  /** Of the grid, which is there to be overlooked. */
  readonly line: string;
  /** In the order of the price list, and some for products to come. */
  readonly products: readonly string[];
}

/**
 * Text has 4.5:1 against the ground, bars 3:1 (WCAG 2.2 AA). Products differ in brightness as well as in hue, so that people
 * who see two colours for three tell them apart; both are computed in test/web/usage-chart.test.ts.
 */
export const CHART_THEMES: Readonly<Record<ChartTheme, ChartColours>> = {
  light: {
    ground: '#ffffff',
    text: '#373c44',
    line: '#e7eaf0',
    products: ['#14406b', '#d55e00', '#009a7b', '#a44bc9', '#331100', '#7711ee'],
  },
  dark: {
    ground: '#13171f',
    text: '#c2c7d0',
    line: '#2a3140',
    products: ['#2f7de1', '#ee6a22', '#6be5b5', '#d79edb', '#ddff00', '#995544'],
  },
};

/** The colour of a product's bars; with more products than colours they begin again. */
export function colourOf(theme: ChartTheme, product: MeteredProduct): string {
  const { products, text } = CHART_THEMES[theme];
  return products[METERED_PRODUCTS.indexOf(product) % products.length] ?? text;
}
