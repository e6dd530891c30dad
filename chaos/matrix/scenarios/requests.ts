import { randomUUID } from 'node:crypto';
import { callApi } from '../../world/customers.ts';
import { ACTIVE } from '../../world/outcomes.ts';
import { whatIsWrongWith } from '../audit.ts';
import { persistently, untilNothingIsWrong } from '../patience.ts';
import { decide, register, subscriber } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import { playOf } from './play.ts';

/** What users, operators and the host product ask for. */
export const REQUESTS: readonly Scenario[] = [
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
