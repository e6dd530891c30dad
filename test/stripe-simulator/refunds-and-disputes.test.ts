import type Stripe from 'stripe';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventsAbout } from './subscription-support.ts';
import type { TestSimulator } from './support.ts';
import { customerWithCard, draftOf, eventually, failureOf, idOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeEach(async () => {
  context = await startTestSimulator();
});

afterEach(() => context[Symbol.asyncDispose]());

/** A paid charge of this card. */
async function chargeOf(card: string, amount = 2_000): Promise<Stripe.Charge> {
  const { stripe } = context;
  const customer = await customerWithCard(stripe, card);
  const draft = await draftOf(stripe, customer.id, amount);
  await stripe.invoices.pay(draft.id);
  const [charge] = (await stripe.charges.list({ customer: customer.id })).data;
  if (charge === undefined) throw new Error('there is no charge');
  return charge;
}

const refundIs = (id: string, status: string) =>
  eventually(async () => {
    const refund = await context.stripe.refunds.retrieve(id);
    return refund.status === status ? refund : undefined;
  }, `refund ${status}`);

test('a charge is refunded in parts, until nothing is left', async () => {
  const { stripe } = context;
  const charge = await chargeOf('pm_card_visa');
  const part = await stripe.refunds.create({
    charge: charge.id,
    amount: 500,
    reason: 'requested_by_customer',
  });
  expect(part).toMatchObject({ status: 'succeeded', amount: 500 });
  expect(await stripe.charges.retrieve(charge.id)).toMatchObject({ amount_refunded: 500, refunded: false });
  const tooMuch = stripe.refunds.create({ charge: charge.id, amount: 1_501 });
  expect(await failureOf(tooMuch)).toMatchObject({ param: 'amount' });
  await stripe.refunds.create({ charge: charge.id });
  expect(await stripe.charges.retrieve(charge.id, { expand: ['refunds'] })).toMatchObject({
    amount_refunded: 2_000,
    refunded: true,
    refunds: { data: [{ amount: 1_500 }, { amount: 500 }] },
  });
  expect(await failureOf(stripe.refunds.create({ charge: charge.id }))).toMatchObject({
    code: 'charge_already_refunded',
  });
  expect(await eventsAbout(stripe, charge.id)).toEqual([
    'charge.succeeded',
    'charge.refunded',
    'charge.refunded',
  ]);
  await stripe.refunds.update(part.id, { metadata: { ticket: '7' } });
  expect(await eventsAbout(stripe, part.id)).toEqual(['refund.created', 'refund.updated']);
});

test('refunds are listed from a moment on', async () => {
  const { stripe } = context;
  const { id, created } = await stripe.refunds.create({ charge: (await chargeOf('pm_card_visa')).id });
  expect((await stripe.refunds.list({ created: { gte: created } })).data).toMatchObject([{ id }]);
  expect((await stripe.refunds.list({ created: { gt: created } })).data).toEqual([]);
});

test('a pending refund succeeds later, and says so', async () => {
  const { stripe } = context;
  const charge = await chargeOf('pm_card_pendingRefund');
  const refund = await stripe.refunds.create({ charge: charge.id });
  expect(refund.status).toBe('pending');
  await refundIs(refund.id, 'succeeded');
  expect(await eventsAbout(stripe, refund.id)).toEqual([
    'refund.created',
    'refund.updated',
    'charge.refund.updated',
  ]);
});

test('a refund that fails gives the money back to the charge', async () => {
  const { stripe } = context;
  const charge = await chargeOf('pm_card_refundFail');
  const refund = await stripe.refunds.create({ charge: charge.id });
  expect(await refundIs(refund.id, 'failed')).toMatchObject({ failure_reason: 'expired_or_canceled_card' });
  expect(await stripe.charges.retrieve(charge.id)).toMatchObject({ amount_refunded: 0, refunded: false });
  expect(await eventsAbout(stripe, refund.id)).toContain('refund.failed');
});

async function disputeOf(card = 'pm_card_createDispute'): Promise<Stripe.Dispute> {
  const charge = await chargeOf(card);
  return eventually(
    async () => (await context.stripe.disputes.list({ charge: charge.id })).data[0],
    'the dispute',
  );
}

const disputeIs = (id: string, status: string) =>
  eventually(async () => {
    const dispute = await context.stripe.disputes.retrieve(id);
    return dispute.status === status ? dispute : undefined;
  }, `dispute ${status}`);

test('a charge is disputed, and the money withdrawn', async () => {
  const { stripe } = context;
  const dispute = await disputeOf();
  expect(dispute).toMatchObject({
    amount: 2_000,
    reason: 'fraudulent',
    status: 'needs_response',
    balance_transactions: [{ amount: -2_000, fee: 1_500, net: -3_500 }],
  });
  expect(await eventsAbout(stripe, dispute.id)).toEqual([
    'charge.dispute.created',
    'charge.dispute.funds_withdrawn',
  ]);
  const charge = idOf(dispute.charge);
  expect((await stripe.charges.retrieve(charge)).disputed).toBe(true);
  expect(await failureOf(stripe.refunds.create({ charge }))).toMatchObject({ code: 'charge_disputed' });
});

test.each([
  ['winning_evidence', 'won', ['charge.dispute.closed', 'charge.dispute.funds_reinstated']],
  ['losing_evidence', 'lost', ['charge.dispute.closed']],
] as const)('%s has the dispute %s', async (text, status, events) => {
  const { stripe } = context;
  const { id } = await disputeOf();
  const staged = await stripe.disputes.update(id, {
    evidence: { product_description: 'hours' },
    submit: false,
  });
  expect(staged).toMatchObject({ status: 'needs_response', evidence_details: { submission_count: 0 } });
  const submitted = await stripe.disputes.update(id, { evidence: { uncategorized_text: text } });
  expect(submitted).toMatchObject({
    status: 'under_review',
    evidence: { product_description: 'hours' },
    evidence_details: { has_evidence: true, submission_count: 1 },
  });
  await disputeIs(id, status);
  expect((await eventsAbout(stripe, id)).slice(4)).toEqual(events);
  expect(await failureOf(stripe.disputes.close(id))).toMatchObject({ statusCode: 400 });
});

test('a dispute that is accepted, or not answered in time, is lost', async () => {
  const { stripe, sim } = context;
  const accepted = await disputeOf();
  expect((await stripe.disputes.close(accepted.id)).status).toBe('lost');
  const ignored = await disputeOf('pm_card_createDisputeProductNotReceived');
  await sim.clock((ignored.evidence_details.due_by ?? 0) + 1);
  expect(await disputeIs(ignored.id, 'lost')).toMatchObject({ evidence_details: { past_due: true } });
});

test('an inquiry takes no money', async () => {
  const { stripe } = context;
  const dispute = await disputeOf('pm_card_createDisputeInquiry');
  expect(dispute).toMatchObject({ status: 'warning_needs_response', balance_transactions: [] });
  expect(await eventsAbout(stripe, dispute.id)).toEqual(['charge.dispute.created']);
  expect((await stripe.refunds.create({ charge: idOf(dispute.charge) })).status).toBe('succeeded');
});
