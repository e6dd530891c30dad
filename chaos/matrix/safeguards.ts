import type { Mutation } from '../mutations/mutate.ts';

/** Something that keeps a kill from doing harm, and how to take it away. */
export interface Safeguard {
  readonly name: string;
  /** What the service does without it, in a sentence. */
  readonly without: string;
  /** Broken in the sources that worker and api run from. */
  readonly mutations: readonly Mutation[];
  /** Broken in the database. */
  readonly statements: readonly string[];
  /** The rows that are tried without it, by their names. */
  readonly rows: RegExp;
  /** What a row that needs it finds amiss: one that is red for anything else proves nothing. */
  readonly symptom: RegExp;
  /** Why no row needs it alone, where none does. */
  readonly spare?: string;
}

const LISTED: Mutation = {
  file: 'activities/stripe-write.ts',
  text: 'const found = await write.find(new Date(mayExistSince.getTime() - CLOCK_SKEW_MS));',
  replacement: 'const found: T | null = await Promise.resolve(null);',
};
const CHECKED_AGAINST_FROZEN: Mutation = {
  file: 'db/freeze.ts',
  text: 'if (await isBilled(transaction, key)) return [];',
  replacement: '',
};
const MONTH_BILLED_ONCE = 'ALTER TABLE bills DROP CONSTRAINT bills_mode_user_id_period_kind_part_key';
const SESSION_GRANTS_ONCE: Mutation = {
  file: 'db/credit-purchases.ts',
  text: ".onConflict((conflict) => conflict.columns(['mode', 'checkout_session_id']).doNothing())",
  replacement: '',
};
const NO_KEY_OF_PURCHASES = 'ALTER TABLE credit_purchases DROP CONSTRAINT credit_purchases_pkey';
const CAUSE_ENTERS_ONCE = 'ALTER TABLE credit_entries DROP CONSTRAINT credit_entries_cause_lot_mode_key';
const SEEN_IN_WORKFLOW: Mutation = {
  file: 'workflows/event-queue.ts',
  text: 'if (this.#seenIds.has(event.eventId)) {',
  replacement: 'if (this.#seenIds.has(`${event.eventId} again`)) {',
};
const SEEN_IN_DATABASE: Mutation = {
  file: 'activities/customer-facts.ts',
  text: 'input.events.filter((event) => !applied.has(event.eventId))',
  replacement: 'input.events.filter((event) => !applied.has(`${event.eventId} again`))',
};

const MADE_TWICE =
  /has 2 invoices|is left a draft|there are 2 customers|Checkout sessions for|subscriptions are live|subscriptions is \["active","canceled"\]/;
const APPLIED_TWICE = /the workflow has applied \d+ events of \d+/;
const BILLED_TWICE = /a month has two bills/;
const GRANTED_TWICE = /creditsCents is 5000 and not 2500/;

const WRITTEN_AND_FORGOTTEN = /^(sign-up|first card|month closed): after POST .*, keys forgotten$/;
const REPEATED_EVENT = /^(first card|credits bought): after signal stripeEvent, api$/;
const FROZEN_AND_NOT_TOLD = /^month closed: after freezeBills, worker$/;
const GRANTED_AND_NOT_TOLD = /^credits bought: after lookAtCustomer, worker$/;

