import type { MonthProgress } from '../../../api/admin/months/schema.ts';
import { type BillingPeriod, nextPeriod } from '../../../domain/billing-period.ts';
import { countOfBills } from '../../../domain/close-summary.ts';
import type { ClosePhase } from '../../../domain/monthly-close.ts';
import type { Tone } from '../../components/values.tsx';

/** Where a month stands, in a word or two and in a sentence that says what goes on or what to do. */
export interface Standing {
  readonly tone: Tone;
  readonly words: string;
  readonly sentence: string;
}

/** What decides where a month stands. */
export interface MonthAtAGlance {
  readonly period: BillingPeriod;
  readonly isOver: boolean;
  readonly close: MonthProgress['close'];
  /** What its close does, or did last; `null` when that is not known. */
  readonly phase: ClosePhase | null;
  readonly isWaitingForStripe: boolean;
  /** All its bills, and of them those that have not come to an invoice. */
  readonly bills: number;
  readonly frozenBills: number;
  readonly heldBills: number;
  readonly parkedBills: number;
}

/** The one place that puts a month's standing into words, for the list and for its page. */
export function standingOf(month: MonthAtAGlance): Standing {
  switch (month.close) {
    case null:
      return {
        tone: 'bad',
        words: 'not known',
        sentence: 'Temporal does not answer, so nobody can say how far the close is.',
      };
    case 'running':
      return runningClose(month);
    case 'ended':
      return month.phase === null || month.phase === 'done' ? closed(month) : endedEarly(month.phase);
    case 'none':
      return month.bills === 0 ? withoutBills(month) : closed(month);
  }
}

function runningClose({ phase, isWaitingForStripe }: MonthAtAGlance): Standing {
  if (phase === null)
    return { tone: 'bad', words: 'closing', sentence: 'A close runs, and says nothing of itself.' };
  if (isWaitingForStripe) return WAITS_FOR_STRIPE;
  return PHASES[phase];
}

const WAITS_FOR_STRIPE: Standing = {
  tone: 'bad',
  words: 'waits for Stripe',
  sentence: 'No bill gets through to Stripe. The close tries again by itself, and goes on when one does.',
};

const PHASES: Readonly<Record<ClosePhase, Standing>> = {
  collecting: {
    tone: 'waiting',
    words: 'waits for late usage',
    sentence: 'The month is over. The close waits a while for usage that arrives late.',
  },
  freezing: {
    tone: 'waiting',
    words: 'freezing',
    sentence: "Each user's bill is computed and written down. Nothing has gone to Stripe yet.",
  },
  awaiting_approval: {
    tone: 'waiting',
    words: 'waits for approval',
    sentence: 'All bills are frozen. None goes to Stripe before somebody approves the month.',
  },
  invoicing: {
    tone: 'waiting',
    words: 'invoicing',
    sentence: 'Bills are on their way to Stripe, where each becomes an invoice.',
  },
  awaiting_release: {
    tone: 'waiting',
    words: 'waits for release',
    sentence: 'All bills that may go out have. The held ones wait for somebody to release or skip them.',
  },
  done: { tone: 'good', words: 'closed', sentence: 'All is done; the close is just ending.' },
};

function endedEarly(phase: ClosePhase): Standing {
  return {
    tone: 'bad',
    words: 'ended early',
    sentence: `The close was ended while it was ${PHASES[phase].words}. Close the month again: it goes on from there.`,
  };
}

function closed({ frozenBills, heldBills, parkedBills }: MonthAtAGlance): Standing {
  if (frozenBills > 0) {
    return {
      tone: 'waiting',
      words: 'not finished',
      sentence: `${bills(frozenBills)} frozen, and no close runs: close the month for them to go out.`,
    };
  }
  const left = [
    ...(parkedBills > 0 ? [`${bills(parkedBills)} parked`] : []),
    ...(heldBills > 0 ? [`${bills(heldBills)} held`] : []),
  ];
  return left.length === 0
    ? { tone: 'good', words: 'closed', sentence: 'The close has ended: all bills have gone to Stripe.' }
    : {
        tone: 'waiting',
        words: 'closed, bills left',
        sentence: `The close has ended. ${left.join(', and ')}.`,
      };
}

function withoutBills({ isOver, period }: MonthAtAGlance): Standing {
  if (isOver) {
    return {
      tone: 'waiting',
      words: 'not closed',
      sentence: 'The month is over, and nobody has been billed for it. Look at the preview, then close it.',
    };
  }
  return {
    tone: 'neutral',
    words: 'goes on',
    sentence: `The month can be closed from ${nextPeriod(period)}-01 00:00 UTC on.`,
  };
}

function bills(count: number): string {
  return `${countOfBills(count)} ${count === 1 ? 'is' : 'are'}`;
}
