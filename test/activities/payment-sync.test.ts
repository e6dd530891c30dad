import type { Stripe } from 'stripe';
import { afterEach, describe, expect, test } from 'vitest';
import { idOf } from '../../activities/stripe-values.ts';
import { creditBalanceCents } from '../../db/credits.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { runOnce, useActivityEnvironment } from '../support/activity-environment.ts';
import { writesAmong } from '../support/simulator.ts';
import { newCustomer } from './fixtures.ts';
import { DISPUTED, paymentsIn, VISA } from './payments.ts';

const environment = useActivityEnvironment();
afterEach(() => environment.simulator.clearFaults());
const {
  stripeOf,
  syncSession,
  sync,
  startPurchase,
  purchase,
  granted,
  balanceOf,
  stateOf,
  disputeOf,
  shopSession,
} = paymentsIn(environment);

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
