import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Stripe } from 'stripe';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { BillingRules } from '../../activities/dependencies.ts';
import { syncCharge, syncCreditPurchase } from '../../activities/payment-sync.ts';
import { idOf } from '../../activities/stripe-values.ts';
import type { BillWithLines } from '../../db/bills.ts';
import { creditBalanceCents } from '../../db/credits.ts';
import { listDisputes } from '../../db/disputes.ts';
import { findUser } from '../../db/users.ts';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { runOnce, TEST_RULES, useActivityEnvironment } from '../support/activity-environment.ts';
import { writesAmong } from '../support/simulator.ts';
import { giveCard, NEW_BILL_TOTAL_CENTS, newBill, newCustomer, reloaded } from './fixtures.ts';

const environment = useActivityEnvironment();
afterEach(() => environment.simulator.clearFaults());

const VISA = '4242424242424242';
const DECLINED = '4000000000000002';
const REFUND_FAILS = '4000000000005126';
const DISPUTED = '4000000000000259';
const INQUIRED = '4000000000001976';

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

interface Purchase {
  readonly buyer: KnownCustomer;
  readonly session: Stripe.Checkout.Session;
  readonly charge: Stripe.Charge;
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

describe('a purchase of credits', () => {
  test.each(MODES)('in %s mode grants them once, when it is paid', async (mode) => {
    const { buyer, session, charge } = await purchase(VISA, mode);
    expect(session).toMatchObject({ mode: 'payment', payment_status: 'paid', amount_total: 2_500 });
    for (const _ of [1, 2]) {
      await syncSession(buyer, session);
      await sync(buyer, charge);
      expect((await stateOf(buyer)).entries).toMatchObject([
        { mode, amount_cents: 2_500, cause: `checkout_session:${session.id}` },
      ]);
    }
  });

  test('expires so long after its session was made, as the house rules said when it was first seen', async () => {
    const { buyer, session, charge } = await purchase();
    const hour = 60 * 60_000;
    const made = session.created * 1_000;
    for (const creditsExpireAfterMs of [hour, 2 * hour, null])
      await syncSession(buyer, session, { creditsExpireAfterMs });
    await sync(buyer, charge);
    expect((await stateOf(buyer)).entries).toMatchObject([
      { amount_cents: 2_500, expires_at: new Date(made + hour) },
    ]);
    const { mode, userId } = buyer;
    expect(await creditBalanceCents(environment.db, mode, userId, new Date(made + hour - 1))).toBe(2_500);
    expect(await creditBalanceCents(environment.db, mode, userId, new Date(made + hour))).toBe(0);
  });

  test('never expires without such a rule', async () => {
    const { buyer, session } = await purchase();
    await syncSession(buyer, session);
    expect((await stateOf(buyer)).entries).toMatchObject([{ expires_at: null }]);
  });

  test('is only looked at: nothing is written to Stripe', async () => {
    const { buyer, session, charge } = await purchase();
    const requests = await environment.simulator.requestsDuring(async () => {
      await syncSession(buyer, session);
      await sync(buyer, charge);
    });
    expect(writesAmong(requests)).toEqual([]);
  });

  test.each<Partial<Stripe.Checkout.Session>>([
    { payment_status: 'unpaid' },
    { payment_status: 'no_payment_required' },
    { status: 'open' },
    { mode: 'subscription' },
  ])('grants nothing as long as its session is %j', async (fields) => {
    const { buyer, session } = await purchase();
    await syncSession(buyer, { ...session, ...fields });
    expect(await balanceOf(buyer)).toBe(0);
    await syncSession(buyer, session);
    expect(await balanceOf(buyer)).toBe(2_500);
  });

  test('that was not completed grants nothing', async () => {
    const buyer = await newCustomer(environment);
    const id = await startPurchase(buyer, 25);
    await syncSession(buyer, await stripeOf('test').checkout.sessions.retrieve(id));
    expect(await balanceOf(buyer)).toBe(0);
  });

  test('of somebody else grants this customer nothing', async () => {
    const { session, charge } = await purchase();
    const stranger = await newCustomer(environment);
    await syncSession(stranger, session);
    await sync(stranger, charge);
    expect(await balanceOf(stranger)).toBe(0);
  });

  test.each(['none', '', '0', '-5', '1.5', '1e3', '10 000'])(
    'that says it sold "%s" credits is not one of ours',
    async (credits) => {
      const { buyer, session, charge } = await shopSession(credits === 'none' ? {} : { credits });
      await syncSession(buyer, session);
      await sync(buyer, charge);
      expect(await stateOf(buyer)).toMatchObject({ entries: [], purchases: [] });
    },
  );

  test('is granted by its charge too, whose event may come first, and not twice', async () => {
    const { buyer, session, charge } = await purchase();
    await sync(buyer, charge);
    expect(await balanceOf(buyer)).toBe(2_500);
    await syncSession(buyer, session);
    expect(await balanceOf(buyer)).toBe(2_500);
  });
});

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

describe('a refund', () => {
  test.each(MODES)('in %s mode takes back the part that was refunded, then the rest', async (mode) => {
    const bought = await granted(VISA, mode);
    await refund(bought, 1_000);
    await sync(bought.buyer, bought.charge);
    expect(await balanceOf(bought.buyer)).toBe(1_500);
    await refund(bought, 1_500);
    await sync(bought.buyer, bought.charge);
    expect(await balanceOf(bought.buyer)).toBe(0);
  });

  test('of a price with taxes takes back the same part of the credits', async () => {
    const bought = await shopSession({ credits: '25' }, 3_000);
    await refund(bought, 600);
    await sync(bought.buyer, bought.charge);
    expect(await balanceOf(bought.buyer)).toBe(2_000);
  });

  test('that comes before the purchase ends in the same', async () => {
    const bought = await purchase();
    await refund(bought, 1_000);
    await syncSession(bought.buyer, bought.session);
    expect(await balanceOf(bought.buyer)).toBe(1_500);
  });

  test('that fails brings the credits back', async () => {
    const bought = await granted(REFUND_FAILS);
    await refund(bought, 2_500);
    await sync(bought.buyer, bought.charge);
    expect(await balanceOf(bought.buyer)).toBe(0);
    await nextDay();
    await sync(bought.buyer, bought.charge);
    expect(await balanceOf(bought.buyer)).toBe(2_500);
  });

  test('is seen past the declined attempts of the same payment', async () => {
    const buyer = await newCustomer(environment);
    const id = await startPurchase(buyer, 25);
    await expect(environment.simulator.completeCheckout(id, DECLINED)).rejects.toThrow('402');
    await environment.simulator.completeCheckout(id, VISA);
    const bought = { buyer, ...(await paid('test', id)) };
    await refund(bought, 2_500);
    await syncSession(buyer, bought.session);
    expect(await balanceOf(buyer)).toBe(0);
    const charges = await stripeOf('test').charges.list({ customer: buyer.stripeCustomerId });
    expect(charges.data).toHaveLength(2);
    for (const charge of charges.data) await sync(buyer, charge);
    expect(await balanceOf(buyer)).toBe(0);
  });

  test('of credits that were used is a shortfall', async () => {
    const bought = await granted();
    const { mode, userId } = bought.buyer;
    await environment.db
      .insertInto('credit_entries')
      .values({
        mode,
        user_id: userId,
        amount_cents: -2_000,
        cause: `bill:${randomUUID()}`,
        lot: `checkout_session:${bought.session.id}`,
      })
      .execute();
    await refund(bought, 2_500);
    await sync(bought.buyer, bought.charge);
    expect(await stateOf(bought.buyer)).toMatchObject({ user: { credit_shortfall_cents: 2_000 } });
    expect(await balanceOf(bought.buyer)).toBe(0);
  });
});

describe('a dispute', () => {
  test.each(MODES)(
    'in %s mode is flagged and takes nothing as long as it is open; lost, it takes all',
    async (mode) => {
      const bought = await granted(DISPUTED, mode);
      const { id, evidence_details: evidence } = await disputeOf(bought);
      await sync(bought.buyer, bought.charge);
      const flagged = { id, amountCents: 2_500, dueByMs: (evidence.due_by ?? 0) * 1_000 };
      expect(await disputesOf(bought.buyer)).toEqual([{ ...flagged, status: 'needs_response' }]);
      expect(await balanceOf(bought.buyer)).toBe(2_500);
      await stripeOf(mode).disputes.close(id);
      await sync(bought.buyer, bought.charge);
      expect(await disputesOf(bought.buyer)).toEqual([{ ...flagged, status: 'lost' }]);
      expect(await balanceOf(bought.buyer)).toBe(0);
    },
  );

  test('that is won takes nothing', async () => {
    const bought = await granted(DISPUTED);
    const { id } = await disputeOf(bought);
    await stripeOf('test').disputes.update(id, { evidence: { uncategorized_text: 'winning_evidence' } });
    await nextDay();
    await sync(bought.buyer, bought.charge);
    expect(await disputesOf(bought.buyer)).toMatchObject([{ id, status: 'won' }]);
    expect(await balanceOf(bought.buyer)).toBe(2_500);
  });

  test('that was lost before the purchase was seen ends in the same', async () => {
    const bought = await purchase(DISPUTED);
    await stripeOf('test').disputes.close((await disputeOf(bought)).id);
    await syncSession(bought.buyer, bought.session);
    expect(await disputesOf(bought.buyer)).toMatchObject([{ status: 'lost' }]);
    expect(await balanceOf(bought.buyer)).toBe(0);
  });

  test('that is only an inquiry takes nothing, also when it is closed', async () => {
    const bought = await granted(INQUIRED);
    const { id } = await disputeOf(bought);
    await sync(bought.buyer, bought.charge);
    expect(await disputesOf(bought.buyer)).toMatchObject([{ id, status: 'warning_needs_response' }]);
    await stripeOf('test').disputes.close(id);
    await sync(bought.buyer, bought.charge);
    expect(await disputesOf(bought.buyer)).toMatchObject([{ id, status: 'warning_closed' }]);
    expect(await balanceOf(bought.buyer)).toBe(2_500);
  });

  test('of a payment that paid for nothing of ours is flagged all the same; not to somebody else', async () => {
    const buyer = await newCustomer(environment);
    const intent = await stripeOf('test').paymentIntents.create({
      amount: 700,
      currency: 'usd',
      customer: buyer.stripeCustomerId,
      payment_method: 'pm_card_createDispute',
      confirm: true,
      return_url: 'https://example.com/back',
    });
    const charge = { id: idOf(intent.latest_charge) ?? '' };
    await vi.waitFor(async () => {
      expect((await stripeOf('test').disputes.list({ charge: charge.id })).data).toHaveLength(1);
    });
    const stranger = await newCustomer(environment);
    await sync(stranger, charge);
    expect(await disputesOf(stranger)).toEqual([]);
    await sync(buyer, charge);
    expect(await disputesOf(buyer)).toMatchObject([{ amountCents: 700, status: 'needs_response' }]);
  });
});

describe('a refund of a bill', () => {
  /** A bill whose invoice is paid. */
  async function paidBill(
    mode: Mode,
    buyer: KnownCustomer,
  ): Promise<{ bill: BillWithLines; charge: Stripe.Charge }> {
    await giveCard(environment, buyer, 'pm_card_visa');
    const bill = await newBill(environment, buyer);
    await runOnce(() => environment.activities.invoiceBill({ mode, billId: bill.billId }));
    await stripeOf(mode).invoices.pay((await reloaded(environment, bill)).stripeInvoiceId ?? '');
    const [charge] = (await stripeOf(mode).charges.list({ customer: buyer.stripeCustomerId })).data;
    if (charge === undefined) throw new Error('It was paid');
    return { bill, charge };
  }

  test.each(MODES)('in %s mode is noted with the bill, and grants and takes no credits', async (mode) => {
    const buyer = await newCustomer(environment, { mode });
    const { bill, charge } = await paidBill(mode, buyer);
    await stripeOf(mode).refunds.create({ charge: charge.id, amount: 500 });
    await sync(buyer, charge);
    expect(await reloaded(environment, bill)).toMatchObject({ refundedCents: 500 });
    await stripeOf(mode).refunds.create({ charge: charge.id });
    await sync(buyer, charge);
    expect(await reloaded(environment, bill)).toMatchObject({ refundedCents: NEW_BILL_TOTAL_CENTS });
    const before = await stateOf(buyer);
    expect(before.entries).toEqual([]);
    await sync(buyer, charge);
    expect(await stateOf(buyer)).toEqual(before);
  });

  test('is noted also before the bill knows its invoice, but not when it has got another', async () => {
    const buyer = await newCustomer(environment);
    const { bill, charge } = await paidBill('test', buyer);
    await stripeOf('test').refunds.create({ charge: charge.id, amount: 500 });
    for (const [stripe_invoice_id, refundedCents] of [
      ['in_another', 0],
      [null, 500],
    ] as const) {
      await environment.db
        .updateTable('bills')
        .set({ stripe_invoice_id })
        .where('bill_id', '=', bill.billId)
        .execute();
      await sync(buyer, charge);
      expect(await reloaded(environment, bill)).toMatchObject({ refundedCents });
    }
  });

  test('of an invoice that is not ours changes no bill', async () => {
    const buyer = await newCustomer(environment);
    await paidBill('test', buyer);
    const { id } = await stripeOf('test').invoices.create({
      customer: buyer.stripeCustomerId,
      pending_invoice_items_behavior: 'exclude',
    });
    await stripeOf('test').invoices.addLines(id, { lines: [{ amount: 900, description: 'Shirt' }] });
    await stripeOf('test').invoices.finalizeInvoice(id);
    await stripeOf('test').invoices.pay(id);
    const [charge] = (await stripeOf('test').charges.list({ customer: buyer.stripeCustomerId })).data;
    await stripeOf('test').refunds.create({ charge: charge?.id ?? '' });
    const before = await stateOf(buyer);
    await sync(buyer, { id: charge?.id ?? '' });
    expect(await stateOf(buyer)).toEqual(before);
  });
});

test('looking again, in any order, changes nothing', async () => {
  const bought = await granted(DISPUTED);
  await stripeOf('test').disputes.close((await disputeOf(bought)).id);
  await sync(bought.buyer, bought.charge);
  const before = await stateOf(bought.buyer);
  await sync(bought.buyer, bought.charge);
  await syncSession(bought.buyer, bought.session);
  await sync(bought.buyer, bought.charge);
  expect(await stateOf(bought.buyer)).toEqual(before);
});

describe('customerOfCharge', () => {
  const customerOf = (mode: Mode, chargeId: string) =>
    runOnce(() => environment.activities.customerOfCharge({ mode, chargeId }));

  test.each(MODES)(
    'in %s mode says whose payment it is; the other mode knows nothing of it',
    async (mode) => {
      const { buyer, charge } = await purchase(VISA, mode);
      expect(await customerOf(mode, charge.id)).toBe(buyer.stripeCustomerId);
      expect(await customerOf(mode === 'live' ? 'test' : 'live', charge.id)).toBeNull();
    },
  );

  test('a charge of nobody is nobody’s', async () => {
    const intent = await stripeOf('test').paymentIntents.create({
      amount: 700,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: true,
      return_url: 'https://example.com/back',
    });
    expect(await customerOf('test', idOf(intent.latest_charge) ?? '')).toBeNull();
  });

  test('what Stripe can not say now is asked again, not taken for nobody', async () => {
    const { charge } = await purchase();
    await environment.simulator.fault('GET /v1/charges/:charge', 'status_500');
    await expect(customerOf('test', charge.id)).rejects.toMatchObject({ type: 'StripeUnavailable' });
  });
});
