import type { MeteredProduct } from '../../domain/price-list.ts';

/** As the system of the person wants it: `prefers-color-scheme`. */
export type ChartTheme = 'light' | 'dark';

interface ChartColours {
  /** What Pico paints behind it. */
  readonly ground: string;
  readonly text: string;
  /** Of the grid, which is there to be overlooked. */
  readonly line: string;
  readonly products: Readonly<Record<MeteredProduct, string>>;
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
    products: {
      cpu_hour: '#14406b',
      gpu_hour: '#d55e00',
      storage_gb_month: '#009a7b',
      api_calls: '#a44bc9',
    },
  },
  dark: {
    ground: '#13171f',
    text: '#c2c7d0',
    line: '#2a3140',
    products: {
      cpu_hour: '#2f7de1',
      gpu_hour: '#ee6a22',
      storage_gb_month: '#6be5b5',
      api_calls: '#d79edb',
    },
  },
};
