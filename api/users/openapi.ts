import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { idempotencyKeyHeader } from '../idempotency-key.ts';
import { answer, errors, OF_API_KEYS, OF_JSON_BODIES, OF_USERS } from '../openapi/answers.ts';
import { userIdSchema } from '../validation.ts';
import {
  billingPortalSchema,
  billingSchema,
  billsSchema,
  checkoutSchema,
  openedBillingPortalSchema,
  periodSchema,
  registrationSchema,
  startedCheckoutSchema,
  usageSchema,
  userSchema,
} from './schema.ts';

const path = z.strictObject({ userId: userIdSchema });
const tags = ['Users'];
const pages = { successUrl: 'https://your.app/done', cancelUrl: 'https://your.app/back' };

/** What may keep a user from a page of Stripe's. */
const OF_STRIPES_PAGES = [
  ...OF_API_KEYS,
  ...OF_JSON_BODIES,
  ...OF_USERS,
  'mode_not_configured',
  'stripe_refused',
  'stripe_unavailable',
  'temporal_unavailable',
  'worker_unavailable',
  'workflow_ended',
] as const;

/** The routes of users, for the OpenAPI document. */
export const userPaths: ZodOpenApiPathsObject = {
  '/api/users/{userId}': {
    put: {
      operationId: 'putUser',
      summary: 'Register a user, or take a new e-mail and name over, to Stripe as well',
      tags,
      requestParams: { path },
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: registrationSchema,
            example: { email: 'ada@example.com', name: 'Ada Lovelace' },
          },
        },
      },
      responses: {
        200: answer('The user as they stand now', userSchema, {
          userId: 'user_42',
          email: 'ada@example.com',
          name: 'Ada Lovelace',
          mode: 'live',
        }),
        ...errors(...OF_API_KEYS, ...OF_JSON_BODIES, 'user_erased', 'temporal_unavailable'),
      },
    },
  },
  '/api/users/{userId}/billing': {
    get: {
      operationId: 'getBilling',
      summary: 'Say whether a user may use their cluster, and what they owe',
      tags,
      requestParams: { path },
      responses: {
        200: answer('Where the user stands', billingSchema, {
          status: 'past_due',
          waitingFor: 'payment',
          clusterId: 'cluster-1',
          stripeCustomerId: 'cus_QXg1o8vlGmxVq4',
          stripeSubscriptionId: 'sub_1PgafmB7WZ01zgkW',
          creditsCents: 2_500,
          creditLots: [
            {
              remainingCents: 2_500,
              expiresAt: '2027-11-03T09:30:00.000Z',
              cause: 'checkout_session:cs_live_a1AKX8ZIIr',
            },
          ],
          owedCents: 140_921,
          graceEndsAt: '2026-11-08T00:00:12.000Z',
          hostedInvoiceUrl: 'https://invoice.stripe.com/i/acct_1/test_1',
        }),
        ...errors(...OF_API_KEYS, ...OF_USERS),
      },
    },
  },
  '/api/users/{userId}/usage': {
    get: {
      operationId: 'getUsage',
      summary: "Say what a month's usage comes to, and what the running month will come to",
      tags,
      requestParams: {
        path,
        query: z.strictObject({
          period: periodSchema.optional().meta({
            description: 'The month; the running one when absent',
            param: { example: '2026-10' },
          }),
        }),
      },
      responses: {
        200: answer('The usage, priced', usageSchema, {
          period: '2026-10',
          products: [
            { product: 'cpu_hour', quantity: '12005.8328', unitPrice: '0.10', amountCents: 120_058 },
          ],
          totalCents: 120_058,
          estimate: { totalCents: 140_921, method: 'linear' },
        }),
        ...errors(...OF_API_KEYS, ...OF_USERS),
      },
    },
  },
  '/api/users/{userId}/bills': {
    get: {
      operationId: 'listBills',
      summary: 'List the bills of a user, newest first',
      tags,
      requestParams: { path },
      responses: {
        200: answer('The bills with their lines', billsSchema, {
          bills: [
            {
              id: 'bill_1',
              period: '2026-10',
              status: 'paid',
              totalCents: 2_188,
              lines: [
                {
                  product: 'gpu_hour',
                  quantity: '10.940501',
                  unitPrice: '2.00',
                  amountCents: 2_188,
                  description: 'GPU Hour, 2026-10',
                },
              ],
              stripeInvoiceId: 'in_1PgafmB7WZ01zgkW',
              invoicePdfUrl: 'https://pay.stripe.com/invoice/acct_1/test_1/pdf',
            },
          ],
        }),
        ...errors(...OF_API_KEYS, ...OF_USERS),
      },
    },
  },
  '/api/users/{userId}/checkout-sessions': {
    post: {
      operationId: 'startCheckout',
      summary: "Start a Checkout session: a page of Stripe's where the user adds a card or buys credits",
      tags,
      requestParams: {
        path,
        header: idempotencyKeyHeader(
          'Yours: the same key with the same purpose gives the same session, until that is over',
          'checkout-7d1f',
        ),
      },
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: checkoutSchema,
            examples: {
              card: { summary: 'Add a card', value: { mode: 'setup', ...pages } },
              credits: { summary: 'Buy credits', value: { mode: 'credits', credits: 25, ...pages } },
            },
          },
        },
      },
      responses: {
        201: answer('The page to send the user to', startedCheckoutSchema, {
          id: 'cs_test_a1b2c3',
          url: 'https://checkout.stripe.com/c/pay/cs_test_a1b2c3',
        }),
        ...errors(...OF_STRIPES_PAGES, 'checkout_over'),
      },
    },
  },
  '/api/users/{userId}/billing-portal-sessions': {
    post: {
      operationId: 'openBillingPortal',
      summary: "Open Stripe's billing portal: a page of Stripe's where the user replaces or removes cards",
      tags,
      requestParams: { path },
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: billingPortalSchema,
            example: { returnUrl: 'https://your.app/account' },
          },
        },
      },
      responses: {
        201: answer('The page to send the user to, soon', openedBillingPortalSchema, {
          url: 'https://billing.stripe.com/p/session/test_YWNjdF8x',
        }),
        ...errors(...OF_STRIPES_PAGES),
      },
    },
  },
};
