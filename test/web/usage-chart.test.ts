import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import type { DailyUsageByProduct } from '../../domain/daily-usage.ts';
import { daysBegun } from '../../domain/days.ts';
import { METERED_PRODUCTS, type MeteredProduct, PRICE_LIST } from '../../domain/price-list.ts';
import { CHART_THEMES, type ChartTheme, colourOf } from '../../web/account/chart-themes.ts';
import { renderUsageChart } from '../../web/account/usage-chart.ts';
import { startBrowser } from '../support/chromium.ts';
import { contrast, perceivedDistance, VISIONS } from './colours.ts';

const OCTOBER = parseBillingPeriod('2026-10');
const THEMES: readonly ChartTheme[] = ['light', 'dark'];

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** Each product costs that many cents on every day that has begun. */
function usageOf(
  amountCents: Partial<Record<MeteredProduct, string>>,
  now = '2026-11-05',
): DailyUsageByProduct {
  const days = daysBegun(OCTOBER, new Date(now));
  return new Map(
    METERED_PRODUCTS.filter((product) => amountCents[product] !== undefined).map((product) => [
      product,
      days.map((day) => ({ day, quantity: '1', amountCents: amountCents[product] ?? '0' })),
    ]),
  );
}

const ALL = usageOf({ cpu_hour: '1000', gpu_hour: '2000.5', storage_gb_month: '1500', api_calls: '500' });
const render = (usage: DailyUsageByProduct, theme: ChartTheme = 'light', width = 720): Promise<string> =>
  renderUsageChart({ period: OCTOBER, usage, theme, width, height: 320 });

interface Parsed {
  readonly root: string;
  readonly elements: readonly string[];
  readonly attributes: readonly string[];
  readonly texts: readonly string[];
  readonly style: string;
}

/** By a browser's own parser of XML, which takes nothing that is not well-formed. */
async function parse(svg: string): Promise<Parsed> {
  const page = await browser.newPage();
  try {
    return await page.evaluate<Parsed>(`(() => {
      const root = new DOMParser().parseFromString(${JSON.stringify(svg)}, 'image/svg+xml').documentElement;
      const all = [root, ...root.querySelectorAll('*')];
      return {
        root: root.namespaceURI + ' ' + root.localName,
        elements: [...new Set(all.map((each) => each.localName))],
        attributes: [...new Set(all.flatMap((each) => each.getAttributeNames()))],
        texts: [...root.querySelectorAll('text')].map((each) => each.textContent),
        style: [...root.querySelectorAll('style')].map((each) => each.textContent).join('\\n'),
      };
    })()`);
  } finally {
    await page.close();
  }
}

/** How many bars, or parts of them, have the colour of the product. */
const partsOf = (svg: string, product: MeteredProduct, theme: ChartTheme = 'light'): number =>
  svg.split('\n').filter((line) => {
    const isBar = line.includes('ecmeta_ssr_type="chart"');
    return isBar && line.includes(`fill="${colourOf(theme, product)}"`);
  }).length;

describe('the chart of a month', () => {
  test.each(THEMES)('has a bar a day, in a part for each product, on a %s ground', async (theme) => {
    const svg = await render(ALL, theme);
    for (const product of ALL.keys()) expect(partsOf(svg, product, theme), product).toBe(31);
  });

  test('says which colour is which product, which day it was, and dollars', async () => {
    const { texts } = await parse(await render(ALL));
    const days = Array.from({ length: 31 }, (_, index) => String(index + 1));
    const names = [...ALL.keys()].map((product) => PRICE_LIST[product].displayName);
    expect(texts).toEqual(['$0', '$10', '$20', '$30', '$40', '$50', '$60', ...days, ...names]);
  });

  test('of a running month leaves room for the days to come', async () => {
    const svg = await render(usageOf({ gpu_hour: '100' }, '2026-10-12T08:00:00Z'));
    expect(partsOf(svg, 'gpu_hour')).toBe(12);
    const { texts } = await parse(svg);
    expect(texts).toContain('31');
    expect(texts).not.toContain(PRICE_LIST.cpu_hour.displayName);
  });

  test.each([
    ['0.05', '$0.0005'],
    ['5', '$0.05'],
    ['60', '$0.60'],
    ['900', '$8'],
    ['500000', '$5,000'],
  ])('of %s cents a day has an axis with as many decimals as it needs, such as %s', async (cents, label) => {
    const { texts } = await parse(await render(usageOf({ cpu_hour: cents })));
    expect(texts).toContain(label);
    const labels = texts.filter((text) => text.startsWith('$'));
    expect(new Set(labels).size).toBe(labels.length);
  });

  test('of nothing is an empty one', async () => {
    const { texts } = await parse(await render(new Map()));
    expect(texts).toContain('31');
  });
});

