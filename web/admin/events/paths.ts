import type { Mode } from '../../../domain/mode.ts';
import { tabPath } from '../tabs.ts';

/** Which events the tab shows; an empty text narrows nothing. */
export interface EventsFilter {
  readonly mode: Mode;
  readonly outcome?: string;
  readonly type?: string;
  /** `next` of the page before. */
  readonly after?: string;
}

/** The address of the tab as a filter narrows it. */
export function eventsPath(filter: EventsFilter): string {
  return `${tabPath('events')}?${queryOf(filter)}`;
}

/** Where an event is handed on again, from a list that is narrowed so. */
export function replayPath({ mode, ...narrowed }: EventsFilter, eventId: string): string {
  const query = queryOf(narrowed);
  return `${tabPath('events', mode, eventId, 'replay')}${query === '' ? '' : `?${query}`}`;
}

function queryOf(values: Partial<EventsFilter>): string {
  return new URLSearchParams(Object.entries(values).filter(([, value]) => value !== '')).toString();
}
