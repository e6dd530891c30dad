import { z } from 'zod';
import { BILLING_STATUSES } from '../../../domain/customer-standing.ts';
import {
  TEST_CARD_NAMES,
  TEST_PURCHASE_STATUSES,
  TEST_PURCHASE_STEPS,
} from '../../../domain/test-purchase.ts';
import { creditsSchema, userIdSchema } from '../../validation.ts';

const creditsOfPurchase = creditsSchema.meta({ description: 'How many, at the price of test mode' });
const cardSchema = z.enum(TEST_CARD_NAMES, 'must be "success", "decline" or "authentication"').meta({
  description:
    "Stripe's test cards 4242 4242 4242 4242, 4000 0000 0000 0002, and 4000 0025 0000 3155, which wants its owner",
});

/** Body of `POST /api/admin/billing-test`. */
export const testPurchaseRequestSchema = z
  .strictObject({ userId: userIdSchema, credits: creditsOfPurchase, card: cardSchema })
  .meta({ id: 'TestPurchaseRequest' });

/** The path's `{purchaseId}`, and the `id` of each purchase in an answer. */
export const purchaseIdSchema = z
  .string()
  .regex(/^[\w-]{1,100}$/, 'must be the id of a test purchase')
  .meta({ description: 'Of a test purchase', examples: ['b2fe12f795a51c468a1cf604'] });

const purchase = {
  id: purchaseIdSchema,
  userId: userIdSchema,
  credits: creditsOfPurchase,
  card: cardSchema,
  status: z.enum(TEST_PURCHASE_STATUSES).meta({
    description:
      'processing: under way. requires_action: waits until the card is authenticated at the link. The others are ends; expired: not authenticated, or not possible, within a day',
  }),
  paymentIntentId: z.string().nullable(),
  link: z.string().nullable().meta({ description: "The bank's page, while that is waited for" }),
  problem: z.string().nullable().meta({
    description: 'Why it was declined or has expired, or what it stands still for',
  }),
  declineCode: z.string().nullable().meta({ description: "Stripe's, such as generic_decline" }),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
};

/** Answer of `POST /api/admin/billing-test`, and what `GET` lists. */
export const testPurchaseSchema = z.strictObject(purchase).meta({ id: 'TestPurchase' });

/** Answer of `GET /api/admin/billing-test/{purchaseId}`. */
export const testPurchaseStepsSchema = z
  .strictObject({
    ...purchase,
    steps: z
      .array(
        z.strictObject({
          step: z.enum(TEST_PURCHASE_STEPS),
          at: z.iso.datetime().meta({ description: 'When it began' }),
          detail: z.string().meta({ description: 'For a person: what is done, or what came of it' }),
        }),
      )
      .meta({ description: 'Oldest first' }),
  })
  .meta({ id: 'TestPurchaseSteps' });

/** Answer of `GET /api/admin/billing-test`. */
export const testBillingSchema = z
  .strictObject({
    purchases: z.array(testPurchaseSchema).meta({ description: 'The latest 50, newest first' }),
    credits: z
      .array(z.strictObject({ userId: userIdSchema, balanceCents: z.int().nonnegative() }))
      .meta({ description: 'Of the 100 users whose credits changed last' }),
    subscriptions: z
      .array(
        z.strictObject({
          userId: userIdSchema,
          stripeSubscriptionId: z.string(),
          status: z.enum(BILLING_STATUSES).meta({ description: 'Where the user stands' }),
        }),
      )
      .meta({ description: 'Of the 100 users whose billing changed last' }),
    events: z
      .array(
        z.strictObject({
          eventId: z.string(),
          type: z.string(),
          objectId: z.string(),
          stripeCustomerId: z.string(),
          appliedAt: z.iso.datetime(),
        }),
      )
      .meta({ description: 'The last 50 webhooks that had their effect, newest first' }),
  })
  .meta({ id: 'TestBilling' });
