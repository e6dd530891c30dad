/** Everything the simulator knows of one mode (live or test). The two modes never see each other's objects. */

import type { Change, IndexKey } from './collection.ts';
import { Collection } from './collection.ts';
import type { IdempotencyRecord } from './idempotency.ts';
import type {
  BillingPortalSession,
  Charge,
  CheckoutSession,
  Customer,
  CustomerBalanceTransaction,
  DeletedObject,
  Dispute,
  Event,
  Invoice,
  InvoiceItem,
  InvoiceLineItem,
  InvoicePayment,
  LineItem,
  Meter,
  MeterEvent,
  PaymentIntent,
  PaymentMethod,
  Price,
  Product,
  Refund,
  SetupIntent,
  Subscription,
  TestClock,
  WebhookEndpoint,
} from './wire.ts';

/** How a card behaves later on. Kept apart from the payment method, and without its number. */
export interface CardRecord {
  /** The payment method's id. */
  id: string;
  /** The row of `behaviour/test-cards.ts`. */
  card: string;
  /** Its owner authenticated when it was set up, so it may be charged off session. */
  authenticated: boolean;
}

/** A line of a payment-mode Checkout session, which the session itself shows only when expanded. */
export type CheckoutLine = LineItem & { session: string };

/** Work that waits for the clock. */
export interface Task {
  id: string;
  kind:
    | 'advance_test_clock'
    | 'cancel_subscription'
    | 'collect_invoice'
    | 'decide_dispute'
    | 'dispute_charge'
    | 'end_dunning'
    | 'expire_checkout_session'
    | 'expire_incomplete_subscription'
    | 'finalize_invoice'
    | 'invoice_overdue'
    | 'renew_subscription'
    | 'resume_collection'
    | 'settle_refund';
  objectId: string;
  /** Unix milliseconds of the simulator's clock, or of the test clock. */
  dueAtMs: number;
  /** The test clock it waits for. */
  testClock?: string | undefined;
}

/** One event on its way to one webhook endpoint. */
export interface Delivery {
  id: string;
  eventId: string;
  eventType: string;
  endpointId: string;
  url: string;
  status: 'pending' | 'succeeded' | 'failed';
  /** What `POST /_sim/webhooks/mischief` did to it. */
  mischief?: 'delay' | 'drop' | 'duplicate' | 'reorder' | undefined;
  /** Unix milliseconds of the simulator's clock; null once it has ended. */
  nextAttemptAtMs: number | null;
  attempts: DeliveryAttempt[];
}

/** One HTTP request to the endpoint. Only a status of 2xx acknowledges the event. */
export interface DeliveryAttempt {
  /** Unix milliseconds of the simulator's clock. */
  atMs: number;
  durationMs: number;
  /** The HTTP status, null when there was no answer. */
  status: number | null;
  error: string | null;
}

/** A webhook endpoint's signing secret, which Stripe shows only once. */
export interface WebhookSecret {
  /** The endpoint's id. */
  id: string;
  secret: string;
}

/** A meter event under its identifier, with the customer that its payload names. */
export type StoredMeterEvent = MeterEvent & { id: string; customer: string; canceled?: boolean };

/**
 * What the journal needs of a collection, whatever is in it. `restore` trusts its value: a journal is read back by the
 * program that wrote it.
 */
interface Table {
  get(id: string): { id: string } | undefined;
  values(): { id: string }[];
  restore(value: { id: string }): void;
  forget(id: string): void;
}

/** The tables of one mode, and the unit of work that runs on them: `commit` keeps it, `rollback` takes it back. */
export class Store {
  /** How many deliveries there are to be before `retention.ts` looks for old ones again. */
  sweepDeliveriesAt = 20_000;
  readonly #changes: Change[] = [];
  readonly #tables = new Map<string, Table>();

