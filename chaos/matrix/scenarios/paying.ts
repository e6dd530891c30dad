import type { Mode } from '../../../domain/mode.ts';
import { CARDS } from '../../world/customers.ts';
import { ACTIVE } from '../../world/outcomes.ts';
import { persistently } from '../patience.ts';
import { addCard, isSo, openCheckout, type Person, subscriber, useAndClose } from '../people.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { playOf } from './play.ts';

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

/** What is owed, paid, and given back. */
export const PAYING: readonly Scenario[] = [
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
];
