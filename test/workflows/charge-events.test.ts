import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Customer,
  settled,
  simulate,
  stateIs,
  subscribedCustomer,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { listDisputes } from '../../db/disputes.ts';
import { chargeEventWorkflowId } from '../../domain/charge-event.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from './service.ts';

let billing: BillingService;

beforeAll(async () => {
  billing = await startTestBilling();
  await billing.startWorker();
});
afterAll(() => billing.stop());

/** Something else that is paid for with a card of this kind; the charge's id. */
async function pay(mode: Mode, card: string, customer?: Customer): Promise<string> {
  const intent = await billing.stripe[mode].paymentIntents.create({
    amount: 500,
    currency: 'usd',
    ...(customer === undefined ? {} : { customer: customer.stripeCustomerId }),
    payment_method: card,
    confirm: true,
    return_url: 'https://host.example/',
  });
  return typeof intent.latest_charge === 'string' ? intent.latest_charge : '';
}

/** The event of this type about the charge, once Stripe has told it. */
async function eventOf(mode: Mode, type: string, charge: string): Promise<string> {
  const { id } = await eventually(
    type,
    async () => {
      const { data } = await billing.stripe[mode].events.list({ type, limit: 100 });
      return data.find((event) => JSON.stringify(event.data.object).includes(charge)) ?? { id: '' };
    },
    ({ id }) => id !== '',
  );
  return id;
}

const resultOf = (mode: Mode, eventId: string) =>
  eventually(
    'the event to be brought to its customer',
    () => billing.temporal.workflow.getHandle(chargeEventWorkflowId(mode, eventId)).result(),
    () => true,
  );

test.each(MODES)(
  'a dispute names no customer, and is shown with the one whose charge it is: %s',
  async (mode) => {
    const customer = await subscribedCustomer(billing, { mode });
    const charge = await pay(mode, 'pm_card_createDispute', customer);
    const eventId = await eventOf(mode, 'charge.dispute.created', charge);
    expect(await resultOf(mode, eventId)).toBe('forwarded');
    const state = await stateIs(billing, customer, 'a flag', ({ attention }) => attention.length > 0);
    expect(state).toMatchObject({
      status: 'active',
      attention: [expect.stringMatching(/A payment of \$5\.00 is disputed/)],
    });
    expect(await listDisputes(billing.db, mode, customer.userId)).toHaveLength(1);
    // Delivered once more, it changes nothing.
    await simulate(billing, 'webhooks/redeliver', { eventId });
    await settled(billing, customer);
  },
);

test('a refund of a charge that is nobody’s is ignored', async () => {
  const charge = await pay('test', 'pm_card_visa');
  await billing.stripe.test.refunds.create({ charge });
  expect(await resultOf('test', await eventOf('test', 'refund.created', charge))).toBe('ignored');
});
