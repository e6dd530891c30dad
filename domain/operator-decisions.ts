/** What an operator may decide about a customer, and when: the validators of the workflow's updates. */

import { type CustomerStanding, hasAccess } from './customer-standing.ts';
import { DAY_MS } from './days.ts';

/** Beyond this it is no grace any more, but a gift; void the invoice in Stripe instead. */
export const MAX_EXTENSION_DAYS = 90;
/** Of a name or a reason that is kept with a decision. */
export const MAX_TEXT_LENGTH = 500;

/** What the update `extendGrace` takes. */
export interface ExtendGraceRequest {
  /** Days from now on, also parts of one; at most {@link MAX_EXTENSION_DAYS}. */
  readonly days: number;
  /** Who decides. */
  readonly by: string;
}

/** What the update `suspend` takes. */
export interface SuspendRequest {
  /** Why; shown to operators and stored. */
  readonly reason: string;
  readonly by: string;
}

/** What the update `reactivate` takes: who decides. */
export interface ReactivateRequest {
  readonly by: string;
}

/** A decision as it is stored. Times are Unix milliseconds. */
export type OperatorDecision =
  | { readonly type: 'extendGrace'; readonly untilMs: number; readonly by: string }
  | { readonly type: 'suspend'; readonly reason: string; readonly by: string }
  | { readonly type: 'reactivate'; readonly by: string };

type Standing = Pick<CustomerStanding, 'status' | 'waitingFor' | 'reason' | 'graceEndsAtMs'>;

/** Until when an extension made now gives time, Unix milliseconds. */
export function extensionEnd(days: number, nowMs: number): number {
  return Math.round(nowMs + days * DAY_MS);
}

/** Why the grace period can't be extended so, in a sentence; `null` when it can. */
export function whyNotExtendGrace(
  request: ExtendGraceRequest | undefined,
  standing: Standing | null,
  nowMs: number,
): string | null {
  const days = request?.days;
  if (typeof days !== 'number' || !(days > 0 && days <= MAX_EXTENSION_DAYS)) {
    return `Say how many days from now, at most ${MAX_EXTENSION_DAYS}: {"days": 7, "by": "…"}`;
  }
  const problem = problemOfText('by', request?.by, '{"days": 7, "by": "your name"}') ?? notYet(standing);
  if (problem !== null || standing === null) return problem;
  if (standing.graceEndsAtMs === null)
    return 'There is no grace period to extend: the customer owes nothing.';
  if (extensionEnd(days, nowMs) <= standing.graceEndsAtMs) {
    return `The grace period ends at ${new Date(standing.graceEndsAtMs).toISOString()} already, which is later.`;
  }
  return null;
}

/** Why the customer can't be suspended, in a sentence; `null` when they can. */
export function whyNotSuspend(request: SuspendRequest | undefined, standing: Standing | null): string | null {
  const example = '{"reason": "…", "by": "your name"}';
  const problem =
    problemOfText('reason', request?.reason, example) ??
    problemOfText('by', request?.by, example) ??
    notYet(standing);
  if (problem !== null) return problem;
  return standing?.waitingFor === 'operator' ? `The customer is suspended already. ${standing.reason}` : null;
}

/** Why the customer can't be reactivated, in a sentence; `null` when they can. */
export function whyNotReactivate(
  request: ReactivateRequest | undefined,
  standing: Standing | null,
): string | null {
  const problem = problemOfText('by', request?.by, '{"by": "your name"}') ?? notYet(standing);
  if (problem !== null || standing === null) return problem;
  if (standing.waitingFor === 'operator') return null;
  if (hasAccess(standing.status)) return `The customer is ${standing.status} and has access.`;
  return `No operator has suspended the customer. ${standing.reason} ${WHAT_HELPS[standing.waitingFor ?? 'operator']}`;
}

const WHAT_HELPS = {
  checkout: 'They need to add a card through Checkout.',
  payment_method: 'They need to add a card through Checkout.',
  subscription: 'They need to subscribe again through Checkout.',
  payment: 'Use extendGrace to give them time, or have the bill paid or voided in Stripe.',
  cluster: '',
  operator: '',
} as const;

function problemOfText(name: string, text: unknown, example: string): string | null {
  if (typeof text === 'string' && text.trim() !== '' && text.length <= MAX_TEXT_LENGTH) return null;
  return `"${name}" must be a text of 1 to ${MAX_TEXT_LENGTH} characters: ${example}`;
}

function notYet(standing: Standing | null): string | null {
  return standing === null ? 'The customer has not been looked at yet; try again in a moment.' : null;
}
