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

export interface ClustersTable {
  mode: Mode;
  cluster_id: string;
  capacity: number;
}

export interface StripeProductsTable {
  mode: Mode;
  product: Product;
  unit_price_cents: string;
  stripe_product_id: string | null;
  stripe_price_id: string | null;
  stripe_meter_id: string | null;
  active: Generated<boolean>;
}

export interface PriceChangesTable {
  mode: Mode;
  product: MeteredProduct;
  from_period: BillingPeriod;
  unit_price_cents: string;
  changed_at: Timestamp;
}

export interface ApiKeysTable {
  key_hash: Buffer;
  key_id: string;
  mode: Mode;
  name: string;
  created_at: Timestamp;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

export interface CheckoutSessionsTable {
  mode: Mode;
  checkout_session_id: string;
  user_id: string;
  completed_at: Date | null;
  created_at: Timestamp;
}

export interface UsageEventIdsTable {
  mode: Mode;
  event_id: string;
  content_hash: string; // a bigint of all 64 bits: only ever compared in the database
}

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

export interface UsageByDayTable {
  mode: Mode;
  user_id: string;
  product: MeteredProduct;
  day: string; // YYYY-MM-DD
  quantity: string;
}

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

export interface CreditPurchasesTable {
  mode: Mode;
  checkout_session_id: string;
  user_id: string;
  granted_cents: number;
  taken_back_cents: Generated<number>;
  updated_at: Timestamp;
}

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

export interface OperatorDecisionsTable {
  mode: Mode;
  decision_id: string;
  user_id: string;
  type: OperatorDecision['type'];
  decided_by: string;
  details: string;
  decided_at: Timestamp;
}

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

export interface AppliedStripeEventsTable {
  mode: Mode;
  event_id: string;
  stripe_customer_id: string;
  type: string;
  object_id: string;
  applied_at: Timestamp;
}

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

export interface StripeWritesTable {
  mode: Mode;
  write_key: string;
  generation: Generated<number>;
  key_issued_at: Timestamp;
  stripe_object_id: string | null;
  stripe_request_id: string | null;
  completed_at: Date | null;
}

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

export interface UsedAccountLinksTable {
  mode: Mode;
  link_id: string;
  expires_at: Date;
}

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

export interface RestoresTable {
  restored_at: Timestamp;
  backup_at: Date;
}

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
