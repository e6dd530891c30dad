import { z } from 'zod';
import { BILL_STATUSES } from '../../../domain/bill.ts';
import { CLOSE_DECISION_TYPES, MAX_BILLS_OF_DECISION } from '../../../domain/close-decisions.ts';
import { MODES } from '../../../domain/mode.ts';
import { CLOSE_PHASES } from '../../../domain/monthly-close.ts';
import { periodSchema } from '../../users/schema.ts';
import { bySchema, reasonSchema } from '../parameters.ts';
import { workflowSchema } from '../workflow.ts';

const time = z.iso.datetime();
const sum = z.strictObject({ bills: z.int().nonnegative(), cents: z.int().nonnegative() });
const standing = z.enum(['running', 'ended', 'none']).nullable().meta({
  description: 'none: it never ran, or Temporal has forgotten it. null: Temporal does not answer',
});
const MAX_MONTHS = 24;
const monthsProblem = `must be a whole number from 1 to ${MAX_MONTHS}`;

/** Query of `GET /api/admin/{mode}/months`. */
export const monthsQuerySchema = z.strictObject({
  after: periodSchema.optional().meta({ description: 'The `next` of the page before' }),
  limit: z.coerce
    .number(monthsProblem)
    .int(monthsProblem)
    .min(1, monthsProblem)
    .max(MAX_MONTHS, monthsProblem)
    .default(12)
    .meta({ description: 'How many at once' }),
});

/** Answer of `GET /api/admin/{mode}/months`. */
export const monthsSchema = z
  .strictObject({
    months: z.array(
      z.strictObject({
        period: z.string(),
        isOver: z.boolean().meta({ description: 'Only a month that has ended can be closed' }),
        bills: z.int().nonnegative(),
        totalCents: z.int().nonnegative().meta({ description: 'What Stripe is to collect' }),
        byStatus: z
          .partialRecord(z.enum(BILL_STATUSES), sum)
          .meta({ description: 'A status that no bill has is missing' }),
        close: standing,
        phase: z.enum(CLOSE_PHASES).nullable().meta({
          description: 'What a running close does; null: none runs, or no worker answers',
        }),
        workflow: workflowSchema,
      }),
    ),
    next: z.string().nullable().meta({ description: '`after` of the next page; null: this is the last' }),
  })
  .meta({ id: 'Months' });

/** A page of a mode's months, the newest first. */
export type Months = z.output<typeof monthsSchema>;

const stopped = z.array(
  z.strictObject({ billId: z.string(), userId: z.string(), totalCents: z.int(), problem: z.string() }),
);

/** A month's bills at a glance. */
const closeSummarySchema = z
  .strictObject({
    bills: z.int(),
    totalCents: z.int(),
    creditsCents: z.int(),
    previousBills: z.int(),
    previousTotalCents: z.int(),
    byStatus: z.record(z.enum(BILL_STATUSES), sum),
    biggest: z.array(
      z.strictObject({
        billId: z.string(),
        userId: z.string(),
        totalCents: z.int(),
        previousTotalCents: z.int(),
      }),
    ),
    held: stopped.meta({ description: 'The 20 biggest; byStatus says how many there are' }),
    parked: stopped.meta({ description: 'The 20 biggest; byStatus says how many there are' }),
    withoutCustomer: sum.meta({ description: "Of users who never began a Checkout: can't be billed" }),
    withoutPaymentMethod: sum.meta({ description: 'An invoice would fail' }),
  })
  .meta({ id: 'CloseSummary' });

const balanceSchema = z.strictObject({
  usedCents: z.int(),
  billedCents: z.int(),
  paidCents: z.int(),
  collectingCents: z.int(),
  waitingCents: z.int(),
  heldCents: z.int(),
  parkedCents: z.int(),
  unbillableCents: z.int(),
  writtenOffCents: z.int(),
  unbilledCents: z.int(),
  contradictions: z.int(),
});

/** How far a close is. */
export const closeProgressSchema = z
  .strictObject({
    mode: z.enum(MODES),
    period: z.string(),
    phase: z.enum(CLOSE_PHASES),
    frozenBills: z.int(),
    invoicedBills: z.int(),
    invoicedCents: z.int(),
    parkedBills: z.int(),
    heldBills: z.int(),
    waiting: z
      .strictObject({ since: time, problem: z.string() })
      .nullable()
      .meta({ description: 'Since when no bill gets through, and why' }),
    balance: balanceSchema.nullable().meta({ description: 'Where all usage has gone; null until it ends' }),
  })
  .meta({ id: 'CloseProgress' });

