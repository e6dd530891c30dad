/**
 * The SDK's types as the simulator keeps and sends them. Two things differ from what the SDK hands to its users:
 * decimals travel as decimal strings, and a reference that `expand` may replace is always the plain id.
 */
import type { Stripe } from 'stripe';

/** A field that may be "id or expanded object" is kept as the id alone; `expand.ts` replaces it on the way out. */
type Collapsed<V> = string extends V ? Exclude<V, { id: string }> : V;

/** A Stripe object as it is stored, and as JSON carries it when nothing is expanded. Never mutated once stored. */
export type Stored<T> = T extends string | number | boolean | bigint | null | undefined | void
  ? T
  : T extends Stripe.Decimal
    ? string
    : T extends readonly (infer E)[]
      ? Stored<Collapsed<E>>[]
      : T extends object
        ? { [K in keyof T]: Stored<Collapsed<T[K]>> }
        : T;

/** `acct_…`: there is one, the same in both modes. */
export type Account = Stored<Stripe.Account>;
/** `txn_…`: made only by disputes, and only inside of them. */
export type BalanceTransaction = Stored<Stripe.BalanceTransaction>;
/** `bps_…`: its URL ends with a token of its own, not with this id. */
export type BillingPortalSession = Stored<Stripe.BillingPortal.Session>;
/** `ch_…`: one attempt that a bank was asked about, successful or not. */
export type Charge = Stored<Stripe.Charge>;
/** `cs_live_…` or `cs_test_…`: in mode `payment` or `setup`. */
export type CheckoutSession = Stored<Stripe.Checkout.Session>;
/** `cus_…`: `balance` is in cents, negative where it is credit. */
export type Customer = Stored<Stripe.Customer>;
/** `cbtxn_…`: one movement of a customer's balance. */
export type CustomerBalanceTransaction = Stored<Stripe.CustomerBalanceTransaction>;
/** `du_…`: a chargeback, or an inquiry, whose status begins with `warning_`. */
export type Dispute = Stored<Stripe.Dispute>;
/** `evt_…`: `request` is null inside for what the simulator did by itself. */
export type Event = Omit<Stored<Stripe.EventBase>, 'data'> & { data: EventData };
/** `in_…`: shows the first ten of its lines. */
export type Invoice = Stored<Stripe.Invoice>;
/** `ii_…`: what a line is made of; its `invoice` is null while it is pending. */
export type InvoiceItem = Stored<Stripe.InvoiceItem>;
/** `il_…`: of an invoice item, or of a subscription item. */
export type InvoiceLineItem = Stored<Stripe.InvoiceLineItem>;
/** `inpay_…`: which payment intent pays which invoice. */
export type InvoicePayment = Stored<Stripe.InvoicePayment>;
/** `li_…`: a line of a Checkout session. */
export type LineItem = Stored<Stripe.LineItem>;
/** `mtr_…`: its `event_name` is its own among the active ones. */
export type Meter = Stored<Stripe.Billing.Meter>;
/** Has no id: its `identifier` makes it unique, whatever its meter. */
export type MeterEvent = Stored<Stripe.Billing.MeterEvent>;
/** `mtrusg_test_…`: made when it is asked for, and not stored. */
export type MeterEventSummary = Stored<Stripe.Billing.MeterEventSummary>;
/** `pi_…`: made directly, by a Checkout session or by an invoice. */
export type PaymentIntent = Stored<Stripe.PaymentIntent>;
/** `pm_…`: always a test card; `customer` is null until it is attached, and once it is detached. */
export type PaymentMethod = Stored<Stripe.PaymentMethod>;
/** Has its price's id: the old view of a recurring price. */
export type Plan = Stored<Stripe.Plan>;
/** `price_…`: `unit_amount_decimal` is in cents. */
export type Price = Stored<Stripe.Price>;
/** `prod_…`, or the id that its creator chose. */
export type Product = Stored<Stripe.Product>;
/** `re_…`: of one charge, whole or in part. */
export type Refund = Stored<Stripe.Refund>;
/** `seti_…`: made directly, by a Checkout session or by the billing portal. */
export type SetupIntent = Stored<Stripe.SetupIntent>;
/** `sub_…`: its periods are those of its items. */
export type Subscription = Stored<Stripe.Subscription>;
/** `si_…`: lives inside of its subscription only. */
export type SubscriptionItem = Stored<Stripe.SubscriptionItem>;
/** `clock_…`: in test mode only. */
export type TestClock = Stored<Stripe.TestHelpers.TestClock>;
/** `we_…`: its secret is kept apart, in `WebhookSecret`. */
export type WebhookEndpoint = Stored<Stripe.WebhookEndpoint>;

/** What a retrieve of something deleted returns. */
export interface DeletedObject {
  id: string;
  object: string;
  deleted: true;
}

/** Anything with Stripe's `object` field: what a route may answer. */
export interface ApiObject {
  object: string;
}

/** What an event says of its object; `previous_attributes` are the old values of what it changed, if anything. */
export interface EventData {
  /** The object as it was when the event happened: a full snapshot. */
  object: ApiObject;
  previous_attributes?: Record<string, unknown>;
}

/** One page of a list, or a list inside of an object. `has_more`: there are others beyond `data`. */
export interface List<T> {
  object: 'list';
  data: T[];
  has_more: boolean;
  url: string;
}

/** The API version that every object here has the shape of, and that the `stripe` package of this repository pins. */
export const API_VERSION = '2026-10-28.endive';
