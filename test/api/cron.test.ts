import { expect, test } from 'vitest';
import { cronOf } from '../../api/temporal/cron.ts';

/** As the server answers: zeros, and an end that is the start, are left out. */
const EVERY_DAY = {
  dayOfMonth: [{ start: 1, end: 31, step: 1 }],
  month: [{ start: 1, end: 12, step: 1 }],
  dayOfWeek: [{ end: 6, step: 1 }],
};

test.each([
  [
    'midnight on the 1st',
    { minute: [{ step: 1 }], hour: [{ step: 1 }], ...EVERY_DAY, dayOfMonth: [{ start: 1, end: 1, step: 1 }] },
    '0 0 1 * * UTC',
  ],
  ['each full hour', { minute: [{ step: 1 }], hour: [{ end: 23, step: 1 }], ...EVERY_DAY }, '0 * * * * UTC'],
  [
    'steps, ranges and several of them',
    {
      minute: [{ end: 59, step: 15 }],
      hour: [{ start: 3, end: 5, step: 1 }, { start: 7 }],
      ...EVERY_DAY,
      dayOfWeek: [{ start: 1, end: 1, step: 1 }],
    },
    '*/15 3-5,7 * * 1 UTC',
  ],
])('%s is told as cron', (_what, calendar, cron) => {
  expect(cronOf({ structuredCalendar: [calendar] })).toBe(cron);
});

test('another time zone is told, and so are intervals and a Schedule that never runs', () => {
  const calendar = { minute: [{}], hour: [{}], ...EVERY_DAY };
  expect(cronOf({ structuredCalendar: [calendar], timezoneName: 'Europe/Berlin' })).toBe(
    '0 0 * * * Europe/Berlin',
  );
  expect(cronOf({})).toBe('never');
});
