import { z } from 'zod';
import { BILL_STATUSES } from '../../domain/bill.ts';
import { isBillingPeriod } from '../../domain/billing-period.ts';
import { BILLING_STATUSES } from '../../domain/customer-standing.ts';
import { MODES } from '../../domain/mode.ts';
import { METERED_PRODUCTS, PRODUCTS } from '../../domain/price-list.ts';
import { creditsSchema, lineOfText, userIdSchema } from '../validation.ts';

/** Body of `PUT /api/users/{userId}`. */
export const registrationSchema = z
  .strictObject({
    email: z.email('must be an e-mail address').max(254),
    name: lineOfText(256),
  })
  .meta({ id: 'Registration' });

/** Answer of `PUT /api/users/{userId}`. */
export const userSchema = z
  .strictObject({
    userId: userIdSchema,
    email: z.string(),
    name: z.string(),
    mode: z.enum(MODES),
  })
  .meta({ id: 'User' });

/** Answer of `GET /api/users/{userId}/billing`. */
export const billingSchema = z
  .strictObject({
    status: z.enum(BILLING_STATUSES).meta({
      description:
        'none: never subscribed. active: has access. past_due: owes, and has access until graceEndsAt. suspended: has no access',
    }),
    waitingFor: z.string().optional().meta({ description: 'What it would take to go on, such as payment' }),
    clusterId: z.string().nullable(),
    stripeCustomerId: z.string().nullable(),
    stripeSubscriptionId: z.string().nullable(),
    creditsCents: z
      .int()
      .nonnegative()
      .meta({ description: 'What is left of all credits that have not expired' }),
    creditLots: z
      .array(
        z.strictObject({
          remainingCents: z.int().positive(),
          expiresAt: z.iso.datetime().nullable().meta({ description: 'null: they never expire' }),
          cause: z.string().meta({
            description:
              "What granted them: checkout_session:cs_… (a purchase), bill:bill_… (a bill's correction), test-purchase:… (in test mode), opening (before there were lots)",
          }),
        }),
      )
      .meta({ description: 'The same by what granted them, in the order in which bills use them' }),
    owedCents: z.int().nonnegative(),
    graceEndsAt: z.iso.datetime().optional(),
    hostedInvoiceUrl: z.url().optional().meta({
      description: "Stripe's page where the customer pays the oldest unpaid bill, or confirms its payment",
    }),
  })
  .meta({ id: 'Billing' });

/** `YYYY-MM` */
export const periodSchema = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month as YYYY-MM, such as 2026-10')
  .refine(isBillingPeriod, 'must be a month of the years 1000 to 9998');

/** Answer of `GET /api/users/{userId}/usage`. */
export const usageSchema = z
  .strictObject({
    period: z.string(),
    products: z.array(
      z.strictObject({
        product: z.enum(METERED_PRODUCTS),
        quantity: z.string().meta({ description: 'Decimal, in the unit of the price list' }),
        unitPrice: z.string().meta({ description: 'Dollars, decimal' }),
        amountCents: z.int(),
      }),
    ),
    totalCents: z.int(),
    estimate: z
      .strictObject({ totalCents: z.int(), method: z.literal('linear') })
      .optional()
      .meta({
        description: 'Of the running month: what is summed goes on as it began, what is stored stays',
      }),
  })
  .meta({ id: 'Usage' });

/** Answer of `GET /api/users/{userId}/bills`, newest first. */
export const billsSchema = z
  .strictObject({
    bills: z.array(
      z.strictObject({
        id: z.string(),
        period: z.string(),
        part: z.int().positive().optional().meta({
          description: "Which part of the month's bill, when one invoice takes fewer lines than it has",
        }),
        parts: z.int().positive().optional().meta({ description: 'How many parts there are then' }),
        status: z.enum(BILL_STATUSES),
        totalCents: z.int().nonnegative(),
        lines: z.array(
          z.strictObject({
            product: z.enum(PRODUCTS),
            quantity: z.string(),
            unitPrice: z.string(),
            amountCents: z.int(),
            description: z.string(),
          }),
        ),
        stripeInvoiceId: z.string().nullable(),
        refundedCents: z.int().positive().optional(),
        hostedInvoiceUrl: z
          .url()
          .optional()
          .meta({ description: "Stripe's page where the customer can pay, while there is something to pay" }),
        invoicePdfUrl: z.url().optional().meta({
          description:
            "Stripe's invoice as a PDF, paid or not. Stripe lets the link expire 30 days after finalization; the billing portal has a new one",
        }),
      }),
    ),
  })
  .meta({ id: 'Bills' });

const pageUrl = z
  .url({ protocol: /^https?$/, error: 'must be an absolute URL with http or https' })
  .max(2_048)
  .meta({ description: 'Where Stripe sends the user back to' });

const pages = { successUrl: pageUrl, cancelUrl: pageUrl };

/** Body of `POST /api/users/{userId}/checkout-sessions`: the user adds a card, or buys credits. */
export const checkoutSchema = z
  .discriminatedUnion(
    'mode',
    [
      z.strictObject({
        mode: z.literal('setup'),
        credits: z.never('goes with the mode "credits" only').optional(),
        ...pages,
      }),
      z.strictObject({
        mode: z.literal('credits'),
        credits: creditsSchema,
        ...pages,
      }),
    ],
    { error: ({ code }) => (code === 'invalid_union' ? 'must be "setup" or "credits"' : undefined) },
  )
  .meta({ id: 'Checkout' });

/** Body of `POST /api/users/{userId}/billing-portal-sessions`. */
export const billingPortalSchema = z.strictObject({ returnUrl: pageUrl }).meta({ id: 'BillingPortal' });

/** Answer of `POST /api/users/{userId}/billing-portal-sessions`. */
export const openedBillingPortalSchema = z.strictObject({ url: z.url() }).meta({ id: 'OpenedBillingPortal' });

/** Answer of `POST /api/users/{userId}/checkout-sessions`. */
export const startedCheckoutSchema = z
  .strictObject({ id: z.string(), url: z.url() })
  .meta({ id: 'StartedCheckout' });
