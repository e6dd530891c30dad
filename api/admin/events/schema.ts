import { z } from 'zod';
import { BILLING_STATUSES } from '../../../domain/customer-standing.ts';
import { LOOK_AGAIN_SIGNAL, STRIPE_EVENT_SIGNAL } from '../../../domain/customer-workflow.ts';
import { WEBHOOK_OUTCOMES } from '../../../domain/webhook-receipt.ts';
import { TESTED_EVENT_TYPES } from '../../../domain/webhook-test.ts';
import { lineOfText, userIdSchema } from '../../validation.ts';
import { limitSchema } from '../parameters.ts';
import { workflowSchema } from '../workflow.ts';

const time = z.iso.datetime();

/** Query of `GET /api/admin/{mode}/events`. */
export const eventsQuerySchema = z.strictObject({
  outcome: z
    .enum(WEBHOOK_OUTCOMES)
    .optional()
    .meta({ param: { example: 'failed' } }),
  type: lineOfText(255)
    .optional()
    .meta({ param: { example: 'invoice.paid' } }),
  after: z
    .string()
    .regex(/^\d{1,15}_[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/, 'must be the `next` of the page before')
    .optional()
    .meta({ description: 'The `next` of the page before' }),
  limit: limitSchema,
});

/** Answer of `GET /api/admin/{mode}/events`. */
export const eventsSchema = z
  .strictObject({
    events: z.array(
      z.strictObject({
        receiptId: z.string().meta({ description: 'Of this delivery: an event may come several times' }),
        eventId: z.string().nullable().meta({ description: "null: it was not known to be Stripe's" }),
        type: z.string().nullable(),
        outcome: z.enum(WEBHOOK_OUTCOMES).meta({
          description:
            'accepted: Temporal has stored it. ignored: it takes no effect. refused: it was no event for this endpoint. failed: Stripe sends it again',
        }),
        reason: z.string().nullable().meta({ description: 'Why it was not accepted: a code' }),
        objectId: z.string().nullable(),
        stripeCustomerId: z.string().nullable(),
        userId: z.string().nullable(),
        receivedAt: time,
        verifiedAt: time.nullable(),
        signalledAt: time.nullable(),
        appliedAt: time.nullable().meta({ description: 'When the event had its effect' }),
        workflow: workflowSchema.nullable().meta({ description: 'Whom it was handed to' }),
      }),
    ),
    next: z.string().nullable().meta({ description: '`after` of the next page; null: this is the last' }),
  })
  .meta({ id: 'Events' });

/** The path's `{eventId}`. */
export const eventIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9_]{1,255}$/, 'must be the id of an event, such as evt_1PgafmB7WZ01zgkW')
  .meta({ description: 'The event, `evt_…`', examples: ['evt_1PgafmB7WZ01zgkW'] });

/** Answer of `POST /api/admin/{mode}/events/{eventId}/replay`. */
export const replayedSchema = z
  .strictObject({
    signal: z.enum([STRIPE_EVENT_SIGNAL, LOOK_AGAIN_SIGNAL]).meta({
      description:
        'stripeEvent: the workflow has got it again. lookAgain: the event had its effect before, so the workflow looks anew',
    }),
    workflow: workflowSchema,
  })
  .meta({ id: 'Replayed' });

/** Where a customer stands. */
const standingSchema = z.strictObject({ status: z.enum(BILLING_STATUSES), reason: z.string(), since: time });

/** Body of `POST /api/admin/test/webhook-tests`. */
export const webhookTestRequestSchema = z
  .strictObject({
    userId: userIdSchema,
    type: z.enum(TESTED_EVENT_TYPES, `must be one of ${TESTED_EVENT_TYPES.join(', ')}`),
  })
  .meta({ id: 'WebhookTestRequest' });

/** Answer of `POST /api/admin/test/webhook-tests`. */
export const sentWebhookTestSchema = z
  .strictObject({
    id: z.string().meta({ description: 'Of the test, and of its event' }),
    status: z.int().meta({ description: "The webhook endpoint's answer: an HTTP status" }),
    problem: z.string().nullable().meta({ description: 'What it objected to' }),
    before: standingSchema.meta({ description: 'Where the customer stood when it was sent' }),
  })
  .meta({ id: 'SentWebhookTest' });

/**
 * How far a test event has come, in this order. The first four are moments of its delivery; `applied` is when the customer's workflow
 * has looked, and no step comes after it.
 */
export const WEBHOOK_TEST_STEPS = ['sent', 'received', 'verified', 'signalled', 'applied'] as const;

/** Answer of `GET /api/admin/test/webhook-tests/{id}`. */
export const webhookTestSchema = z
  .strictObject({
    id: z.string(),
    state: z.enum(['waiting', 'done', 'failed']).meta({ description: 'waiting: ask again in a moment' }),
    type: z.string().nullable(),
    userId: z.string().nullable(),
    steps: z
      .array(z.strictObject({ step: z.enum(WEBHOOK_TEST_STEPS), at: time.nullable() }))
      .meta({ description: 'In order; `at` is null until it is done' }),
    reason: z.string().nullable().meta({
      description:
        'Why it was not accepted: a code. not_received: it never came in, or more than 30 days ago',
    }),
    standing: standingSchema.nullable().meta({ description: 'Where it left the customer' }),
    workflow: workflowSchema.nullable(),
  })
  .meta({ id: 'WebhookTest' });
