/**
 * What reconciliation can find: Stripe and the database not of one mind, or a way to Stripe that is closed. docs/operations.md
 * says what each means and what is done about it; a test holds that it leaves none out.
 */
import type { StripeEventEnvelope } from './stripe-event.ts';

/** The parts of a run, in their order. Each reads one list, page by page. */
export const PASSES = [
  'webhook_endpoints',
  'events',
  'subscriptions',
  'checkout_sessions',
  'invoices',
  'bills',
  'customers',
  'disputes',
  'refunds',
  'meters',
] as const;
/** One part of a run. */
export type Pass = (typeof PASSES)[number];

/** Those whose list grows for ever, and is read from a day on only: what is found there is on objects of since then. */
export const WINDOWED_PASSES = [
  'checkout_sessions',
  'invoices',
  'refunds',
] as const satisfies readonly Pass[];

/**
 * The part of a run that finds it, and by not finding it again resolves it; `null`: any of them may. What can be found on an invoice is
 * found on those of old bills as well, by `bills`.
 */
const PASS_OF = {
  event_missed: 'events',
  webhook_endpoint_missing: 'webhook_endpoints',
  webhook_endpoint_disabled: 'webhook_endpoints',
  webhook_endpoint_types: 'webhook_endpoints',
  subscription_missed: 'subscriptions',
  subscription_changed: 'subscriptions',
  second_subscription: 'subscriptions',
  setup_missed: 'checkout_sessions',
  credits_missed: 'checkout_sessions',
  invoice_changed: 'invoices',
  second_invoice: 'invoices',
  invoice_amount: 'invoices',
  bill_missed: 'invoices',
  invoice_without_bill: 'invoices',
  subscription_invoice_not_zero: 'invoices',
  draft_deleted: 'bills',
  invoice_missing: 'bills',
  customer_missed: 'customers',
  customer_unknown: 'customers',
  payment_method_changed: 'customers',
  dispute_missed: 'disputes',
  refund_missed: 'refunds',
  meter_event_posted: 'meters',
  not_readable: null,
} as const satisfies Readonly<Record<string, Pass | null>>;

/** What kind of thing was found. Stable: stored, a label of metrics, and named in docs/operations.md. */
export type FindingCode = keyof typeof PASS_OF;

/** `repaired`: reconciliation has seen to it. `proposed`: a person must, and the proposal says how. */
export type Fix = 'repaired' | 'proposed';

/** Something that is not as it should be, of one mode. */
export interface Finding {
  readonly code: FindingCode;
  /** Whose it is; `null`: nobody's that we know. */
  readonly userId: string | null;
  /** What it is about, mostly an object of Stripe's. With the code its identity: found again, it is the same finding. */
  readonly objectId: string;
  /** What was found, in a sentence. No personal data: it stays in the workflow's history. */
  readonly what: string;
  readonly fix: Fix;
  /** What a person is to do; `null` where nothing is left to do. */
  readonly proposal: string | null;
}

/** A finding of a run, to be saved. */
export interface FoundFinding extends Finding {
  /**
   * When the object was made, Unix seconds of Stripe's clock, where its list is a windowed one: a run that reads it from later on
   * can't tell whether it is still so.
   */
  readonly created?: number;
}

/** How a finding is repaired. All are safe to repeat: whoever is told of a customer looks at what Stripe says now, and a bill is parked as it was. */
export type Repair =
  | { readonly type: 'look'; readonly stripeCustomerId: string }
  /** The look needs to know which object it is for. */
  | { readonly type: 'event'; readonly stripeCustomerId: string; readonly envelope: StripeEventEnvelope }
  /** The user gets back the customer that they have in Stripe, and is looked at. */
  | { readonly type: 'adopt_customer'; readonly userId: string; readonly stripeCustomerId: string }
  | { readonly type: 'park_bill'; readonly billId: string; readonly problem: string };

/** What a comparison comes to. */
export interface Drift {
  readonly finding: FoundFinding;
  /** `null`: only a person can. */
  readonly repair: Repair | null;
}

type About = Omit<FoundFinding, 'fix' | 'proposal'>;

/** A finding that `repair` sees to: nothing is left for a person. */
export function repaired(about: About, repair: Repair): Drift {
  return { finding: { ...about, fix: 'repaired', proposal: null }, repair };
}

/**
 * A finding for a person. A `repair` beside the proposal only readies it, such as a bill that is parked so that it can
 * be retried.
 */
export function proposed(about: About, proposal: string, repair: Repair | null = null): Drift {
  return { finding: { ...about, fix: 'proposed', proposal }, repair };
}

/** An envelope for what no event tells of any more. Its id names what was seen, so that it takes effect once. */
export function reconciledEvent(
  type: string,
  object: { readonly id: string; readonly state?: string; readonly chargeId?: string },
  created: number,
): StripeEventEnvelope {
  const { id: objectId, state, chargeId } = object;
  const eventId = `reconciled:${objectId}${state === undefined ? '' : `:${state}`}`;
  return {
    eventId,
    type,
    objectId,
    created,
    hadNoEffect: true,
    ...(chargeId === undefined ? {} : { chargeId }),
  };
}

/** The codes that these parts of a run find. */
export function codesOf(passes: readonly Pass[]): FindingCode[] {
  return FINDING_CODES.filter((code) => passes.some((pass) => PASS_OF[code] === pass));
}

/** All that can be found, in the order above: what an operator may name to `npm run billing -- reconcile --accept`. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of what it is typed by
export const FINDING_CODES = Object.keys(PASS_OF) as FindingCode[];

/** Seconds for which what has changed in Stripe is left alone: its webhook is under way. */
export const UNDER_WAY_SECONDS = 5 * 60;

/** Whether something changed so short a time ago that its webhook may still be under way. All in Unix seconds of Stripe's clock. */
export const isUnderWay = (changedAt: number, stripeNow: number) => changedAt > stripeNow - UNDER_WAY_SECONDS;
