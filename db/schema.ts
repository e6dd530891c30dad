/**
 * The tables as TypeScript sees them. Each column's meaning stands with its definition in db/migrations/.
 * `numeric` and `date` arrive as strings, `bigint` as a number that is checked to be exact, `timestamptz` as a Date
 * (db/database.ts).
 */
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { BillStatus } from '../domain/bill.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import type { CloseDecision } from '../domain/close-decisions.ts';
import type { BillingStatus, WaitingFor } from '../domain/customer-standing.ts';
import type { Mode } from '../domain/mode.ts';
import type { OperatorDecision } from '../domain/operator-decisions.ts';
import type { MeteredProduct, Product } from '../domain/price-list.ts';
import type { FindingCode, Fix } from '../domain/reconciliation-findings.ts';
import type { TestCard, TestPurchaseStatus, TestPurchaseStep } from '../domain/test-purchase.ts';
import type { WebhookOutcome } from '../domain/webhook-receipt.ts';

type Timestamp = ColumnType<Date, Date | undefined, Date>;

/** A row: a user of the host product, with their Stripe customer, and where billing last left them. */
export interface UsersTable {
  mode: Mode;
  user_id: string;
  email: string;
  name: string;
  stripe_customer_id: string | null;
  stripe_subscription_id: string | null;
  default_payment_method_id: string | null;
  cluster_id: string | null;
  status: Generated<BillingStatus>;
  waiting_for: WaitingFor | null;
  status_reason: Generated<string>;
  status_since: Timestamp;
  status_object_id: string | null;
  known_payment_method_ids: Generated<string[]>;
  grace_ends_at: Date | null;
  grace_extended_until: Date | null;
  suspended_by: string | null;
  suspended_reason: string | null;
  cluster_wanted_at: ColumnType<Date | null>;
  credit_shortfall_cents: Generated<number>;
  erased_at: ColumnType<Date | null>;
  created_at: Timestamp;
  updated_at: Timestamp;
}

/** A row: a cluster and its places. How many are taken is counted from `users`. */
export interface ClustersTable {
  mode: Mode;
  cluster_id: string;
  capacity: number;
}

/** A row: a product of the price list, the price it began with, and what Stripe calls it. */
export interface StripeProductsTable {
  mode: Mode;
  product: Product;
  unit_price_cents: string;
  stripe_product_id: string | null;
  stripe_price_id: string | null;
  stripe_meter_id: string | null;
  active: Generated<boolean>;
}

/** A row: what a unit of a metered product costs from a month on, until the next change. */
export interface PriceChangesTable {
  mode: Mode;
  product: MeteredProduct;
  from_period: BillingPeriod;
  unit_price_cents: string;
  changed_at: Timestamp;
}

