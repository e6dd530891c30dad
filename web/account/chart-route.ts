import type { IRouter } from 'express';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { addRoute } from '../../api/route.ts';
import { loadDailyUsage } from '../../db/daily-usage.ts';
import { billingPeriodOf } from '../../domain/billing-period.ts';
import { textOfQuery } from '../request-values.ts';
import { userOf } from './sign-in.tsx';
import { renderUsageChart } from './usage-chart.ts';

/** In which the chart is drawn, in CSS pixels. */
export const CHART_WIDTHS = { narrow: 340, wide: 720 } as const;
const CHART_HEIGHT = 280;
/** The image's own: it holds styles, and they reach nothing but the image. */
const IMAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** `GET /account/usage-chart.svg?theme=&width=`: the running month by day, as an image. */
export function addChartRoute(
  pages: IRouter,
  { db, now = () => new Date() }: Pick<ApiDependencies, 'db' | 'now'>,
): void {
  addRoute(pages, '/usage-chart.svg', {
    get: [
      async (request, response) => {
        const at = now();
        const period = billingPeriodOf(at);
        const svg = await renderUsageChart({
          period,
          usage: await loadDailyUsage(db, userOf(request), period, at),
          theme: textOfQuery(request, 'theme') === 'dark' ? 'dark' : 'light',
          width:
            textOfQuery(request, 'width') === String(CHART_WIDTHS.narrow)
              ? CHART_WIDTHS.narrow
              : CHART_WIDTHS.wide,
          height: CHART_HEIGHT,
        });
        response.set('Content-Security-Policy', IMAGE_POLICY);
        response.type('svg').send(svg);
      },
    ],
  });
}
