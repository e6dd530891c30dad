import { ApplicationFailure } from '@temporalio/common';
import type { Stripe } from 'stripe';
import { listStripeProducts } from '../db/price-list.ts';
import { grantTestPurchase, recordTestPurchase, saveTestPurchaseState } from '../db/test-purchases.ts';
import { creditsExpireAt, creditsToCents } from '../domain/credits.ts';
import { CURRENCY, type DecimalString } from '../domain/money.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import {
  countOfCredits,
  TEST_CARDS,
  type TestPurchaseInput,
  type TestPurchaseState,
} from '../domain/test-purchase.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { priceListMissing } from './failures.ts';
import { createRegistrationActivities } from './registration.ts';
import type { StripeClient } from './stripe-client.ts';
import { isCardError } from './stripe-errors.ts';
import { unixSeconds } from './stripe-values.ts';
import { writeToStripeOnce } from './stripe-write.ts';

/** As much of the world as a test purchase may touch: of Stripe's two clients, the one of test mode. */
export type TestPurchaseDependencies = Pick<ActivityDependencies, 'db' | 'rules' | 'testProductId'> & {
  readonly stripe: { readonly live: null; readonly test: StripeClient<'test'> | null };
};

/** What is bought, and what one credit of it costs. */
export interface TestProduct {
  /** `prod_…` */
  readonly stripeProductId: string;
  readonly productName: string;
  readonly namedBy: 'STRIPE_TEST_PRODUCT_ID' | 'the price list';
  readonly unitPriceCents: DecimalString;
}

/** A payment intent, as far as a purchase goes by it. `declined`: the card, or its owner, said no. */
export interface TestPayment {
  readonly paymentIntentId: string;
  readonly outcome: 'processing' | 'requires_action' | 'succeeded' | 'declined' | 'canceled';
  /** The bank's page, where the owner authenticates. */
  readonly link: string | null;
  readonly decline: { readonly code: string | null; readonly message: string } | null;
}

/** The payment intent of a purchase (`pi_…` of test mode), by which its steps find it in Stripe. */
export interface TestPaymentKey {
  readonly paymentIntentId: string;
}

