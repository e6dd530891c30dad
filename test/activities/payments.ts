import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Stripe } from 'stripe';
import { expect, vi } from 'vitest';
import type { BillingRules } from '../../activities/dependencies.ts';
import { syncCharge, syncCreditPurchase } from '../../activities/payment-sync.ts';
import { idOf } from '../../activities/stripe-values.ts';
import { creditBalanceCents } from '../../db/credits.ts';
import { listDisputes } from '../../db/disputes.ts';
import { findUser } from '../../db/users.ts';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import type { Mode } from '../../domain/mode.ts';
import { type ActivityTestEnvironment, runOnce, TEST_RULES } from '../support/activity-environment.ts';
import { newCustomer } from './fixtures.ts';

/** Pays, and nothing comes after it. */
export const VISA = '4242424242424242';
/** Is declined in Checkout, so that the session stays open. */
export const DECLINED = '4000000000000002';
/** Pays; refunds to it succeed at first, and fail a day later. */
export const REFUND_FAILS = '4000000000005126';
/** Pays, and the charge is disputed at once: the money is gone until the dispute is won. */
export const DISPUTED = '4000000000000259';
/** Pays, and the bank asks about the charge: no money is taken yet. */
export const INQUIRED = '4000000000001976';

interface Purchase {
  readonly buyer: KnownCustomer;
  readonly session: Stripe.Checkout.Session;
  readonly charge: Stripe.Charge;
}

/** Payments in the Stripe of an environment, and what we make of them. */
export function paymentsIn(environment: ActivityTestEnvironment) {
  const stripeOf = (mode: Mode) => environment.simulator.stripe[mode];
  const dependencies = (rules: Partial<BillingRules> = {}) => ({
    db: environment.db,
    stripe: environment.simulator.stripe,
    rules: { ...TEST_RULES, ...rules },
  });
  const syncSession = (
    buyer: KnownCustomer,
    session: Stripe.Checkout.Session,
    rules: Partial<BillingRules> = {},
  ) => runOnce(() => syncCreditPurchase(dependencies(rules), buyer, session));
  const sync = (buyer: KnownCustomer, charge: Pick<Stripe.Charge, 'id'>) =>
    runOnce(() => syncCharge(dependencies(), buyer, charge.id));

  async function startPurchase(buyer: KnownCustomer, credits: number): Promise<string> {
    const { mode, stripeCustomerId } = buyer;
    const request = {
      mode: 'credits',
      credits,
      successUrl: 'https://example.com/done',
      cancelUrl: 'https://example.com/back',
      idempotencyKey: randomUUID(),
    } as const;
    const session = await runOnce(() =>
      environment.activities.createCheckoutSession({ mode, stripeCustomerId, request }),
    );
    return session.id;
  }

  /** Bought in Stripe, and not looked at yet: 25 credits for $25. */
  async function purchase(cardNumber = VISA, mode: Mode = 'test'): Promise<Purchase> {
    const buyer = await newCustomer(environment, { mode });
    const id = await startPurchase(buyer, 25);
    await environment.simulator.completeCheckout(id, cardNumber);
    return { buyer, ...(await paid(mode, id)) };
  }

  async function paid(mode: Mode, sessionId: string): Promise<Omit<Purchase, 'buyer'>> {
    const session = await stripeOf(mode).checkout.sessions.retrieve(sessionId);
    const charges = await stripeOf(mode).charges.list({ payment_intent: idOf(session.payment_intent) ?? '' });
    const charge = charges.data.find((each) => each.paid);
    if (charge === undefined) throw new Error('It was paid');
    return { session, charge };
  }

  /** Bought, and the credits granted. */
  async function granted(cardNumber = VISA, mode: Mode = 'test'): Promise<Purchase> {
    const bought = await purchase(cardNumber, mode);
    await syncSession(bought.buyer, bought.session);
    expect(await balanceOf(bought.buyer)).toBe(2_500);
    return bought;
  }

  const balanceOf = ({ mode, userId }: KnownCustomer) => creditBalanceCents(environment.db, mode, userId);
  const disputesOf = ({ mode, userId }: KnownCustomer) => listDisputes(environment.db, mode, userId);
  const refund = ({ buyer, charge }: Purchase, amount: number) =>
    stripeOf(buyer.mode).refunds.create({ charge: charge.id, amount });

  /** Everything we keep of the user that a look at a payment may change. */
  async function stateOf({ mode, userId }: KnownCustomer) {
    const rowsOf = async (table: 'credit_entries' | 'credit_purchases' | 'bills') => {
      const rows = sql<object>`SELECT * FROM ${sql.table(table)} WHERE mode = ${mode} AND user_id = ${userId}`;
      return (await rows.execute(environment.db)).rows;
    };
    return {
      entries: await rowsOf('credit_entries'),
      purchases: await rowsOf('credit_purchases'),
      bills: await rowsOf('bills'),
      disputes: await listDisputes(environment.db, mode, userId),
      user: await findUser(environment.db, mode, userId),
    };
  }

  /** Lets the simulator's banks decide what they take a day for. */
  async function nextDay(): Promise<void> {
    const url = `${environment.simulator.url}/_sim/clock`;
    const { unixSeconds } = (await (await fetch(url)).json()) as { readonly unixSeconds: number };
    await fetch(url, { method: 'POST', body: JSON.stringify({ now: unixSeconds + 24 * 60 * 60 + 1 }) });
  }

  async function disputeOf({ buyer, charge }: Purchase): Promise<Stripe.Dispute> {
    return await vi.waitFor(async () => {
      const [dispute] = (await stripeOf(buyer.mode).disputes.list({ charge: charge.id })).data;
      if (dispute === undefined) throw new Error('It is not disputed yet');
      return dispute;
    });
  }

  /** Paid in a Checkout session that another program made. */
  async function shopSession(metadata: Record<string, string>, amountCents = 2_500): Promise<Purchase> {
    const buyer = await newCustomer(environment);
    const { id } = await stripeOf('test').checkout.sessions.create({
      mode: 'payment',
      customer: buyer.stripeCustomerId,
      success_url: 'https://example.com/done',
      line_items: [
        {
          price_data: { currency: 'usd', unit_amount: amountCents, product_data: { name: 'Shirt' } },
          quantity: 1,
        },
      ],
      metadata,
    });
    await environment.simulator.completeCheckout(id, VISA);
    return { buyer, ...(await paid('test', id)) };
  }

  return {
    stripeOf,
    syncSession,
    sync,
    startPurchase,
    purchase,
    paid,
    granted,
    balanceOf,
    disputesOf,
    refund,
    stateOf,
    nextDay,
    disputeOf,
    shopSession,
  };
}
