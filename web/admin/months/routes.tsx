import type { IRouter, Request } from 'express';
import { describeMonth, monthsPage, previewMonth } from '../../../api/admin/months/month.ts';
import { monthOfPath } from '../../../api/admin/months/month-of-path.ts';
import { closeProgress } from '../../../api/admin/months/progress.ts';
import { whileAwaited } from '../../../api/client-gone.ts';
import type { ApiDependencies } from '../../../api/dependencies.ts';
import { addRoute } from '../../../api/route.ts';
import { isBillingPeriod } from '../../../domain/billing-period.ts';
import type { Month } from '../../../domain/monthly-close.ts';
import { modeOfQuery, textOfQuery } from '../../request-values.ts';
import { monthInWords } from '../../words.ts';
import type { Shell } from '../shell.tsx';
import { addMonthDecisions } from './decisions.ts';
import { MonthsPage } from './list-page.tsx';
import { ChangedMonth, MonthPage, type MonthView } from './month-page.tsx';
import { modeName, stageOf, versionOfProgress } from './month-view.ts';
import { PreviewPage } from './preview-page.tsx';
import { ProgressCard, type SeenFrom } from './progress-card.tsx';

const MONTHS_LISTED = 12;

/** The tab Months: all of a mode, each by itself with its live part, its preview, and what is decided about it. */
export function addMonthsTab(pages: IRouter, dependencies: ApiDependencies, shell: Shell): void {
  const { now = () => new Date() } = dependencies;
  const read = async (month: Month): Promise<MonthView> => ({
    ...(await describeMonth(dependencies, month)),
    ...month,
  });

  addRoute(pages, '/months', {
    get: [
      async (request, response) => {
        const mode = modeOfQuery(request);
        const text = textOfQuery(request, 'after');
        const after = isBillingPeriod(text) ? text : undefined;
        const months = await monthsPage(dependencies, mode, { before: after, limit: MONTHS_LISTED });
        shell.page(
          request,
          response,
          headOf('Months'),
          <MonthsPage mode={mode} months={months} after={after} />,
        );
      },
    ],
  });

  addRoute(pages, '/months/:mode/:period', {
    get: [
      async (request, response) => {
        const month = await read(monthOfPath(request));
        const nowMs = Date.now();
        const seenFrom = { done: month.goingOut?.done ?? 0, atMs: nowMs };
        const page = <MonthPage month={month} seenFrom={seenFrom} nowMs={nowMs} />;
        shell.page(request, response, headOf(titleOf(month)), page);
      },
    ],
  });

  addRoute(pages, '/months/:mode/:period/progress', {
    get: [
      async (request, response) => {
        const month = monthOfPath(request);
        const progress = await closeProgress(dependencies, month);
        const nowMs = Date.now();
        const isSameStage = textOfQuery(request, 'stage') === stageOf(progress);
        if (isSameStage) {
          const card = <ProgressCard {...{ month, progress, seenFrom: seenFromOf(request), nowMs }} />;
          shell.partIfChanged(request, response, versionOfProgress(progress), card);
          return;
        }
        const changed = await read(month);
        const seenFrom = { done: changed.goingOut?.done ?? 0, atMs: nowMs };
        const part = <ChangedMonth month={changed} seenFrom={seenFrom} nowMs={nowMs} />;
        shell.part(request, response, part);
      },
    ],
  });

  addRoute(pages, '/months/:mode/:period/preview', {
    get: [
      async (request, response) => {
        const month = monthOfPath(request);
        // Of what fails the page of its own is to be seen; htmx would put nothing in its place.
        if (request.get('hx-request') !== undefined) response.set('HX-Redirect', request.originalUrl);
        await whileAwaited(response, async (gone) => {
          const preview = await previewMonth(dependencies, month, gone);
          const page = <PreviewPage month={month} preview={preview} computedAt={now()} />;
          response.removeHeader('HX-Redirect');
          shell.page(request, response, headOf(`Preview of ${titleOf(month)}`), page);
        });
      },
    ],
  });

  addMonthDecisions(pages, dependencies);
}

function titleOf({ mode, period }: Month): string {
  return `${monthInWords(period)}, ${modeName(mode)}`;
}

function headOf(title: string) {
  return { title, tab: 'months' } as const;
}

/** From the address that the part before has made; with anything else in it the speed is not known. */
function seenFromOf(request: Request): SeenFrom {
  const done = Number(textOfQuery(request, 'done'));
  const atMs = Number(textOfQuery(request, 'at'));
  return Number.isSafeInteger(done) && Number.isSafeInteger(atMs) ? { done, atMs } : { done: 0, atMs: 0 };
}
