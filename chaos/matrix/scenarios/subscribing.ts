import { userOf } from '../../world/customers.ts';
import { ACTIVE } from '../../world/outcomes.ts';
import { whatIsWrongWith } from '../audit.ts';
import { untilNothingIsWrong } from '../patience.ts';
import { addCard, isSo, newPerson, newUserId, type Person, subscriber, subscriptionOf } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { playOf } from './play.ts';

/** How one becomes a customer. */
export const SUBSCRIBING: readonly Scenario[] = [
  {
    name: 'sign-up',
    story: 'A user signs up and opens a Checkout: one customer in Stripe, one session.',
    closes: 'no',
    begin: async (stage, mode) => {
      const userId = newUserId();
      let checkouts: Person['checkouts'] = [];
      return {
        marks: [userId],
        act: async () => {
          ({ checkouts } = await newPerson(stage, mode, userId));
        },
        judge: () =>
          untilNothingIsWrong(async () => {
            const { stripe_customer_id: stripeCustomerId } = await userOf(stage, { mode, userId });
            if (stripeCustomerId === null) return [`${userId}: has no Stripe customer`];
            const person = { mode, userId, stripeCustomerId, checkouts };
            return await whatIsWrongWith(stage, person, {
              status: 'none',
              waitingFor: 'checkout',
              cards: [],
            });
          }),
      };
    },
  },
  {
    name: 'first card',
    story: 'Checkout adds a card: one subscription, a cluster, active; the host product is told.',
    closes: 'no',
    begin: async (stage, mode) => {
      const person = await newPerson(stage, mode);
      const ends = { ...ACTIVE, defaultCard: '4242', savedDefaultCard: '4242' };
      return playOf(stage, person, ends, async () => {
        await addCard(stage, person);
        await isSo(stage, person, ends);
      });
    },
  },
  {
    name: 'second subscription',
    story: 'A second subscription of ours appears: it is ended, and the first one stays.',
    closes: 'no',
    begin: async (stage, mode) => {
      const person = await subscriber(stage, mode);
      const { userId, stripeCustomerId: customer } = person;
      const { items } = await subscriptionOf(stage, person);
      const ends = { ...ACTIVE, subscriptions: ['active', 'canceled'] };
      return playOf(stage, person, ends, async () => {
        await stage.stripe[mode].subscriptions.create({
          customer,
          items: items.data.map(({ price }) => ({ price: price.id })),
          metadata: { user_id: userId, checkout_session_id: `cs_${mode}_other` },
        });
        await isSo(stage, person, ends);
      });
    },
  },
];
