import type { IRouter, Request } from 'express';
import type { z } from 'zod';
import { eventsPage, replayEvent } from '../../../api/admin/events/events.ts';
import { eventIdSchema, eventsQuerySchema, type replayedSchema } from '../../../api/admin/events/schema.ts';
import { modeOfPath } from '../../../api/admin/parameters.ts';
import type { ApiDependencies } from '../../../api/dependencies.ts';
import { originOf } from '../../../api/origin.ts';
import { addRoute } from '../../../api/route.ts';
import { parse } from '../../../api/validation.ts';
import type { Mode } from '../../../domain/mode.ts';
import { modeOfQuery, textOfQuery } from '../../request-values.ts';
import { answerForm } from '../answer-form.ts';
import type { Shell } from '../shell.tsx';
import { EventsPage } from './page.tsx';
import { type EventsFilter, eventsPath } from './paths.ts';

/** The tab Events: the list, and handing one of it on again. */
export function addEventsTab(pages: IRouter, dependencies: ApiDependencies, shell: Shell): void {
  addRoute(pages, '/events', {
    get: [
      async (request, response) => {
        const filter = filterOf(request, modeOfQuery(request));
        const page = await eventsPage(dependencies, filter.mode, queryOf(filter));
        const origin = originOf(request);
        const head = { title: 'Events', tab: 'events' } as const;
        shell.page(request, response, head, <EventsPage filter={filter} page={page} origin={origin} />);
      },
    ],
  });

  addRoute(pages, '/events/:mode/:eventId/replay', {
    post: [
      async (request, response) => {
        const mode = modeOfPath(request);
        await answerForm(request, response, eventsPath(filterOf(request, mode)), async () => {
          const eventId = parse(eventIdSchema, request.params['eventId'], 'eventId');
          const { signal } = await replayEvent(dependencies, mode, eventId);
          return `${eventId} ${REPLAYED[signal]}`;
        });
      },
    ],
  });
}

const REPLAYED: Readonly<Record<z.output<typeof replayedSchema>['signal'], string>> = {
  stripeEvent: 'was handed to its workflow again.',
  lookAgain: 'was applied before, so its customer is looked at again.',
};

function filterOf(request: Request, mode: Mode): EventsFilter {
  return {
    mode,
    outcome: textOfQuery(request, 'outcome'),
    type: textOfQuery(request, 'type'),
    after: textOfQuery(request, 'after'),
  };
}

/** @throws HttpError `invalid_parameter` */
function queryOf({ outcome, type, after }: EventsFilter): z.output<typeof eventsQuerySchema> {
  const given = Object.entries({ outcome, type, after }).filter(([, value]) => value !== '');
  return parse(eventsQuerySchema, Object.fromEntries(given), 'query');
}
