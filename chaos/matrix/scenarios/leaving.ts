import { removesCard } from '../../world/life-steps.ts';
import { ACTIVE } from '../../world/outcomes.ts';
import { whatIsWrongWith } from '../audit.ts';
import { untilNothingIsWrong } from '../patience.ts';
import { addCard, isSo, newPerson, subscriber, subscriptionOf } from '../people.ts';
import { fillClusters, makeRoom } from '../places.ts';
import type { Scenario } from '../scenario.ts';
import { playOf } from './play.ts';

/** How access ends. */
export const LEAVING: readonly Scenario[] = [
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
      await fillClusters(stage, mode);
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
];