  readonly billingPortalSessions = this.#collection<BillingPortalSession, 'token'>(
    'billing_portal_sessions',
    {
      /** The last segment of its URL. */
      token: ({ url }) => url.slice(url.lastIndexOf('/') + 1),
    },
  );
  readonly cards = this.#collection<CardRecord>('cards', {});
  readonly charges = this.#collection<Charge, 'customer' | 'payment_intent'>('charges', {
    customer: ({ customer }) => customer,
    payment_intent: ({ payment_intent }) => payment_intent,
  });
  readonly checkoutLines = this.#collection<CheckoutLine, 'session'>('checkout_lines', {
    session: ({ session }) => session,
  });
  readonly checkoutSessions = this.#collection<CheckoutSession, 'customer' | 'intent'>('checkout_sessions', {
    customer: ({ customer }) => customer,
    /** The setup or payment intent that it confirms. */
    intent: ({ payment_intent, setup_intent }) => payment_intent ?? setup_intent,
  });
  readonly customerBalanceTransactions = this.#collection<CustomerBalanceTransaction, 'customer'>(
    'customer_balance_transactions',
    { customer: ({ customer }) => customer },
  );
  readonly customers = this.#collection<Customer, 'email' | 'test_clock'>('customers', {
    email: ({ email }) => email,
    test_clock: ({ test_clock }) => test_clock,
  });
  readonly deleted = this.#collection<DeletedObject>('deleted', {});
  readonly deliveries = this.#collection<Delivery, 'event'>('deliveries', {
    event: ({ eventId }) => eventId,
  });
  readonly disputes = this.#collection<Dispute, 'charge' | 'payment_intent'>('disputes', {
    charge: ({ charge }) => charge,
    payment_intent: ({ payment_intent }) => payment_intent,
  });
  readonly events = this.#collection<Event>('events', {});
  readonly idempotency = this.#collection<IdempotencyRecord>('idempotency', {});
  /** Prices made of `price_data`, by what describes them. */
  readonly inlinePrices = this.#collection<{ id: string; price: string }>('inline_prices', {});
  readonly invoiceItems = this.#collection<InvoiceItem, 'customer' | 'invoice' | 'pending'>('invoice_items', {
    customer: ({ customer }) => customer,
    invoice: ({ invoice }) => invoice,
    /** By customer, those that wait for an invoice. */
    pending: ({ customer, invoice }) => (invoice === null ? customer : null),
  });
  readonly invoiceLines = this.#collection<InvoiceLineItem, 'invoice'>('invoice_line_items', {
    invoice: ({ invoice }) => invoice,
  });
  readonly invoicePayments = this.#collection<InvoicePayment, 'invoice' | 'payment_intent'>(
    'invoice_payments',
    {
      invoice: ({ invoice }) => invoice,
      payment_intent: ({ payment }) => payment.payment_intent,
    },
  );
  readonly invoices = this.#collection<Invoice, 'customer' | 'subscription'>('invoices', {
    customer: ({ customer }) => customer,
    subscription: ({ parent }) => parent?.subscription_details?.subscription,
  });
  readonly meterEvents = this.#collection<StoredMeterEvent, 'name_and_customer'>('meter_events', {
    name_and_customer: ({ event_name, customer }) => `${event_name}:${customer}`,
  });
  readonly meters = this.#collection<Meter, 'event_name'>('meters', {
    event_name: ({ event_name }) => event_name,
  });
  readonly paymentIntents = this.#collection<PaymentIntent, 'customer'>('payment_intents', {
    customer: ({ customer }) => customer,
  });
  readonly paymentMethods = this.#collection<PaymentMethod, 'customer'>('payment_methods', {
    customer: ({ customer }) => customer,
  });
  readonly prices = this.#collection<Price, 'lookup_key' | 'product'>('prices', {
    lookup_key: ({ lookup_key }) => lookup_key,
    product: ({ product }) => product,
  });
  readonly products = this.#collection<Product>('products', {});
  readonly refunds = this.#collection<Refund, 'charge'>('refunds', { charge: ({ charge }) => charge });
  readonly setupIntents = this.#collection<SetupIntent, 'customer'>('setup_intents', {
    customer: ({ customer }) => customer,
  });
  readonly subscriptions = this.#collection<Subscription, 'customer'>('subscriptions', {
    customer: ({ customer }) => customer,
  });
  readonly tasks = this.#collection<Task, 'object' | 'test_clock'>('tasks', {
    object: ({ objectId }) => objectId,
    test_clock: ({ testClock }) => testClock,
  });
  readonly testClocks = this.#collection<TestClock>('test_clocks', {});
  readonly webhookEndpoints = this.#collection<WebhookEndpoint>('webhook_endpoints', {});
  readonly webhookSecrets = this.#collection<WebhookSecret>('webhook_secrets', {});

  /** Something has happened in the unit of work. */
  get hasChanges(): boolean {
    return this.#changes.length > 0;
  }

  /** Ends the unit of work; returns what it changed, with the value each object has now (undefined: removed). */
  commit(): StoreChange[] {
    const changed = new Map<string, StoreChange>();
    for (const { collection, id } of this.#changes) {
      const key = `${collection}/${id}`;
      if (!changed.has(key)) {
        changed.set(key, { collection, id, value: this.#tables.get(collection)?.get(id) });
      }
    }
    this.#changes.length = 0;
    return [...changed.values()];
  }

  /** Takes the whole unit of work back. */
  rollback(): void {
    this.#undoTo(0);
  }

  /** What `work` comes to, and then none of it happened: for previews. */
  pretend<T>(work: () => T): T {
    const before = this.#changes.length;
    try {
      return work();
    } finally {
      this.#undoTo(before);
    }
  }

  #undoTo(length: number): void {
    for (const change of this.#changes.splice(length).toReversed()) change.undo();
  }

  /** Replays one change from the journal. */
  restore({ collection, id, value }: StoreChange): void {
    const target = this.#tables.get(collection);
    if (value === undefined) target?.forget(id);
    else target?.restore(value);
  }

  /** Everything there is, as changes that make it from nothing: a compacted journal. */
  *snapshot(): Generator<StoreChange> {
    for (const [name, collection] of this.#tables) {
      for (const value of collection.values()) yield { collection: name, id: value.id, value };
    }
  }

  #collection<T extends { id: string }, I extends string = never>(
    name: string,
    indexes: { [K in I]: IndexKey<T> },
  ): Collection<T, I> {
    const collection = new Collection<T, I>(name, this.#changes, indexes);
    this.#tables.set(name, collection);
    return collection;
  }
}

/** One object's new value, as the journal keeps it. */
export interface StoreChange {
  collection: string;
  id: string;
  value?: { id: string } | undefined;
}