/** In the order of the ways in which something could be done twice, or not at all. */
export const SAFEGUARDS: readonly Safeguard[] = [
  {
    name: 'list before create',
    without: 'A write to Stripe that is tried again does not look for what the first try has made.',
    mutations: [LISTED],
    statements: [],
    rows: WRITTEN_AND_FORGOTTEN,
    symptom: MADE_TWICE,
  },
  {
    name: 'intent row',
    without: 'The row in which a write to Stripe is intended tells nobody that there was an earlier try.',
    mutations: [
      {
        file: 'db/stripe-writes.ts',
        text: 'mayExistSince: inserted === undefined ? row.key_issued_at : inserted.unknown_since,',
        replacement: 'mayExistSince: null,',
      },
    ],
    statements: [],
    rows: WRITTEN_AND_FORGOTTEN,
    symptom: MADE_TWICE,
  },
  {
    name: 'idempotency key',
    without: 'Each try of a write to Stripe has a key of its own.',
    mutations: [
      {
        file: 'activities/stripe-write.ts',
        text: '`${mode}:${writeKey}:${generation}`',
        replacement: '`${mode}:${writeKey}:${generation}:${performance.now()}`',
      },
    ],
    statements: [],
    rows: /^(sign-up|first card): before POST .*, request under way$/,
    symptom: MADE_TWICE,
  },
  {
    name: 'event dedupe: the workflow remembers',
    without: 'The workflow takes up an event again that comes again.',
    mutations: [SEEN_IN_WORKFLOW],
    statements: [],
    rows: REPEATED_EVENT,
    symptom: APPLIED_TWICE,
  },
  {
    name: 'event dedupe: applied_stripe_events',
    without: "A look fetches an event's object again although the event has had its effect.",
    mutations: [SEEN_IN_DATABASE],
    statements: [],
    rows: REPEATED_EVENT,
    symptom: APPLIED_TWICE,
    spare: 'The workflow drops what it remembers; and looking again decides the same.',
  },
  {
    name: 'event dedupe: both',
    without: 'Neither of the two above.',
    mutations: [SEEN_IN_WORKFLOW, SEEN_IN_DATABASE],
    statements: [],
    rows: REPEATED_EVENT,
    symptom: APPLIED_TWICE,
  },
  {
    name: 'acknowledged when stored',
    without: 'Stripe hears 200 before Temporal has stored the event.',
    mutations: [
      {
        file: 'api/webhooks/receiver.ts',
        text: 'const ignored = await deliver(route);',
        replacement:
          'const ignored = null as Ignored | null;\n    void deliver(route).catch(() => undefined);',
      },
    ],
    statements: [],
    rows: /^(first card|credits bought|subscription ended): before signal stripeEvent, api$/,
    symptom: /has had no effect/,
  },
  {
    name: 'a month is billed once: the check',
    without: 'A freeze does not look whether the month is frozen.',
    mutations: [CHECKED_AGAINST_FROZEN],
    statements: [],
    rows: FROZEN_AND_NOT_TOLD,
    symptom: /the story does not end/,
  },
  {
    name: 'a month is billed once: the unique constraint',
    without: 'The database takes two bills of a user for a month.',
    mutations: [],
    statements: [MONTH_BILLED_ONCE],
    rows: FROZEN_AND_NOT_TOLD,
    symptom: BILLED_TWICE,
    spare: 'The check under the lock of the user comes first.',
  },
  {
    name: 'a month is billed once: both',
    without: 'Neither of the two above.',
    mutations: [CHECKED_AGAINST_FROZEN],
    statements: [MONTH_BILLED_ONCE],
    rows: FROZEN_AND_NOT_TOLD,
    symptom: BILLED_TWICE,
  },
  {
    name: "one grant for a session: the purchase's key",
    without: 'A Checkout session may be saved as a purchase twice.',
    mutations: [SESSION_GRANTS_ONCE],
    statements: [NO_KEY_OF_PURCHASES],
    rows: GRANTED_AND_NOT_TOLD,
    symptom: /has had no effect/,
  },
  {
    name: "one grant for a session: the ledger's unique constraint",
    without: 'One cause may enter the ledger twice.',
    mutations: [],
    statements: [CAUSE_ENTERS_ONCE],
    rows: GRANTED_AND_NOT_TOLD,
    symptom: GRANTED_TWICE,
    spare: "The purchase's key comes first.",
  },
  {
    name: 'one grant for a session: both',
    without: 'Neither of the two above.',
    mutations: [SESSION_GRANTS_ONCE],
    statements: [NO_KEY_OF_PURCHASES, CAUSE_ENTERS_ONCE],
    rows: GRANTED_AND_NOT_TOLD,
    symptom: GRANTED_TWICE,
  },
  {
    name: 'a usage event counts once',
    without: 'The database takes the id of a usage event twice.',
    mutations: [],
    statements: ['ALTER TABLE usage_event_ids DROP CONSTRAINT usage_event_ids_pkey'],
    rows: /^usage sent: after store usage, api$/,
    symptom: /9 GPU hours are counted, and 4.5 were used/,
  },
  {
    name: 'a decision counts once',
    without: 'An operator’s decision that is saved again is another one.',
    mutations: [
      {
        file: 'db/operator-decisions.ts',
        text: ".onConflict((conflict) => conflict.columns(['mode', 'decision_id']).doNothing())",
        replacement: '',
      },
    ],
    statements: ['ALTER TABLE operator_decisions DROP CONSTRAINT operator_decisions_pkey'],
    rows: /^operator suspends: after saveOperatorDecision, worker$/,
    symptom: /2 decisions are on record/,
  },
  {
    name: 'a paid bill stays paid',
    without: 'What finalizing answered, written late, replaces what the payment’s webhook said.',
    mutations: [
      {
        file: 'db/bill-status.ts',
        text: "open: ['frozen', 'held', 'parked', 'open'],",
        replacement: "open: ['frozen', 'held', 'parked', 'open', 'paid', 'payment_failed'],",
      },
    ],
    statements: [],
    rows: /^month closed: after POST \/v1\/invoices\/:id\/finalize, (PostgreSQL|Stripe simulator)$/,
    symptom: / open/,
    spare: 'No row shows it: every later look asks Stripe again about the bills that are open.',
  },
  {
    name: 'heartbeats',
    without: 'An activity whose worker is gone is missed only at its start-to-close timeout.',
    mutations: [
      {
        file: 'workflows/activities.ts',
        text: "const HEARTBEAT_TIMEOUT = '10s';",
        replacement: "const HEARTBEAT_TIMEOUT = '10m';",
      },
    ],
    statements: [],
    rows: /^first card: after (createSubscription|saveStanding), worker$/,
    symptom: /has had no effect/,
  },
];
