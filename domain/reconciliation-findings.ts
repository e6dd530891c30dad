/**
 * What reconciliation can find: Stripe and the database not of one mind, or a way to Stripe that is closed. docs/operations.md
 * shows the same table, and a test compares them.
 */
import type { Mode } from './mode.ts';
import type { StripeEventEnvelope } from './workflow-contracts.ts';

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
export type Pass = (typeof PASSES)[number];

interface FindingKind {
  /** The part of a run that finds it, and by not finding it again resolves it; `null`: any of them may. */
  readonly pass: Pass | null;
  /** What it means, in a sentence for an operator. */
  readonly means: string;
  /** What reconciliation does about it, or what a person is to do. */
  readonly mend: string;
}

export const FINDINGS = {
  event_missed: {
    pass: 'events',
    means: "An event of Stripe's has had no effect: its webhook was lost, or refused for days.",
    mend: "Repaired: it is handed to its customer's workflow, as its webhook would have been.",
  },
  webhook_endpoint_missing: {
    pass: 'webhook_endpoints',
    means: 'Stripe has no webhook endpoint that leads to this service.',
    mend: "Add one in Stripe's Dashboard with the path and the event types that the finding names.",
  },
  webhook_endpoint_disabled: {
    pass: 'webhook_endpoints',
    means: 'Stripe delivers no webhooks any more: the endpoint is disabled.',
    mend: "Mend what it failed of, then enable it in Stripe's Dashboard. What was missed meanwhile is read from the list of events.",
  },
  webhook_endpoint_types: {
    pass: 'webhook_endpoints',
    means: 'The webhook endpoint does not ask for all event types that take effect here.',
    mend: "Add the types that the finding names in Stripe's Dashboard.",
  },
  subscription_missed: {
    pass: 'subscriptions',
    means: "A live subscription of a customer's is not the one that we know.",
    mend: 'Repaired: the customer is looked at; the subscription is saved, or ended when it is a second one of ours.',
  },
  subscription_changed: {
    pass: 'subscriptions',
    means: 'A subscription was ended, stopped or revived in Stripe, and access does not follow it yet.',
    mend: 'Repaired: the customer is looked at, and stands as the rules say.',
  },
  second_subscription: {
    pass: 'subscriptions',
    means: 'A customer has a second live subscription that is not ours.',
    mend: 'End it in Stripe, unless it is of another product of yours.',
  },
  setup_missed: {
    pass: 'checkout_sessions',
    means: 'A customer has added a card at Checkout, and nothing came of it.',
    mend: 'Repaired: as if its webhook came now.',
  },
  credits_missed: {
    pass: 'checkout_sessions',
    means: 'Credits were paid at Checkout and not granted.',
    mend: 'Repaired: as if its webhook came now; credits are granted once for a session.',
  },
  invoice_changed: {
    pass: 'invoices',
    means:
      'A bill does not stand as its invoice does in Stripe: that was paid, voided, written off or declined.',
    mend: 'Repaired: the bill is brought to what Stripe says, and the customer looked at.',
  },
  second_invoice: {
    pass: 'invoices',
    means: 'A bill has two invoices in Stripe.',
    mend: 'Void the one that the bill does not name, or refund it when it is paid.',
  },
  invoice_amount: {
    pass: 'invoices',
    means: 'An invoice asks for another amount than its bill.',
    mend: 'See in Stripe who changed the draft; give the difference back by a credit note, or void the invoice.',
  },
  invoice_without_bill: {
    pass: 'invoices',
    means: "An invoice carries the id of a bill that we don't have.",
    mend: 'Void it, unless another installation bills with the same Stripe account.',
  },
  subscription_invoice_not_zero: {
    pass: 'invoices',
    means: 'The subscription itself asks for money: usage was posted to its meters, and is billed twice.',
    mend: 'Stop who posts meter events; delete or void the invoice, or credit its lines when it is paid.',
  },
  draft_deleted: {
    pass: 'bills',
    means: "The draft of a bill's invoice was deleted in Stripe, so the bill is not billed.",
    mend: 'The bill is parked. Retry it, and it gets a new invoice; or leave it, if that was the purpose.',
  },
  invoice_missing: {
    pass: 'bills',
    means: 'Stripe does not have the invoice of a bill that is to be collected.',
    mend: "See that the secret key is one of the account that made it; then ask Stripe's support.",
  },
  customer_unknown: {
    pass: 'customers',
    means: "A customer in Stripe names a user whom we don't have, or who has another customer.",
    mend: 'Delete it in Stripe, unless another installation uses the same account.',
  },
  payment_method_changed: {
    pass: 'customers',
    means: "A customer's default payment method was changed, added or removed in Stripe.",
    mend: 'Repaired: the customer is looked at, and stands as the rules say.',
  },
  dispute_missed: {
    pass: 'disputes',
    means: "A dispute was opened or decided, and we don't know it.",
    mend: 'Repaired: it is saved, flagged to operators, and credits that it took are taken back.',
  },
  refund_missed: {
    pass: 'refunds',
    means: "A payment was refunded, and we don't know it.",
    mend: 'Repaired: credits are taken back, or the bill says what was refunded.',
  },
  meter_event_posted: {
    pass: 'meters',
    means: 'Somebody has posted usage to a meter of ours: Stripe will bill it beside our own bill.',
    mend: "Find who posts it and stop it; then credit the line of the subscription's invoice for that month.",
  },
  not_readable: {
    pass: null,
    means: 'Stripe does not let us read one of the lists.',
    mend: 'Give the secret key the right that Stripe names.',
  },
} as const satisfies Readonly<Record<string, FindingKind>>;

export type FindingCode = keyof typeof FINDINGS;

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

/** How a finding is repaired. Either is safe to repeat: whoever is told looks at what Stripe says now. */
export type Repair =
  | { readonly type: 'look'; readonly stripeCustomerId: string }
  /** The look needs to know which object it is for. */
  | { readonly type: 'event'; readonly stripeCustomerId: string; readonly envelope: StripeEventEnvelope }
  | { readonly type: 'park_bill'; readonly billId: string; readonly problem: string };

/** What a comparison comes to. */
export interface Drift {
  readonly finding: Finding;
  /** `null`: only a person can. */
  readonly repair: Repair | null;
}

type About = Pick<Finding, 'code' | 'userId' | 'objectId' | 'what'>;

export function repaired(about: About, repair: Repair): Drift {
  return { finding: { ...about, fix: 'repaired', proposal: null }, repair };
}

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
  return { eventId, type, objectId, created, ...(chargeId === undefined ? {} : { chargeId }) };
}

/** The codes that these parts of a run find. */
export function codesOf(passes: readonly Pass[]): FindingCode[] {
  return FINDING_CODES.filter((code) => passes.some((pass) => FINDINGS[code].pass === pass));
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of what it is typed by
export const FINDING_CODES = Object.keys(FINDINGS) as FindingCode[];

/** What to do about one that was repaired, and is there again in a later run. */
export const proposalForRepeated = (mode: Mode, userId: string | null) =>
  userId === null
    ? 'It was repaired before, and is so again: see in the Temporal Web UI what its workflow waits for.'
    : `It was repaired before, and is so again: see what the customer waits for (npm run billing -- customer ${userId} --mode ${mode}).`;

/** Seconds for which what has changed in Stripe is left alone: its webhook is under way. */
export const UNDER_WAY_SECONDS = 5 * 60;

/** Whether something changed so short a time ago that its webhook may still be under way. All in Unix seconds of Stripe's clock. */
export const isUnderWay = (changedAt: number, stripeNow: number) => changedAt > stripeNow - UNDER_WAY_SECONDS;
