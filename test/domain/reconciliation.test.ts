import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  eventsThroughAfter,
  eventWindow,
  FIRST_PAGE,
  outcomeOfReconciliation,
  planReconciliation,
  progressOfReconciliation,
  type ReconciliationReport,
  type ReconciliationStart,
  reportOfStart,
} from '../../domain/reconciliation.ts';
import { reconciliationDetails } from '../../domain/reconciliation-details.ts';
import {
  codesOf,
  FINDING_CODES,
  isUnderWay,
  PASSES,
  UNDER_WAY_SECONDS,
} from '../../domain/reconciliation-findings.ts';

const DAY = 24 * 60 * 60;
const NOW_MS = Date.parse('2026-11-10T12:30:00Z');
const NOW = NOW_MS / 1_000;

describe('the window of events', () => {
  it('begins before the end of the last one, and leaves what is so young that its webhook is under way', () => {
    const window = eventWindow(NOW - 3_600, NOW);
    expect(window).toEqual({ from: NOW - 2 * 3_600, until: NOW - UNDER_WAY_SECONDS, gone: null });
    expect(eventsThroughAfter(NOW - 3_600, window)).toBe(NOW - UNDER_WAY_SECONDS);
  });

  it('goes back as far as Stripe keeps events, and says which of them are gone', () => {
    const oldest = NOW - 30 * DAY + 600;
    expect(eventWindow(null, NOW)).toMatchObject({ from: oldest, gone: null });
    expect(eventWindow(NOW - 40 * DAY, NOW)).toMatchObject({
      from: oldest,
      gone: { from: NOW - 40 * DAY, to: oldest },
    });
    expect(eventWindow(NOW - 29 * DAY, NOW).gone).toBeNull();
  });

  it('leaves no moment out between one run and the next, whenever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -7_200, max: 20 * DAY }), { maxLength: 20 }), (waits) => {
        let through: number | null = null;
        let now = NOW;
        let seenUntil = Infinity;
        for (const wait of waits) {
          now += wait;
          const window = eventWindow(through, now);
          // Everything before `seenUntil` was read by the runs before.
          expect(window.from).toBeLessThanOrEqual(seenUntil);
          through = eventsThroughAfter(through, window);
          seenUntil = through;
        }
      }),
    );
  });
});

describe('what a run does', () => {
  const start: ReconciliationStart = {
    eventsThrough: NOW - 3_600,
    objectsComparedAt: NOW - 3_600,
    lastFullRunAtMs: NOW_MS - 3_600_000,
    meters: FIRST_PAGE,
    metersSinceMs: null,
    openObjectsSince: null,
  };
  const plan = (changes: Partial<ReconciliationStart>, objects: 'daily' | 'now' = 'daily') =>
    planReconciliation({ ...start, ...changes }, { objects, stripeNow: NOW, nowMs: NOW_MS });

  it.each([
    ['not again on the same day', {}, 'daily', false],
    ['when it is asked for', {}, 'now', true],
    ['in the first run of a UTC day', { lastFullRunAtMs: Date.parse('2026-11-09T23:30:00Z') }, 'daily', true],
    ['in the very first run', { lastFullRunAtMs: null, eventsThrough: null }, 'daily', true],
    ['not every hour while events can not be read', { eventsThrough: NOW - 31 * DAY }, 'daily', false],
  ] as const)('compares objects: %s', (_when, changes, objects, expected) => {
    expect(plan(changes, objects).comparesObjects).toBe(expected);
  });

  it('compares objects of 35 days before the last comparison, and all about which a finding is open', () => {
    expect(plan({ objectsComparedAt: null }).objectsSince).toBeNull();
    expect(plan({ objectsComparedAt: NOW - DAY }).objectsSince).toBe(NOW - 36 * DAY);
    expect(plan({ objectsComparedAt: NOW + DAY }).objectsSince).toBe(NOW - 35 * DAY);
    // A refund of before, which has failed since, is among them.
    expect(plan({ objectsComparedAt: NOW - 50 * DAY }).objectsSince).toBe(NOW - 85 * DAY);
    const openObjectsSince = NOW - 400 * DAY;
    expect(plan({ openObjectsSince }).objectsSince).toBe(openObjectsSince);
    expect(plan({ openObjectsSince: NOW - DAY }).objectsSince).toBeLessThan(NOW - 35 * DAY);
  });

  it('leaves what has changed within five minutes', () => {
    expect(isUnderWay(NOW - UNDER_WAY_SECONDS + 1, NOW)).toBe(true);
    expect(isUnderWay(NOW - UNDER_WAY_SECONDS, NOW)).toBe(false);
  });
});

describe('what is said of it', () => {
  const report: ReconciliationReport = {
    mode: 'test',
    pass: null,
    startedAtMs: NOW_MS,
    endedAtMs: NOW_MS + 1_000,
    eventsFrom: NOW - 3_600,
    eventsGone: null,
    comparesObjects: true,
    read: 12,
    forwardedEvents: 0,
    repaired: 0,
    open: 0,
    openFindings: [],
  };

  it('is one sentence', () => {
    expect(outcomeOfReconciliation(report)).toBe('all is as it should be');
    expect(outcomeOfReconciliation({ ...report, forwardedEvents: 2, repaired: 3, open: 1 })).toBe(
      '2 missed events handed on, 3 repaired, 1 for a person',
    );
  });

  it('tells the beginning from the end', () => {
    expect(progressOfReconciliation(reportOfStart('test', NOW_MS))).toBe('asks Stripe what time it is');
    expect(progressOfReconciliation({ ...report, pass: 'events' })).toBe('reads events; 12 read so far');
    expect(progressOfReconciliation(report)).toBe('ends; 12 read');
    expect(reconciliationDetails(reportOfStart('test', NOW_MS))).toContain('**asks Stripe what time it is**');
  });

  it('names the part that is under way, the events that are gone, and what is open', () => {
    expect(reconciliationDetails({ ...report, endedAtMs: null, pass: 'checkout_sessions' })).toContain(
      '**reads checkout sessions; 12 read so far**',
    );
    const gone = { from: NOW - 40 * DAY, to: NOW - 30 * DAY };
    expect(reconciliationDetails({ ...report, eventsGone: gone })).toContain(
      '2026-10-01 12:30:00 UTC to 2026-10-11 12:30:00 UTC',
    );
    const finding = { code: 'invoice_missing', userId: 'ada', objectId: 'in_1', fix: 'proposed' } as const;
    const openFindings = [{ ...finding, what: 'It is | gone.', proposal: 'Look.' }];
    expect(reconciliationDetails({ ...report, open: 1, openFindings })).toContain(
      '| invoice_missing | ada | It is \\| gone. | Look. |',
    );
  });
});

describe('findings', () => {
  it('belong to one part of a run each, but for what can not be read', () => {
    expect([...codesOf(PASSES), 'not_readable'].toSorted()).toEqual(FINDING_CODES.toSorted());
    expect(codesOf(['meters'])).toEqual(['meter_event_posted']);
  });

  it('are explained in docs/operations.md, each', async () => {
    const docs = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const [, table = ''] = docs.split(
      '| finding | what it means | what is done, or to do |\n| --- | --- | --- |\n',
    );
    const [rows = ''] = table.split('\n\n');
    const codes = rows.split('\n').map((row) => /^\| `(\w+)` \| .+ \| .+ \|$/.exec(row)?.[1]);
    expect(codes).toEqual(FINDING_CODES);
  });
});
