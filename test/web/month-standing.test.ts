import { describe, expect, test } from 'vitest';
import type { MonthProgress } from '../../api/admin/months/schema.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { CLOSE_PHASES, type ClosePhase } from '../../domain/monthly-close.ts';
import { offeredOf } from '../../web/admin/months/offered.ts';
import { standingOf } from '../../web/admin/months/standing.ts';
import { EMPTY_CLOSE_SUMMARY } from '../domain/empty-close-summary.ts';

const sum = { bills: 1, cents: 200 };
/** A month with a frozen, a held and a parked bill. */
const MONTH = {
  isOver: true,
  awaitingRelease: 1,
  progress: null,
  summary: {
    ...EMPTY_CLOSE_SUMMARY,
    biggest: [],
    held: [],
    parked: [],
    byStatus: { ...EMPTY_CLOSE_SUMMARY.byStatus, frozen: sum, held: sum, parked: sum },
  },
};

const inPhase = (phase: ClosePhase): NonNullable<MonthProgress['progress']> => ({
  mode: 'test',
  period: '2026-10',
  phase,
  frozenBills: 3,
  invoicedBills: 0,
  invoicedCents: 0,
  parkedBills: 1,
  heldBills: 1,
  waiting: null,
  balance: null,
});

/** The names of what is offered. */
const offered = (month: Partial<Parameters<typeof offeredOf>[0]>) =>
  Object.entries(offeredOf({ ...MONTH, close: 'running', ...month }))
    .filter(([, is]) => is)
    .map(([name]) => name);

describe('what is offered', () => {
  test.each(CLOSE_PHASES)('while a close is %s', (phase) => {
    const always = phase === 'done' ? [] : ['hold', 'release', 'skip', 'retryParked'];
    const approve = phase === 'awaiting_approval' ? ['approve'] : [];
    expect(offered({ progress: inPhase(phase) })).toEqual([...approve, ...always]);
  });

  test.each(['ended', 'none'] as const)(
    'where no close runs (%s): one is started for a decision',
    (close) => {
      expect(offered({ close })).toEqual(['close', 'hold', 'release', 'skip', 'retryParked']);
      expect(offered({ close, progress: inPhase('done') })).toContain('retryParked');
      expect(offered({ close, isOver: false })).not.toContain('close');
    },
  );

  test('nothing where nobody can say how the close stands', () => {
    expect(offered({ close: null })).toEqual([]);
    expect(offered({ close: 'running', progress: null })).toEqual([]);
  });

  test('only what there are bills for', () => {
    const summary = { ...MONTH.summary, byStatus: EMPTY_CLOSE_SUMMARY.byStatus };
    expect(offered({ summary, awaitingRelease: 0, progress: inPhase('awaiting_approval') })).toEqual([
      'approve',
    ]);
    expect(offered({ awaitingRelease: 0, progress: inPhase('invoicing') })).not.toContain('skip');
  });
});

describe('where a month stands', () => {
  const month = {
    period: parseBillingPeriod('2026-10'),
    isOver: true,
    close: 'none',
    phase: null,
    isWaitingForStripe: false,
    bills: 3,
    frozenBills: 0,
    heldBills: 0,
    parkedBills: 0,
  } as const;

  test.each([
    [{ bills: 0, isOver: false }, 'goes on', /can be closed from 2026-11-01 00:00 UTC on/],
    [{ bills: 0 }, 'not closed', /nobody has been billed/],
    [{}, 'closed', /all bills have gone to Stripe/],
    [{ frozenBills: 2 }, 'not finished', /2 bills are frozen, and no close runs/],
    [
      { parkedBills: 1, heldBills: 1_200 },
      'closed, bills left',
      /1 bill is parked, and 1,200 bills are held\./,
    ],
    [{ close: null }, 'not known', /Temporal does not answer/],
    [{ close: 'running' }, 'closing', /says nothing of itself/],
    [{ close: 'running', phase: 'invoicing' }, 'invoicing', /on their way to Stripe/],
    [{ close: 'running', phase: 'invoicing', isWaitingForStripe: true }, 'waits for Stripe', /tries again/],
    [{ close: 'ended', phase: 'done' }, 'closed', /has ended/],
    [
      { close: 'ended', phase: 'freezing', bills: 0 },
      'ended early',
      /while it was freezing\. Close the month again/,
    ],
  ] as const)('%j: %s', (overrides, words, sentence) => {
    const standing = standingOf({ ...month, ...overrides });
    expect(standing.words).toBe(words);
    expect(standing.sentence).toMatch(sentence);
  });
});
