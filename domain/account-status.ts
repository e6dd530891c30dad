import type { BillingStatus, WaitingFor } from './customer-standing.ts';
import { formatCents } from './money.ts';

/** What a user can do about where they stand. */
export type AccountTask = 'add_payment_method' | 'pay' | 'wait' | 'ask';

/** Where a user stands, told to the user. */
export interface AccountStatus {
  readonly tone: 'good' | 'waiting' | 'bad' | 'neutral';
  readonly headline: string;
  readonly text: string;
  /** `null`: nothing is to be done. */
  readonly task: AccountTask | null;
}

/** What the account page tells a user's standing from: as it was saved last, and what their bills say now. */
export interface AccountStanding {
  readonly status: BillingStatus;
  readonly waitingFor: WaitingFor | null;
  readonly owedCents: number;
  /** Their customer was deleted in Stripe, so that no card can be added to it any more. */
  readonly isDeletedInStripe?: boolean;
  /** When access ends if nothing is paid, in words; `null`: it does not. */
  readonly accessEnds: string | null;
}

/**
 * A standing in words for the person it is about. What operators note (a reason for a suspension, an id of Stripe's) is not for them.
 * Source: the table of standings (domain/customer-standing.ts).
 */
export function accountStatus(standing: AccountStanding): AccountStatus {
  const { status, waitingFor, owedCents, accessEnds, isDeletedInStripe = false } = standing;
  if (isDeletedInStripe) return DELETED_IN_STRIPE;
  const owed = owedCents > 0 ? formatCents(owedCents) : null;
  switch (status) {
    case 'none':
      return {
        tone: 'neutral',
        headline: 'Not set up yet',
        text: 'Add a card, and your subscription begins with it. You pay for what you use, at the end of each month; nothing is charged now.',
        task: 'add_payment_method',
      };
    case 'active':
      return waitingFor === 'cluster'
        ? {
            tone: 'waiting',
            headline: 'Waiting for a cluster',
            text: 'Everything is set up. All clusters are full at the moment: you get the next place that is free, and need do nothing.',
            task: 'wait',
          }
        : {
            tone: 'good',
            headline: 'Active',
            text:
              owed === null
                ? 'Everything is in order.'
                : `Everything is in order. ${owed} is being collected.`,
            task: null,
          };
    case 'past_due':
      return {
        tone: 'waiting',
        headline: 'A payment failed',
        text: `${owed ?? 'A bill'} could not be collected. Pay it, or add another card${accessEnds === null ? '.' : `: your access ends on ${accessEnds}.`}`,
        task: 'pay',
      };
    case 'suspended':
      return suspended(waitingFor, owed);
  }
}

const DELETED_IN_STRIPE: AccountStatus = {
  tone: 'bad',
  headline: 'Your access is paused',
  text: 'What we charge by was closed for you, and cannot be opened again. Please ask our support.',
  task: 'ask',
};

function suspended(waitingFor: WaitingFor | null, owed: string | null): AccountStatus {
  switch (waitingFor) {
    case 'payment':
      return {
        tone: 'bad',
        headline: 'Your access is paused',
        text: `${owed ?? 'A bill'} is unpaid. As soon as it is paid, your access is back.`,
        task: 'pay',
      };
    case 'payment_method':
      return {
        tone: 'bad',
        headline: 'Your access is paused',
        text: 'There is no card that we could charge. Add one, and your access is back.',
        task: 'add_payment_method',
      };
    case 'subscription':
      return {
        tone: 'bad',
        headline: 'Your subscription has ended',
        text: 'Add a card to begin another one. What you have used is still billed.',
        task: 'add_payment_method',
      };
    default:
      return {
        tone: 'bad',
        headline: 'Your access is paused',
        text: 'We have paused it. Please ask our support.',
        task: 'ask',
      };
  }
}
