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

export type Account = Stored<Stripe.Account>;
export type BalanceTransaction = Stored<Stripe.BalanceTransaction>;
export type BillingPortalSession = Stored<Stripe.BillingPortal.Session>;
export type Charge = Stored<Stripe.Charge>;
export type CheckoutSession = Stored<Stripe.Checkout.Session>;
export type Customer = Stored<Stripe.Customer>;
export type CustomerBalanceTransaction = Stored<Stripe.CustomerBalanceTransaction>;
export type Dispute = Stored<Stripe.Dispute>;
export type Event = Omit<Stored<Stripe.EventBase>, 'data'> & { data: EventData };
export type Invoice = Stored<Stripe.Invoice>;
export type InvoiceItem = Stored<Stripe.InvoiceItem>;
export type InvoiceLineItem = Stored<Stripe.InvoiceLineItem>;
export type InvoicePayment = Stored<Stripe.InvoicePayment>;
export type LineItem = Stored<Stripe.LineItem>;
export type Meter = Stored<Stripe.Billing.Meter>;
export type MeterEvent = Stored<Stripe.Billing.MeterEvent>;
export type MeterEventSummary = Stored<Stripe.Billing.MeterEventSummary>;
export type PaymentIntent = Stored<Stripe.PaymentIntent>;
export type PaymentMethod = Stored<Stripe.PaymentMethod>;
export type Plan = Stored<Stripe.Plan>;
export type Price = Stored<Stripe.Price>;
export type Product = Stored<Stripe.Product>;
export type Refund = Stored<Stripe.Refund>;
export type SetupIntent = Stored<Stripe.SetupIntent>;
export type Subscription = Stored<Stripe.Subscription>;
export type SubscriptionItem = Stored<Stripe.SubscriptionItem>;
export type TestClock = Stored<Stripe.TestHelpers.TestClock>;
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

export interface EventData {
  /** The object as it was when the event happened: a full snapshot. */
  object: ApiObject;
  previous_attributes?: Record<string, unknown>;
}

export interface List<T> {
  object: 'list';
  data: T[];
  has_more: boolean;
  url: string;
}

/** The API version that every object here has the shape of, and that the `stripe` package of this repository pins. */
export const API_VERSION = '2026-10-28.endive';