/** Answer of `GET /api/admin/{mode}/months/{period}/progress`. */
export const monthProgressSchema = z
  .strictObject({
    close: standing,
    progress: closeProgressSchema.nullable(),
    progressProblem: z.string().nullable().meta({ description: 'Why the close says nothing of itself' }),
    goingOut: z.strictObject({ done: z.int(), total: z.int() }).nullable().meta({
      description:
        "Of all the month's bills, those that are not to become an invoice any more; null unless the close is invoicing",
    }),
  })
  .meta({ id: 'MonthProgress' });

/** How far a month's close is, as the page asks for it again and again; without the bills, which cost more to read. */
export type MonthProgress = z.output<typeof monthProgressSchema>;

/** Answer of `GET /api/admin/{mode}/months/{period}`. */
export const monthSchema = z
  .strictObject({
    mode: z.enum(MODES),
    period: z.string(),
    isOver: z.boolean(),
    summary: closeSummarySchema,
    awaitingRelease: z.int().nonnegative().meta({
      description: 'Held bills that the close waits for; those that were skipped are held too',
    }),
    ...monthProgressSchema.shape,
    decisions: z
      .array(
        z.strictObject({
          type: z.enum(CLOSE_DECISION_TYPES),
          bills: z.array(z.string()).meta({ description: 'None: the month' }),
          by: z.string(),
          reason: z.string().nullable(),
          decidedAt: time,
        }),
      )
      .meta({ description: 'The last 100, newest first' }),
    workflow: workflowSchema,
  })
  .meta({ id: 'Month' });

/** A month with its bills at a glance, its close, and what was decided about it. */
export type MonthDetails = z.output<typeof monthSchema>;

const previewedBills = z.array(
  z.strictObject({
    userId: z.string(),
    status: z.enum(['new', 'none', ...BILL_STATUSES]).meta({
      description: 'new: the close would make it. none: nothing to bill, and there was the month before',
    }),
    parts: z.int(),
    usedCents: z.int(),
    creditsCents: z.int(),
    totalCents: z.int(),
    previousTotalCents: z.int(),
    problem: z.enum(['no_customer', 'no_payment_method']).nullable(),
    held: z.string().nullable().meta({ description: 'Why it is held, or would be' }),
  }),
);

/** Answer of `GET /api/admin/{mode}/months/{period}/preview`. */
export const previewSchema = z
  .strictObject({
    mode: z.enum(MODES),
    period: z.string(),
    bills: z.int(),
    newBills: z.int().meta({ description: 'Those that the close would make; the others are frozen' }),
    usedCents: z.int(),
    creditsCents: z.int(),
    totalCents: z.int(),
    previousTotalCents: z.int(),
    biggest: previewedBills,
    mostChanged: previewedBills,
    problems: previewedBills.meta({ description: "The first that can't be collected" }),
    problemBills: z.int(),
    held: previewedBills.meta({ description: 'The first that wait for a person, or would' }),
    heldBills: z.int(),
  })
  .meta({ id: 'Preview' });

/** What a close would come to now, in cents. Nothing was written to find it out. */
export type Preview = z.output<typeof previewSchema>;

const billsProblem = `must be 1 to ${MAX_BILLS_OF_DECISION} ids of bills or users`;
/** Bills of a decision, by their ids or their users'. */
export const billsSchema = z
  .array(z.string().min(1).max(255), billsProblem)
  .min(1, billsProblem)
  .max(MAX_BILLS_OF_DECISION, billsProblem)
  .meta({ description: "bill_…, or users' ids: then all of their bills of the month" });
const billsOrAllSchema = z
  .union([z.literal('all'), billsSchema], `${billsProblem}, or "all" that are held`)
  .meta({ description: "bill_…, or users' ids, or all that are held" });

/** Body of `POST …/approve` and `POST …/retry-parked`. */
export const monthDecisionSchema = z.strictObject({ by: bySchema }).meta({ id: 'MonthDecision' });

/** Body of `POST …/hold`. */
export const holdSchema = z
  .strictObject({ bills: billsSchema, by: bySchema, reason: reasonSchema })
  .meta({ id: 'Hold' });

/** Body of `POST …/release` and `POST …/skip`. */
export const releaseSchema = z
  .strictObject({ bills: billsOrAllSchema, by: bySchema, reason: reasonSchema.optional() })
  .meta({ id: 'Release' });

/** Answer where a close does what is asked. */
export const startedCloseSchema = z.strictObject({ workflow: workflowSchema }).meta({ id: 'StartedClose' });

/** Answer to a decision about bills. */
export const decidedBillsSchema = z
  .strictObject({
    bills: z.array(z.string()).meta({ description: 'Those that it is about' }),
    workflow: workflowSchema,
  })
  .meta({ id: 'DecidedBills' });
