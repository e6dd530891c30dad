import type { Stripe } from 'stripe';
import { saveCreditPurchase, saveTakenBack } from '../db/credit-purchases.ts';
import { saveDispute } from '../db/disputes.ts';
import { saveRefund } from '../db/refunds.ts';
import { creditsExpireAt, creditsToCents, takenBackCents } from '../domain/credits.ts';
import type { KnownCustomer } from '../domain/customer-key.ts';
import type { Mode } from '../domain/mode.ts';
import { sumCents } from '../domain/money.ts';
import { billIdOf } from './bill-on-invoice.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { StripeError } from './stripe-client.ts';
import { idOf } from './stripe-values.ts';

type Dependencies = Pick<ActivityDependencies, 'db' | 'stripe' | 'rules'>;

/**
 * Grants the credits of a Checkout session that sold some, once, when it is paid; then brings what was refunded or disputed of
 * the payment up to date, for that event may have come first. Any other session is ignored.
 *
 * @throws StripeError, see stripe-errors.ts for which are retried.
 */
export async function syncCreditPurchase(
  dependencies: Dependencies,
  user: KnownCustomer,
  session: Stripe.Checkout.Session,
): Promise<void> {
  const grantedCents = await grantCredits(dependencies, user, session);
  const intent = idOf(session.payment_intent);
  if (grantedCents === null || intent === null) return;
  const charges = await stripeOf(dependencies, user.mode).charges.list({
    payment_intent: intent,
    limit: 100,
  });
  const charge = charges.data.find(({ paid }) => paid);
  if (charge === undefined) return;
  const lostCents = await syncDisputes(dependencies, user, charge);
  await takeCreditsBack(dependencies, user, { session, grantedCents, charge, lostCents });
}

/**
 * Brings what we keep of a charge to what Stripe says of it now: its disputes, and what its refunds do to the credits or the
 * bill that it paid. A charge of another customer's, or of nobody's, is ignored.
 *
 * @throws StripeError, see stripe-errors.ts for which are retried.
 */
export async function syncCharge(
  dependencies: Dependencies,
  user: KnownCustomer,
  chargeId: string,
): Promise<void> {
  const stripe = stripeOf(dependencies, user.mode);
  const charge = await stripe.charges.retrieve(chargeId);
  if (idOf(charge.customer) !== user.stripeCustomerId) return;
  const lostCents = await syncDisputes(dependencies, user, charge);
  const intent = idOf(charge.payment_intent);
  // A declined attempt says nothing of the payment that came after it.
  if (intent === null || !charge.paid) return;
  const sessions = await stripe.checkout.sessions.list({ payment_intent: intent, limit: 1 });
  const [session] = sessions.data;
  if (session === undefined) {
    await syncBillRefund(dependencies, user, intent, charge.amount_refunded);
    return;
  }
  // Granted here as well: the session's own event may come later.
  const grantedCents = await grantCredits(dependencies, user, session);
  if (grantedCents === null) return;
  await takeCreditsBack(dependencies, user, { session, grantedCents, charge, lostCents });
}

/** Whose an event of a charge is: refunds and disputes do not name their customer. Throws `StripeError`, see stripe-errors.ts. */
export function createPaymentActivities(dependencies: Dependencies) {
  return {
    /** @returns the customer (`cus_…`) whose payment the charge is; `null` when there is no such charge or no customer. */
    async customerOfCharge(input: {
      readonly mode: Mode;
      readonly chargeId: string;
    }): Promise<string | null> {
      try {
        return idOf((await stripeOf(dependencies, input.mode).charges.retrieve(input.chargeId)).customer);
      } catch (error) {
        if (error instanceof StripeError && error.statusCode === 404) return null;
        throw error;
      }
    },
  };
}

/** @returns what the session's credits are worth, in cents; `null` when it sold none, or is not paid (yet). */
async function grantCredits(
  { db, rules }: Dependencies,
  { mode, userId, stripeCustomerId }: KnownCustomer,
  session: Stripe.Checkout.Session,
): Promise<number | null> {
  // Delayed payment methods complete a session first and pay it, or not, days later.
  const isPaid =
    session.mode === 'payment' && session.status === 'complete' && session.payment_status === 'paid';
  if (!isPaid || idOf(session.customer) !== stripeCustomerId) return null;
  const credits = creditsSoldBy(session);
  if (credits === null) return null;
  const grantedCents = creditsToCents(credits);
  const expiresAt = creditsExpireAt(session.created * 1_000, rules.creditsExpireAfterMs);
  await saveCreditPurchase(db, { mode, userId, checkoutSessionId: session.id, grantedCents, expiresAt });
  return grantedCents;
}

/** How many credits a Checkout session sells; `null`: none, it is for something else. */
export function creditsSoldBy({ metadata }: Pick<Stripe.Checkout.Session, 'metadata'>): number | null {
  return wholeNumber(metadata?.['credits']);
}

/** What we wrote when we made the session, such as `"25"`; `null` for anything else. */
function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

async function takeCreditsBack(
  { db }: Dependencies,
  { mode }: KnownCustomer,
  purchase: {
    readonly session: Stripe.Checkout.Session;
    readonly grantedCents: number;
    readonly charge: Stripe.Charge;
    readonly lostCents: number;
  },
): Promise<void> {
  const { session, grantedCents, charge, lostCents } = purchase;
  await saveTakenBack(db, {
    mode,
    checkoutSessionId: session.id,
    takenBackCents: takenBackCents({
      grantedCents,
      chargedCents: charge.amount_captured,
      refundedCents: charge.amount_refunded,
      lostCents,
    }),
  });
}

/** Saves the charge's disputes. @returns what was lost in them, in cents. An inquiry takes no money; nor does one that is open. */
async function syncDisputes(
  dependencies: Dependencies,
  { mode, userId }: KnownCustomer,
  charge: Stripe.Charge,
): Promise<number> {
  const { data: disputes } = await stripeOf(dependencies, mode).disputes.list({
    charge: charge.id,
    limit: 100,
  });
  for (const { id, status, amount, evidence_details: evidence } of disputes) {
    const dueByMs = evidence.due_by === null ? null : evidence.due_by * 1_000;
    await saveDispute(dependencies.db, {
      mode,
      userId,
      stripeChargeId: charge.id,
      id,
      status,
      amountCents: amount,
      dueByMs,
    });
  }
  return sumCents(disputes.filter(({ status }) => status === 'lost').map(({ amount }) => amount));
}

/** Of an invoice of ours that the payment intent paid. */
async function syncBillRefund(
  dependencies: Dependencies,
  { mode, userId }: KnownCustomer,
  intent: string,
  refundedCents: number,
): Promise<void> {
  const stripe = stripeOf(dependencies, mode);
  const payments = await stripe.invoicePayments.list({
    payment: { type: 'payment_intent', payment_intent: intent },
    limit: 1,
  });
  const stripeInvoiceId = idOf(payments.data[0]?.invoice);
  if (stripeInvoiceId === null) return;
  const billId = billIdOf(await stripe.invoices.retrieve(stripeInvoiceId));
  if (billId === null) return;
  await saveRefund(dependencies.db, { mode, userId, billId, stripeInvoiceId, refundedCents });
}
