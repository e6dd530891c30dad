import { expect, test } from 'vitest';
import { persistently } from '../../chaos/matrix/patience.ts';
import { attaches, personOf } from '../../chaos/world/life-steps.ts';
import type { RunningBilling } from '../../chaos/world/running-billing.ts';
import { startTestSimulator } from '../support/simulator.ts';

test('who adds a card adds one, however often the answer is lost, and the next time another', async () => {
  const simulator = await startTestSimulator();
  try {
    const service = { stripe: simulator.stripe } as RunningBilling;
    const { id: stripeCustomerId } = await simulator.stripe.test.customers.create({});
    const checkout = { id: '', url: '' };
    const person = personOf({ mode: 'test', userId: 'ada', stripeCustomerId, checkout });
    const addsCard = (token: string) => persistently(() => attaches(token)(service, person));
    const cards = async () => {
      const { data } = await simulator.stripe.test.paymentMethods.list({ customer: stripeCustomerId });
      return data.map(({ card }) => card?.last4);
    };

    await simulator.fault('POST /v1/payment_methods', 'processed_without_answer', { count: 2 });
    await simulator.fault('POST /v1/payment_methods/:id/attach', 'processed_without_answer', { count: 4 });
    await addsCard('tok_mastercard');
    expect(await cards()).toEqual(['4444']);
    await addsCard('tok_visa');
    expect(await cards()).toEqual(['4242', '4444']);
  } finally {
    await simulator.stop();
  }
});