describe('the document', () => {
  test('is well-formed SVG that runs nothing and fetches nothing', async () => {
    const parsed = await parse(await render(ALL));
    expect(parsed.root).toBe('http://www.w3.org/2000/svg svg');
    expect(parsed.elements.toSorted()).toEqual(['path', 'rect', 'style', 'svg', 'text']);
    expect(parsed.attributes.filter((name) => /^on|href|src/i.test(name))).toEqual([]);
    expect(parsed.style).not.toMatch(/url|import|animation/);
  });

  test('has names as text, whatever is in them', async () => {
    const { displayName } = PRICE_LIST.cpu_hour;
    const name = `<script>alert("1")</script> & 'so' ]]> on`;
    Object.assign(PRICE_LIST.cpu_hour, { displayName: name });
    try {
      const { elements, texts } = await parse(await render(ALL));
      expect(elements).not.toContain('script');
      expect(texts).toContain(name);
    } finally {
      Object.assign(PRICE_LIST.cpu_hour, { displayName });
    }
  });

  test.each([720, 520, 340, 280])(
    'is drawn by a browser as an image %i px wide, with nothing on top of each other',
    async (width) => {
      const svg = await render(ALL, 'dark', width);
      const server = createServer((request, response) => {
        const isImage = request.url === '/chart.svg';
        response.setHeader('Content-Type', isImage ? 'image/svg+xml' : 'text/html');
        response.setHeader(
          'Content-Security-Policy',
          isImage ? "default-src 'none'; style-src 'unsafe-inline'" : "default-src 'none'; img-src 'self'",
        );
        response.end(isImage ? svg : '<img src="/chart.svg">');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const page = await browser.newPage();
      try {
        await page.goto(url);
        expect(await page.evaluate('document.images[0].naturalWidth')).toBe(width);

        await page.goto(`${url}/chart.svg`);
        const boxes = await page.evaluate<readonly Box[]>(
          `[...document.querySelectorAll('text')].map((text) => {
          const { left, right, top, bottom } = text.getBoundingClientRect();
          return { name: text.textContent, left, right, top, bottom };
        })`,
        );
        expect(boxes.filter(({ left, right }) => left < 0 || right > width)).toEqual([]);
        const pairs = boxes.flatMap((a, index) => boxes.slice(index + 1).map((b) => [a, b] as const));
        expect(pairs.filter(([a, b]) => overlap(a, b))).toEqual([]);
        const names = new Set(METERED_PRODUCTS.map((product) => PRICE_LIST[product].displayName));
        const legend = boxes.filter(({ name }) => names.has(name));
        const highest = boxes.find(({ name }) => name === '$60');
        expect(Math.max(...legend.map(({ bottom }) => bottom))).toBeLessThanOrEqual(highest?.top ?? 0);
      } finally {
        await page.close();
        server.close();
      }
    },
  );
});

interface Box {
  readonly name: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

describe.each(THEMES)('the %s colours', (theme) => {
  const { ground, text, products: colours } = CHART_THEMES[theme];

  test('stand out from the ground', () => {
    expect(contrast(text, ground)).toBeGreaterThan(4.5);
    for (const colour of colours) expect(contrast(colour, ground), colour).toBeGreaterThan(3);
  });

  test.each(VISIONS)('are told apart with %s vision', (vision) => {
    const pairs = colours.flatMap((a, index) => colours.slice(index + 1).map((b) => [a, b] as const));
    for (const [a, b] of pairs) expect(perceivedDistance(a, b, vision), `${a} ${b}`).toBeGreaterThan(25);
  });
});
