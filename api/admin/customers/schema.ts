import { z } from 'zod';
import { BILL_STATUSES } from '../../../domain/bill.ts';
import { BILLING_STATUSES, WAITING_FOR } from '../../../domain/customer-standing.ts';
import { MAX_EXTENSION_DAYS } from '../../../domain/operator-decisions.ts';
import { lineOfText, userIdSchema } from '../../validation.ts';
import { bySchema, limitSchema, reasonSchema } from '../parameters.ts';
import { workflowSchema } from '../workflow.ts';

const time = z.iso.datetime();

/** Query of `GET /api/admin/{mode}/customers`. */
export const customersQuerySchema = z.strictObject({
  search: lineOfText(254)
    .optional()
    .meta({
      description: "A part of a user's id, e-mail or name in any case, or a whole cus_…",
      param: { example: 'ada' },
    }),
  status: z
    .enum(BILLING_STATUSES)
    .optional()
    .meta({ param: { example: 'past_due' } }),
  waitingFor: z
    .enum(WAITING_FOR)
    .optional()
    .meta({ param: { example: 'payment' } }),
  after: userIdSchema.optional().meta({ description: 'The `next` of the page before' }),
  limit: limitSchema,
});

const standing = {
  userId: z.string(),
  email: z.string(),
  name: z.string(),
  stripeCustomerId: z.string().nullable(),
  status: z.enum(BILLING_STATUSES),
  waitingFor: z.enum(WAITING_FOR).nullable(),
  reason: z.string().meta({ description: 'Why they stand so, in a sentence' }),
  since: time,
  clusterId: z.string().nullable(),
  graceEndsAt: time.nullable(),
  owedCents: z.int().nonnegative(),
};

/** Answer of `GET /api/admin/{mode}/customers`. */
export const customersSchema = z
  .strictObject({
    customers: z.array(z.strictObject(standing)),
    next: z.string().nullable().meta({ description: '`after` of the next page; null: this is the last' }),
  })
  .meta({ id: 'Customers' });

const billSchema = z.strictObject({
  id: z.string(),
  period: z.string(),
  part: z.int().positive(),
  parts: z.int().positive(),
  status: z.enum(BILL_STATUSES),
  totalCents: z.int().nonnegative(),
  creditsCents: z.int(),
  refundedCents: z.int().nonnegative(),
  stripeInvoiceId: z.string().nullable(),
  hostedInvoiceUrl: z.url().nullable(),
  problem: z.string().nullable().meta({ description: 'Why it is held or parked' }),
  frozenAt: time,
});

/** A customer as their workflow sees them. */
export const customerStateSchema = z
  .strictObject({
    status: z.enum([...BILLING_STATUSES, 'unknown']),
    waitingFor: z.enum(WAITING_FOR).nullable(),
    reason: z.string(),
    since: time.nullable(),
    stripeObjectId: z.string().nullable().meta({ description: 'What in Stripe caused it' }),
    graceEndsAt: time.nullable(),
    nextLookAt: time.nullable().meta({ description: 'When billing looks again without an event' }),
    clusterId: z.string().nullable(),
    attention: z.array(z.string()).meta({ description: 'What a person should see to' }),
    queuedEvents: z.int(),
    appliedEvents: z.int(),
    duplicateEvents: z.int(),
    parked: z
      .strictObject({ step: z.string(), message: z.string(), stripeRequestId: z.string().nullable() })
      .nullable()
      .meta({ description: 'A step that Stripe refused for good' }),
    lastEvent: z.strictObject({ id: z.string(), type: z.string(), objectId: z.string() }).nullable(),
    hostProblem: z.string().nullable().meta({ description: 'Why the host product was not told' }),
  })
  .meta({ id: 'CustomerState' });

/** Answer of `GET /api/admin/{mode}/customers/{userId}`. */
export const customerSchema = z
  .strictObject({
    ...standing,
    stripeSubscriptionId: z.string().nullable(),
    defaultPaymentMethodId: z.string().nullable(),
    stripeObjectId: z.string().nullable().meta({ description: 'What in Stripe caused where they stand' }),
    suspendedBy: z.string().nullable().meta({ description: 'The operator who suspended them' }),
    suspendedReason: z.string().nullable(),
    registeredAt: time,
    creditsCents: z.int().nonnegative(),
    creditLots: z.array(
      z.strictObject({
        remainingCents: z.int().positive(),
        expiresAt: time.nullable(),
        cause: z.string(),
      }),
    ),
    bills: z.array(billSchema).meta({ description: 'Newest month first' }),
    decisions: z
      .array(
        z.strictObject({
          type: z.enum(['extendGrace', 'suspend', 'reactivate']),
          by: z.string(),
          until: time.nullable().meta({ description: 'Of extendGrace' }),
          reason: z.string().nullable().meta({ description: 'Of suspend' }),
          decidedAt: time,
        }),
      )
      .meta({ description: 'The last 100 of operators, newest first' }),
    events: z
      .array(z.strictObject({ id: z.string(), type: z.string(), objectId: z.string(), appliedAt: time }))
      .meta({ description: 'The last 100 that had their effect, newest first' }),
    disputes: z.array(
      z.strictObject({
        id: z.string(),
        status: z.string(),
        amountCents: z.int(),
        dueBy: time.nullable().meta({ description: 'Until when Stripe takes evidence' }),
      }),
    ),
    state: customerStateSchema.nullable(),
    stateProblem: z.string().nullable().meta({ description: 'Why the workflow says nothing of itself' }),
    workflow: workflowSchema.nullable().meta({ description: 'null: they never began a Checkout' }),
  })
  .meta({ id: 'Customer' });

/** One customer as the routes and the page of the tab Customers show them: times in ISO 8601, amounts in cents. */
export type Customer = z.output<typeof customerSchema>;

const daysProblem = `must be a number of days, more than 0 and at most ${MAX_EXTENSION_DAYS}`;

/** Body of `POST …/extend-grace`. */
export const extendGraceSchema = z
  .strictObject({
    days: z
      .number(daysProblem)
      .positive(daysProblem)
      .max(MAX_EXTENSION_DAYS, daysProblem)
      .meta({ description: 'From now on' }),
    by: bySchema,
  })
  .meta({ id: 'ExtendGrace' });

/** Body of `POST …/suspend`. */
export const suspendSchema = z.strictObject({ reason: reasonSchema, by: bySchema }).meta({ id: 'Suspend' });

/** Body of `POST …/reactivate`. */
export const reactivateSchema = z.strictObject({ by: bySchema }).meta({ id: 'Reactivate' });

/** Answer to a decision about a customer. */
export const decidedCustomerSchema = z
  .strictObject({ state: customerStateSchema, workflow: workflowSchema })
  .meta({ id: 'DecidedCustomer' });