/** A row: an API key of the host product's, as its hash. One that is revoked stays. */
export interface ApiKeysTable {
  key_hash: Buffer;
  key_id: string;
  mode: Mode;
  name: string;
  created_at: Timestamp;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

/** A row: a Checkout session of a user's, and when its subscription was seen to: from then on it makes no other. */
export interface CheckoutSessionsTable {
  mode: Mode;
  checkout_session_id: string;
  user_id: string;
  completed_at: Date | null;
  created_at: Timestamp;
}

/**
 * A row: the id of a usage event that was taken, and a hash of what it said, by which a repetition is known. That
 * of a summed event goes with it, when its month is dropped.
 */
export interface UsageEventIdsTable {
  mode: Mode;
  event_id: string;
  content_hash: string; // a bigint of all 64 bits: only ever compared in the database
}

/** A row: a usage event as it came in, of a product that is summed. Partitioned by month; old months may be dropped. */
export interface UsageEventsTable {
  mode: Mode;
  event_id: string;
  user_id: string;
  product: MeteredProduct;
  quantity: string;
  occurred_at: Date;
  received_at: Timestamp;
  number: number;
}

/** A row: from an instant on a resource holds so much, until its next level. */
export interface StorageLevelsTable {
  mode: Mode;
  user_id: string;
  resource_id: string;
  occurred_at: Date;
  event_id: string;
  gb: string;
  received_at: Timestamp;
  number: number;
}

/** A row: what a user has used of a product in a month, and what of it frozen bills hold. Bills are made of this. */
export interface UsageTotalsTable {
  mode: Mode;
  user_id: string;
  product: MeteredProduct;
  period: BillingPeriod;
  used_quantity: string;
  level_change_gb: Generated<string>;
  billed_quantity: Generated<string>;
  event_count: Generated<number>;
  billed_event_count: Generated<number>;
  unbilled_first_at: Date | null;
  unbilled_last_at: Date | null;
}

/** A row: what a user has used of a summed product on a day in UTC. To look at; bills are not made of it. */
export interface UsageByDayTable {
  mode: Mode;
  user_id: string;
  product: MeteredProduct;
  day: string; // YYYY-MM-DD
  quantity: string;
}

/** A row: a frozen bill of a user's month, or a part of it, and how far it is on its way through Stripe. */
export interface BillsTable {
  mode: Mode;
  bill_id: Generated<string>;
  user_id: string;
  period: BillingPeriod;
  kind: Generated<'monthly'>;
  part: Generated<number>;
  parts: Generated<number>;
  status: BillStatus;
  total_cents: number;
  credits_applied_cents: number;
  stripe_invoice_id: string | null;
  payment_failed_at: Date | null;
  hosted_invoice_url: string | null;
  invoice_pdf_url: string | null;
  failed_payment_method_id: string | null;
  stripe_retries_at: Date | null;
  stripe_has_retried: Generated<boolean>;
  needs_customer_action: Generated<boolean>;
  is_collectible: Generated<boolean>;
  collection_attempts: Generated<number>;
  last_collection_at: Date | null;
  refunded_cents: Generated<number>;
  workflow_id: string | null;
  workflow_run_id: string | null;
  problem: string | null;
  invoicing_since: Date | null;
  skipped_at: Date | null;
  frozen_at: Timestamp;
  updated_at: Timestamp;
}

/** A row: a line of a frozen bill. It never changes. */
export interface BillLinesTable {
  mode: Mode;
  bill_id: string;
  line_number: number;
  product: Product;
  usage_period: BillingPeriod;
  quantity: string;
  exact_quantity: string;
  unit_price_cents: string;
  amount_cents: number;
  description: string;
  events_before: number | null;
  events_through: number | null;
  first_event_at: Date | null;
  last_event_at: Date | null;
}

/** A row: an entry of the credits' ledger, which only grows: cents granted to a lot (above 0) or taken from it. */
export interface CreditEntriesTable {
  entry_id: GeneratedAlways<number>;
  mode: Mode;
  user_id: string;
  amount_cents: number;
  cause: string;
  lot: string;
  expires_at: Date | null;
  created_at: Timestamp;
}

/** A row: credits that were bought in one Checkout session, and what of them refunds and lost disputes take back. */
export interface CreditPurchasesTable {
  mode: Mode;
  checkout_session_id: string;
  user_id: string;
  granted_cents: number;
  taken_back_cents: Generated<number>;
  updated_at: Timestamp;
}

/** A row: a dispute about a payment of a user's, as Stripe last said. */
export interface DisputesTable {
  mode: Mode;
  dispute_id: string;
  user_id: string;
  stripe_charge_id: string;
  status: string;
  amount_cents: number;
  due_by: Date | null;
  updated_at: Timestamp;
}

/** A row: what an operator has decided about a customer. It never changes, but for its texts at an erasure. */
export interface OperatorDecisionsTable {
  mode: Mode;
  decision_id: string;
  user_id: string;
  type: OperatorDecision['type'];
  decided_by: string;
  details: string;
  decided_at: Timestamp;
}

/** A row: what an operator has decided about a month or about bills of it. */
export interface CloseDecisionsTable {
  mode: Mode;
  decision_id: string;
  period: BillingPeriod;
  type: CloseDecision['type'];
  bill_ids: string[];
  decided_by: string;
  reason: string | null;
  decided_at: Timestamp;
}

/** A row: an event of Stripe's that has had its effect. Forgotten after 400 days. */
export interface AppliedStripeEventsTable {
  mode: Mode;
  event_id: string;
  stripe_customer_id: string;
  type: string;
  object_id: string;
  applied_at: Timestamp;
}

/** A row: a delivery to a webhook endpoint, and what became of it. */
export interface WebhookReceiptsTable {
  mode: Mode;
  receipt_id: string;
  event_id: string | null;
  type: string | null;
  outcome: WebhookOutcome;
  reason: string | null;
  stripe_customer_id: string | null;
  object_id: string | null;
  charge_id: string | null;
  event_created: number | null;
  received_at: Date;
  verified_at: Date | null;
  signalled_at: Date | null;
}

/** A row: a write to Stripe that was intended, by its business identity, and what came of it. */
export interface StripeWritesTable {
  mode: Mode;
  write_key: string;
  generation: Generated<number>;
  key_issued_at: Timestamp;
  stripe_object_id: string | null;
  stripe_request_id: string | null;
  completed_at: Date | null;
}

/** A row: a test purchase, as its workflow saved it last. */
export interface TestPurchasesTable {
  mode: Generated<'test'>;
  purchase_id: string;
  user_id: string;
  credits: number;
  card: TestCard;
  status: Generated<TestPurchaseStatus>;
  payment_intent_id: string | null;
  link: string | null;
  problem: string | null;
  decline_code: string | null;
  steps: ColumnType<TestPurchaseStep[], string | undefined, string>;
  created_at: Timestamp;
  updated_at: Timestamp;
}

/** A row: a payment method that was attached to a user's customer at the last look, for the account page. */
export interface PaymentMethodsTable {
  mode: Mode;
  payment_method_id: string;
  user_id: string;
  type: string;
  brand: string | null;
  last4: string | null;
  exp_month: number | null;
  exp_year: number | null;
  created_at: Date;
  first_seen: GeneratedAlways<number>;
}

/** A row: a link to the account page that was opened, until it expires: it opens the page once. */
export interface UsedAccountLinksTable {
  mode: Mode;
  link_id: string;
  expires_at: Date;
}

/** A row: what reconciliation remembers of a mode from one run to the next. */
export interface ReconciliationsTable {
  mode: Mode;
  events_through: number | null;
  objects_compared_at: number | null;
  last_run_at: Date;
  last_full_run_at: Date | null;
  meters_part: number;
  meters_after: string | null;
  meters_since: Date | null;
}

/** A row: something that reconciliation has found, since when, and what became of it. */
export interface ReconciliationFindingsTable {
  mode: Mode;
  code: FindingCode;
  object_id: string;
  object_created: number | null;
  user_id: string | null;
  what: string;
  fix: Fix;
  proposal: string | null;
  first_seen_at: Date;
  last_seen_at: Date;
  resolved_at: Date | null;
  accepted_at: Date | null;
}

/** A row: the database was put back to a backup. Until some weeks later every write to Stripe looks first. */
export interface RestoresTable {
  restored_at: Timestamp;
  backup_at: Date;
}

/**
 * Kysely's view of the tables, by their names. Those of sessions are another's (connect-pg-simple), and are not here.
 */
export interface DatabaseSchema {
  users: UsersTable;
  clusters: ClustersTable;
  stripe_products: StripeProductsTable;
  price_changes: PriceChangesTable;
  api_keys: ApiKeysTable;
  checkout_sessions: CheckoutSessionsTable;
  usage_event_ids: UsageEventIdsTable;
  usage_events: UsageEventsTable;
  storage_levels: StorageLevelsTable;
  usage_totals: UsageTotalsTable;
  usage_by_day: UsageByDayTable;
  bills: BillsTable;
  bill_lines: BillLinesTable;
  credit_entries: CreditEntriesTable;
  credit_purchases: CreditPurchasesTable;
  disputes: DisputesTable;
  operator_decisions: OperatorDecisionsTable;
  close_decisions: CloseDecisionsTable;
  applied_stripe_events: AppliedStripeEventsTable;
  webhook_receipts: WebhookReceiptsTable;
  stripe_writes: StripeWritesTable;
  test_purchases: TestPurchasesTable;
  used_account_links: UsedAccountLinksTable;
  payment_methods: PaymentMethodsTable;
  reconciliations: ReconciliationsTable;
  reconciliation_findings: ReconciliationFindingsTable;
  restores: RestoresTable;
}
