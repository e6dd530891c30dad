import type { Mode } from '../../domain/mode.ts';

/** What there is of a customer in the end, as the service and Stripe show it. */
export interface SeenCustomer {
  readonly mode: Mode;
  readonly userId: string;
  /** The row of the database. */
  readonly row: {
    readonly stripeCustomerId: string | null;
    readonly stripeSubscriptionId: string | null;
    readonly status: string;
    readonly waitingFor: string | null;
    readonly clusterId: string | null;
    readonly creditShortfallCents: number;
  };
  /** What `GET /api/users/{userId}/billing` says. */
  readonly answer: {
    readonly status: string;
    readonly waitingFor: string | null;
    readonly clusterId: string | null;
    readonly stripeSubscriptionId: string | null;
    readonly creditsCents: number;
    readonly owedCents: number;
  };
  /** What their workflow says; `null` where Stripe does not know them. */
  readonly workflow: {
    readonly status: string;
    readonly waitingFor: string | null;
    readonly clusterId: string | null;
    /** The step that Stripe refused, in a sentence. */
    readonly parked: string | null;
    readonly queuedEvents: number;
  } | null;
  readonly bills: readonly SeenBill[];
  /** What was granted for a Checkout session, each entry of the ledger. */
  readonly creditGrants: readonly { readonly sessionId: string; readonly amountCents: number }[];
  /** `null` where Stripe does not know them. */
  readonly stripe: SeenInStripe | null;
}

/**
 * A row of `bills` with its lines. `part` counts the bills of one month, from 1: there is a second one only of what is too
 * much for one invoice.
 */
export interface SeenBill {
  readonly billId: string;
  readonly period: string;
  readonly part: number;
  readonly status: string;
  readonly totalCents: number;
  readonly stripeInvoiceId: string | null;
  readonly lines: readonly SeenLine[];
}

/** A row of `bill_lines`: one product as it was used in one month, or credits, negative where they pay. */
export interface SeenLine {
  readonly product: string;
  /** `YYYY-MM` in which it was used. */
  readonly usagePeriod: string;
  /** In the product's own unit; of storage in GB × milliseconds. */
  readonly exactQuantity: string;
  readonly amountCents: number;
}

/** What Stripe has of a customer: up to 100 of each kind. */
export interface SeenInStripe {
  readonly deleted: boolean;
  readonly subscriptions: readonly {
    readonly id: string;
    readonly status: string;
    /** Unix seconds. */
    readonly created: number;
    readonly endedAt: number | null;
  }[];
  readonly paymentMethods: number;
  readonly invoices: readonly SeenInvoice[];
  /** Paid Checkout sessions in mode `payment`. */
  readonly purchases: readonly {
    readonly sessionId: string;
    readonly amountCents: number;
    readonly refundedCents: number;
  }[];
  /** Sum of all charges that succeeded. */
  readonly chargedCents: number;
}

/** An invoice in Stripe, with its status there. */
export interface SeenInvoice {
  readonly id: string;
  readonly status: string;
  readonly attempted: boolean;
  readonly totalCents: number;
  readonly paidCents: number;
  /** The bill that its metadata names. */
  readonly billId: string | null;
}

/** An event of Stripe's that takes effect. */
export interface SeenEvent {
  readonly mode: Mode;
  readonly eventId: string;
  readonly type: string;
  readonly stripeCustomerId: string | null;
  /** Whether a delivery of it was answered with a 2xx. */
  readonly acknowledged: boolean;
  /** Whether its customer's workflow has applied it. */
  readonly applied: boolean;
}

/** One run of a workflow, any that Temporal still has. */
export interface SeenWorkflow {
  readonly workflowId: string;
  readonly type: string;
  /** Temporal's status, such as `RUNNING`, `FAILED`. */
  readonly status: string;
  /** Attempts of a workflow task that waits; 1 when nothing is wrong. */
  readonly workflowTaskAttempt: number;
  /** Activities that wait or run. */
  readonly pendingActivities: readonly {
    readonly name: string;
    readonly attempt: number;
    readonly problem: string;
  }[];
}

/** An object in Stripe of which there is to be one. */
export interface SeenMade {
  readonly mode: Mode;
  /** Such as the customer of a user, or the session of a Checkout. */
  readonly what: string;
  readonly id: string;
}

/** All that is there when nothing moves any more. */
export interface SeenWorld {
  readonly customers: readonly SeenCustomer[];
  readonly made: readonly SeenMade[];
  readonly events: readonly SeenEvent[];
  readonly workflows: readonly SeenWorkflow[];
  readonly clusters: readonly {
    readonly mode: Mode;
    readonly clusterId: string;
    readonly capacity: number;
  }[];
}
