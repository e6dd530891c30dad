import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import type { KnownCustomer } from '../../domain/customer-key.ts';
import type { StartCheckoutRequest } from '../../domain/customer-workflow.ts';
import { MODES } from '../../domain/mode.ts';
import { runOnce, runWithRetries, useActivityEnvironment } from '../support/activity-environment.ts';
import { namesOf } from '../support/simulator.ts';
import { newCustomer } from './fixtures.ts';

const environment = useActivityEnvironment();
let customer: KnownCustomer;
beforeEach(async () => {
  customer = await newCustomer(environment);
});

function createSession(
  what: Pick<StartCheckoutRequest, 'mode' | 'credits'>,
  idempotencyKey: string = randomUUID(),
) {
  const { mode, stripeCustomerId } = customer;
  const pages = { successUrl: 'https://example.com/done', cancelUrl: 'https://example.com/back' };
  const request = { ...what, ...pages, idempotencyKey };
  return environment.activities.createCheckoutSession({ mode, stripeCustomerId, request });
}

test.each(MODES)(
  'in %s mode it sells credits at the price of the price list, and says how many',
  async (mode) => {
    customer = await newCustomer(environment, { mode });
    const { id } = await runOnce(() => createSession({ mode: 'credits', credits: 40 }, `${mode}-forty`));
    const stripe = environment.simulator.stripe[mode];
    const session = await stripe.checkout.sessions.retrieve(id, { expand: ['line_items', 'payment_intent'] });
    const metadata = { user_id: customer.userId, idempotency_key: `${mode}-forty`, credits: '40' };
    expect(session).toMatchObject({
      mode: 'payment',
      customer: customer.stripeCustomerId,
      client_reference_id: customer.userId,
      amount_total: 4_000,
      metadata,
      payment_intent: { metadata },
    });
    const { stripe_price_id: price } = await environment.db
      .selectFrom('stripe_products')
      .select('stripe_price_id')
      .where('mode', '=', mode)
      .where('product', '=', 'credits')
      .executeTakeFirstOrThrow();
    expect(session.line_items?.data).toMatchObject([{ price: { id: price }, quantity: 40 }]);
  },
);

test('an attempt that was cut off makes no second session', async () => {
  await environment.simulator.fault('POST /v1/checkout/sessions', 'processed_without_answer');
  const requests = await environment.simulator.requestsDuring(async () => {
    const { attempts } = await runWithRetries(() =>
      createSession({ mode: 'credits', credits: 25 }, 'cut-off'),
    );
    expect(attempts).toBe(2);
  });
  expect(namesOf(requests)).toEqual(['POST /v1/checkout/sessions', 'GET /v1/checkout/sessions']);
});

test('a purchase of an unknown number is refused for good', async () => {
  await expect(runOnce(() => createSession({ mode: 'credits' }))).rejects.toMatchObject({
    type: 'CreditsMissing',
    nonRetryable: true,
  });
});

test.each(['inactive', 'without a price'])(
  'credits that are %s wait for setup-stripe; cards do not',
  async (how) => {
    const credits = () => environment.db.updateTable('stripe_products').where('product', '=', 'credits');
    const { stripe_price_id } = await environment.db
      .selectFrom('stripe_products')
      .select('stripe_price_id')
      .where('mode', '=', 'test')
      .where('product', '=', 'credits')
      .executeTakeFirstOrThrow();
    await credits()
      .set(how === 'inactive' ? { active: false } : { stripe_price_id: null })
      .where('mode', '=', 'test')
      .execute();
    try {
      await expect(runOnce(() => createSession({ mode: 'credits', credits: 25 }))).rejects.toMatchObject({
        type: 'PriceListMissing',
        nonRetryable: false,
        message: expect.stringContaining('setup-stripe') as string,
      });
      await runOnce(() => createSession({ mode: 'setup' }));
    } finally {
      await credits().set({ active: true, stripe_price_id }).where('mode', '=', 'test').execute();
    }
  },
);
