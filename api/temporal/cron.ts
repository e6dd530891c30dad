import type { ScheduleDescription } from '@temporalio/client';

type Spec = NonNullable<NonNullable<ScheduleDescription['raw']['schedule']>['spec']>;
type Calendar = NonNullable<Spec['structuredCalendar']>[number];
type Range = NonNullable<Calendar['minute']>[number];

/** What a cron expression has, and all that each may be. */
const FIELDS = [
  ['minute', 0, 59],
  ['hour', 0, 23],
  ['dayOfMonth', 1, 31],
  ['month', 1, 12],
  ['dayOfWeek', 0, 6],
] as const;

/**
 * When a Schedule runs, as cron has it and with its time zone: `0 0 1 * * UTC`. The server keeps a cron expression as ranges, so this
 * is how what it was told is compared with what it holds.
 */
export function cronOf(spec: Spec): string {
  const calendars = (spec.structuredCalendar ?? []).map(
    (calendar) => `${fieldsOf(calendar)} ${spec.timezoneName || 'UTC'}`,
  );
  const intervals = (spec.interval ?? []).map(({ interval }) => `every ${Number(interval?.seconds ?? 0)} s`);
  return [...calendars, ...intervals].join(', ') || 'never';
}

function fieldsOf(calendar: Calendar): string {
  return FIELDS.map(([name, from, to]) =>
    (calendar[name] ?? []).map((range) => rangeOf(range, from, to)).join(','),
  ).join(' ');
}

/** Zeros, and an end that is the start, are left out by the server. */
function rangeOf({ start, end, step }: Range, from: number, to: number): string {
  const [first, last, every] = [start ?? 0, Math.max(start ?? 0, end ?? 0), Math.max(step ?? 1, 1)];
  if (first === last) return String(first);
  const range = first === from && last === to ? '*' : `${first}-${last}`;
  return every === 1 ? range : `${range}/${every}`;
}
