import { randomUUID } from 'node:crypto';
import type { Stripe } from 'stripe';
import { describe, expect, test, vi } from 'vitest';
import { idOf } from '../../activities/stripe-values.ts';
import type { BillWithLines } from '../../db/bills.ts';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { runOnce, useActivityEnvironment } from '../support/activity-environment.ts';
import { giveCard, NEW_BILL_TOTAL_CENTS, newBill, newCustomer, reloaded } from './fixtures.ts';
import { DECLINED, DISPUTED, INQUIRED, paymentsIn, REFUND_FAILS, VISA } from './payments.ts';

const environment = useActivityEnvironment();
const {
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
} = paymentsIn(environment);

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