/** The steps of a test purchase. None of them takes a mode, and none is given a client of live mode. */
export function createTestPurchaseActivities(dependencies: TestPurchaseDependencies) {
  const { db, rules, testProductId } = dependencies;
  const registration = createRegistrationActivities(dependencies);
  const stripeOfTest = () => stripeOf(dependencies, 'test');
  return {
    /**
     * Makes sure that the user is one of test mode, and a customer there.
     *
     * @returns the customer's id, `cus_…`.
     * @throws ApplicationFailure `UserNotFound` (not retryable) when no mode knows the user, or their data was erased.
     */
    async registerTestBuyer(input: TestPurchaseInput): Promise<string> {
      if ((await recordTestPurchase(db, input)) === undefined) {
        const message = `There is no user ${input.userId}, neither in test nor in live mode`;
        throw ApplicationFailure.create({ message, type: 'UserNotFound', nonRetryable: true });
      }
      return await registration.registerCustomer({ mode: 'test', userId: input.userId });
    },

    /**
     * Says what is bought: the product that `STRIPE_TEST_PRODUCT_ID` names, or that of credits on the price list.
     *
     * @throws ApplicationFailure `PriceListMissing` (retryable); `ProductArchived` (not retryable).
     */
    async findTestProduct(): Promise<TestProduct> {
      const credits = (await listStripeProducts(db, 'test')).find(({ product }) => product === 'credits');
      const id = testProductId ?? credits?.stripe_product_id ?? null;
      if (credits === undefined || id === null) throw priceListMissing('test', 'price of credits');
      const { name, active } = await stripeOfTest().products.retrieve(id);
      if (!active) {
        const message = `The product ${id} (${name}) is archived in Stripe: bring it back, or name another one`;
        throw ApplicationFailure.create({ message, type: 'ProductArchived', nonRetryable: true });
      }
      const namedBy = testProductId === null ? 'the price list' : 'STRIPE_TEST_PRODUCT_ID';
      return {
        stripeProductId: id,
        productName: name,
        namedBy,
        unitPriceCents: credits.unit_price_cents,
      };
    },

    /** Has Stripe charge the test card, once per purchase. A declined card is an answer. */
    async createTestPayment(
      input: TestPurchaseInput & {
        readonly stripeCustomerId: string;
        readonly product: Pick<TestProduct, 'stripeProductId' | 'productName'>;
        readonly amountCents: number;
      },
    ): Promise<TestPayment> {
      const { purchaseId, userId, credits, stripeCustomerId: customer, product } = input;
      const stripe = stripeOfTest();
      const intent = await writeToStripeOnce<Stripe.PaymentIntent>(db, {
        mode: 'test',
        writeKey: `test-purchase:${purchaseId}`,
        find: async (since) => {
          const intents = stripe.paymentIntents.list({
            customer,
            created: { gte: unixSeconds(since) },
            limit: 100,
          });
          for await (const each of intents) if (each.metadata['purchase_id'] === purchaseId) return each;
          return null;
        },
        create: (idempotencyKey) =>
          stripe.paymentIntents
            .create(
              {
                amount: input.amountCents,
                currency: CURRENCY,
                customer,
                payment_method: TEST_CARDS[input.card],
                confirm: true,
                return_url: input.returnUrl,
                description: `Test purchase of ${countOfCredits(credits)}: ${product.productName}`,
                metadata: { purchase_id: purchaseId, user_id: userId, product: product.stripeProductId },
              },
              { idempotencyKey },
            )
            .catch((error: unknown) => declinedIntent(stripe, error)),
      });
      return paymentOf(intent);
    },

    async lookAtTestPayment({ paymentIntentId }: TestPaymentKey): Promise<TestPayment> {
      return paymentOf(await stripeOfTest().paymentIntents.retrieve(paymentIntentId));
    },

    /** Cancels a payment that nobody has authenticated. @returns how it is then: it may have been paid just before. */
    async cancelTestPayment({ paymentIntentId }: TestPaymentKey): Promise<TestPayment> {
      const stripe = stripeOfTest();
      const isOver = ({ status }: Stripe.PaymentIntent) => status === 'succeeded' || status === 'canceled';
      const before = await stripe.paymentIntents.retrieve(paymentIntentId);
      if (isOver(before)) return paymentOf(before);
      try {
        return paymentOf(
          await stripe.paymentIntents.cancel(paymentIntentId, { cancellation_reason: 'abandoned' }),
        );
      } catch (error) {
        const after = await stripe.paymentIntents.retrieve(paymentIntentId);
        if (isOver(after)) return paymentOf(after);
        throw error;
      }
    },

    /**
     * Grants the credits of a purchase, once, if Stripe says at this moment that it is paid.
     *
     * @throws ApplicationFailure `NotPaid` (not retryable).
     */
    async grantTestCredits(
      input: TestPaymentKey & Pick<TestPurchaseInput, 'purchaseId' | 'userId' | 'credits'>,
    ): Promise<void> {
      const { purchaseId, userId, credits, paymentIntentId } = input;
      const { status, created, metadata } = await stripeOfTest().paymentIntents.retrieve(paymentIntentId);
      if (status !== 'succeeded' || metadata['purchase_id'] !== purchaseId) {
        const message = `${paymentIntentId} is no payment of the test purchase ${purchaseId}: ${status}`;
        throw ApplicationFailure.create({ message, type: 'NotPaid', nonRetryable: true });
      }
      const expiresAt = creditsExpireAt(created * 1_000, rules.creditsExpireAfterMs);
      await grantTestPurchase(db, { purchaseId, userId, grantedCents: creditsToCents(credits), expiresAt });
    },

    /** Shows the page how far the purchase is, and which webhooks it has heard. */
    async saveTestPurchase(input: {
      readonly state: TestPurchaseState;
      readonly events: readonly StripeEventEnvelope[];
    }): Promise<void> {
      await saveTestPurchaseState(db, input.state, input.events);
    },
  };
}

/** The payment intent that a declined card has left behind. @throws whatever is no decline. */
async function declinedIntent(stripe: StripeClient<'test'>, error: unknown): Promise<Stripe.PaymentIntent> {
  const id = isCardError(error) ? error.payment_intent?.id : undefined;
  if (id === undefined) throw error;
  return await stripe.paymentIntents.retrieve(id);
}

function paymentOf(intent: Stripe.PaymentIntent): TestPayment {
  const { id: paymentIntentId, last_payment_error: error } = intent;
  const payment = { paymentIntentId, link: null, decline: null };
  switch (intent.status) {
    case 'succeeded':
      return { ...payment, outcome: 'succeeded' };
    case 'canceled':
      return { ...payment, outcome: 'canceled' };
    case 'requires_action': {
      const link = intent.next_action?.redirect_to_url?.url ?? null;
      return { ...payment, outcome: 'requires_action', link };
    }
    case 'requires_payment_method': {
      const code = error?.decline_code ?? error?.code ?? null;
      const decline = { code, message: error?.message ?? 'The payment was declined.' };
      return { ...payment, outcome: 'declined', decline };
    }
    default:
      return { ...payment, outcome: 'processing' };
  }
}
