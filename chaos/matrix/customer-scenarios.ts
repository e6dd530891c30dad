import { randomUUID } from 'node:crypto';
import { saveCluster } from '../../db/clusters.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { CARDS, callApi, userOf } from '../world/customers.ts';
import { removesCard } from '../world/life-steps.ts';
import { ACTIVE } from '../world/outcomes.ts';
import { type Ends, whatIsWrongWith } from './audit.ts';
import { persistently, untilNothingIsWrong } from './patience.ts';
import {
  addCard,
  decide,
  isSo,
  newPerson,
  newUserId,
  openCheckout,
  type Person,
  register,
  subscriber,
  subscriptionOf,
  useAndClose,
} from './people.ts';
import type { Play, Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';

const SPACIOUS = 1_000_000;

/** The story of one customer who is there when it begins. */
function playOf(
  stage: Stage,
  person: Person,
  ends: Ends,
  act: () => Promise<unknown>,
  moreMarks: readonly string[] = [],
): Play {
  return {
    marks: [person.userId, person.stripeCustomerId, ...moreMarks],
    act,
    judge: () => untilNothingIsWrong(() => whatIsWrongWith(stage, person, ends)),
  };
}

/** Somebody whose bill of $2.00 could not be collected. */
async function debtor(stage: Stage, mode: Mode): Promise<Person> {
  const person = await subscriber(stage, mode, CARDS.declinesCharges);
  await useAndClose(stage, mode, [[person, '1']]);
  await isSo(stage, person, { status: 'suspended', waitingFor: 'payment' });
  return person;
}

/** Somebody who has bought 25 credits. */
async function buyer(stage: Stage, mode: Mode): Promise<Person> {
  const person = await subscriber(stage, mode);
  person.checkouts.push(await openCheckout(stage, person, { mode: 'credits', credits: 25 }));
  await addCard(stage, person);
  await isSo(stage, person, { creditsCents: 2_500 });
  return person;
}

/** The stories of one customer's billing, from sign-up to the end of the subscription. */
export const CUSTOMER_SCENARIOS: readonly Scenario[] = [
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
  {
    name: 'bill fails',
    story: 'A bill of $2.00 is declined: suspended at once, since there is no grace period here.',
    closes: 'needs',
    begin: async (stage, mode) => {
      const person = await subscriber(stage, mode, CARDS.declinesCharges);
      const ends = {
        ...ACTIVE,
        status: 'suspended',
        waitingFor: 'payment',
        owesCents: 200,
        bills: ['200 payment_failed'],
        payments: [],
      } as const;
      return playOf(stage, person, ends, async () => {
        await useAndClose(stage, mode, [[person, '1']]);
        await isSo(stage, person, ends);
      });
    },
  },
  {
    name: 'debt paid',
    story: 'Who owes $2.00 adds a card that works: it pays, once, and access is back.',
    closes: 'no',
    begin: async (stage, mode) => {
      const person = await debtor(stage, mode);
      person.checkouts.push(await openCheckout(stage, person, { mode: 'setup' }));
      const ends = {
        ...ACTIVE,
        owesCents: 0,
        defaultCard: '4242',
        bills: ['200 paid'],
        payments: ['200 by 4242'],
      } as const;
      return playOf(stage, person, ends, async () => {
        await addCard(stage, person);
        await isSo(stage, person, ends);
      });
    },
  },
  {
    name: 'credits bought',
    story: '25 credits are bought: $25.00 are granted, once.',
    closes: 'no',
    begin: async (stage, mode) => {
      const person = await subscriber(stage, mode);
      person.checkouts.push(await openCheckout(stage, person, { mode: 'credits', credits: 25 }));
      const ends = { ...ACTIVE, creditsCents: 2_500, payments: ['2500 by 4242'] };
      return playOf(stage, person, ends, async () => {
        await addCard(stage, person);
        await isSo(stage, person, ends);
      });
    },
  },
  {
    name: 'credits refunded',
    story: '$10.00 of $25.00 are refunded: $15.00 of credits are left.',
    closes: 'no',
    begin: async (stage, mode) => {
      const person = await buyer(stage, mode);
      const { data } = await stage.stripe[mode].charges.list({ customer: person.stripeCustomerId });
      const charge = data[0]?.id ?? '';
      const ends = { ...ACTIVE, creditsCents: 1_500, refundedCents: 1_000 };
      const refund = async () => {
        await stage.stripe[mode].refunds.create({ charge, amount: 1_000 });
        await isSo(stage, person, ends);
      };
      return playOf(stage, person, ends, refund, [charge]);
    },
  },
  {
    name: 'dispute closed',
    story:
      'A dispute, whose events name no customer, is lost: its charge tells whose it is, and operators see it.',
    closes: 'no',
    begin: async (stage, mode) => {
      const person = await subscriber(stage, mode, CARDS.disputed);
      await useAndClose(stage, mode, [[person, '1']]);
      const stripe = stage.stripe[mode];
      const dispute = await persistently(async () => {
        const charges = await stripe.charges.list({ customer: person.stripeCustomerId });
        const [found] = (await stripe.disputes.list({ charge: charges.data[0]?.id ?? '' })).data;
        if (found === undefined) throw new Error('there is no dispute yet');
        return found;
      });
      const charge = typeof dispute.charge === 'string' ? dispute.charge : dispute.charge.id;
      await isSo(stage, person, { bills: ['200 paid'] });
      const ends = { ...ACTIVE, attention: ['The dispute … over $2.00 is lost.'] };
      const close = async () => {
        await stripe.disputes.close(dispute.id);
        await isSo(stage, person, ends);
      };
      return playOf(stage, person, ends, close, [charge]);
    },
  },
  {
    name: 'last card removed',
    story: 'The only card is removed: suspended, and the host product is told.',
    closes: 'no',
    begin: async (stage, mode) => {
      const person = await subscriber(stage, mode);
      const ends = {
        ...ACTIVE,
        status: 'suspended',
        waitingFor: 'payment_method',
        cards: [],
        defaultCard: null,
      } as const;
      return playOf(stage, person, ends, async () => {
        await removesCard(stage, person);
        await isSo(stage, person, ends);
      });
    },
  },
  {
    name: 'subscription ended',
    story: 'The subscription ends: no access, and the place on the cluster is given back.',
    closes: 'no',
    begin: async (stage, mode) => {
      const person = await subscriber(stage, mode);
      const ends = {
        status: 'suspended',
        waitingFor: 'subscription',
        hasCluster: false,
        subscriptions: ['canceled'],
      } as const;
      return playOf(stage, person, ends, async () => {
        const { id } = await subscriptionOf(stage, person);
        await stage.stripe[mode].subscriptions.cancel(id);
        await isSo(stage, person, ends);
      });
    },
  },
  {
    name: 'place handed on',
    story: 'Every cluster is full, and a place is given back: who waits for it gets it and hears of it.',
    closes: 'no',
    isAlone: true,
    steps: ['releaseCluster', 'lookAtCustomer'],
    begin: async (stage, mode) => {
      const leaving = await subscriber(stage, mode);
      await fill(stage, mode);
      const waiting = await newPerson(stage, mode);
      await addCard(stage, waiting);
      await isSo(stage, waiting, { ...ACTIVE, waitingFor: 'cluster', hasCluster: false });
      const left = { status: 'suspended', waitingFor: 'subscription', hasCluster: false } as const;
      return {
        marks: [leaving, waiting].flatMap(({ userId, stripeCustomerId }) => [userId, stripeCustomerId]),
        act: async () => {
          const { id } = await subscriptionOf(stage, leaving);
          await stage.stripe[mode].subscriptions.cancel(id);
          await isSo(stage, waiting, ACTIVE);
        },
        judge: () =>
          untilNothingIsWrong(async () => [
            ...(await whatIsWrongWith(stage, leaving, left)),
            ...(await whatIsWrongWith(stage, waiting, ACTIVE)),
          ]),
        leave: () => makeRoom(stage, [mode]),
      };
    },
  },
  {
    name: 'name changed',
    story: "The host product changes a user's name: Stripe's customer has it too.",
    closes: 'no',
    begin: async (stage, mode) => {
      const person = await subscriber(stage, mode);
      const nameInStripe = async () => {
        const customer = await stage.stripe[mode].customers.retrieve(person.stripeCustomerId);
        const name = customer.deleted === true ? '' : customer.name;
        return name === 'Ada King' ? [] : [`${person.userId}: is called ${name} in Stripe`];
      };
      return {
        ...playOf(stage, person, ACTIVE, async () => {
          await register(stage, mode, person.userId, 'Ada King');
          await untilNothingIsWrong(nameInStripe);
        }),
        judge: () =>
          untilNothingIsWrong(async () => [
            ...(await whatIsWrongWith(stage, person, ACTIVE)),
            ...(await nameInStripe()),
          ]),
      };
    },
  },
  {
    name: 'portal opened',
    story: "A user opens Stripe's billing portal: the page is there, and nothing else has changed.",
    closes: 'no',
    begin: async (stage, mode) => {
      const person = await subscriber(stage, mode);
      let url = '';
      const body = { returnUrl: `https://host.example/${person.userId}` };
      const path = `/api/users/${person.userId}/billing-portal-sessions`;
      const play = playOf(stage, person, ACTIVE, async () => {
        ({ url } = await persistently(() => callApi<{ url: string }>(stage, mode, 'POST', path, { body })));
      });
      const judge = async () => [...(await play.judge()), ...(url === '' ? ['no page was opened'] : [])];
      return { ...play, judge };
    },
  },
  {
    name: 'operator suspends',
    story: 'An operator suspends a customer: access ends, and the decision is on record once.',
    closes: 'no',
    begin: async (stage, mode) => {
      const person = await subscriber(stage, mode);
      const ends = { ...ACTIVE, status: 'suspended', waitingFor: 'operator' } as const;
      const play = playOf(stage, person, ends, () =>
        decide(stage, mode, `customers/${person.userId}/suspend`, { reason: 'abuse' }),
      );
      const onRecord = async () => {
        const rows = await stage.db
          .selectFrom('operator_decisions')
          .select('decision_id')
          .where('user_id', '=', person.userId)
          .execute();
        return rows.length === 1 ? [] : [`${person.userId}: ${rows.length} decisions are on record`];
      };
      return { ...play, judge: async () => [...(await play.judge()), ...(await onRecord())] };
    },
  },
  {
    name: 'usage sent',
    story:
      'The host product sends a batch of usage until it hears that it is stored: each event counts once.',
    closes: 'no',
    begin: async (stage, mode) => {
      const person = await subscriber(stage, mode);
      const { userId } = person;
      const occurredAt = new Date().toISOString();
      const events = Array.from({ length: 3 }, () => ({
        id: randomUUID(),
        userId,
        product: 'gpu_hour',
        quantity: '1.5',
        occurredAt,
      }));
      const play = playOf(stage, person, ACTIVE, () =>
        persistently(() => callApi(stage, mode, 'POST', '/api/usage-events', { body: { events } })),
      );
      const counted = async () => {
        const rows = await stage.db
          .selectFrom('usage_totals')
          .select('used_quantity')
          .where('user_id', '=', userId)
          .execute();
        const used = rows.map((row) => Number(row.used_quantity)).join(', ');
        return used === '4.5' ? [] : [`${userId}: ${used} GPU hours are counted, and 4.5 were used`];
      };
      return { ...play, judge: async () => [...(await play.judge()), ...(await counted())] };
    },
  },
];

/** Gives the clusters of a mode no more places than are taken. */
async function fill({ db }: Stage, mode: Mode): Promise<void> {
  const clusters = await db.selectFrom('clusters').select('cluster_id').where('mode', '=', mode).execute();
  for (const { cluster_id: clusterId } of clusters) {
    const users = await db
      .selectFrom('users')
      .select('user_id')
      .where('mode', '=', mode)
      .where('cluster_id', '=', clusterId)
      .execute();
    await saveCluster(db, { mode, clusterId, capacity: users.length });
  }
}

/** Makes room for everybody of these modes: places are scarce in one story only. */
export async function makeRoom({ db }: Stage, modes: readonly Mode[] = MODES): Promise<void> {
  const clusters = await db
    .selectFrom('clusters')
    .select(['mode', 'cluster_id'])
    .where('mode', 'in', modes)
    .execute();
  for (const { mode, cluster_id: clusterId } of clusters)
    await saveCluster(db, { mode, clusterId, capacity: SPACIOUS });
}
