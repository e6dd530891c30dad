/** Who lives in the world, and what they do when: a function of the seed. */
import { MODES, type Mode } from '../../domain/mode.ts';
import type { Account, SentUsage } from '../judge/account.ts';
import { CARDS } from './customers.ts';
import { Dice } from './dice.ts';
import {
  attaches,
  billFails,
  buysCredits,
  cancels,
  completes,
  isDeleted,
  opensCheckout,
  refundsCredits,
  removesCard,
  type Step,
  secondPasses,
  voidsBill,
  writesBillOff,
} from './life-steps.ts';
import { choosesCard, opensPortal } from './portal-steps.ts';

/** Something that a customer does. */
export interface Deed {
  readonly what: string;
  readonly step: Step;
  /** Where it leaves their subscription, where it changes that. */
  readonly leaves?: Account['subscription'];
  /** What it does to the bill that was declined. */
  readonly givesUp?: Account['givenUp'];
}

/** What the host product sends of a customer's usage in one request. */
export interface UsageBatch {
  /** When in the run, from 0 to 1. */
  readonly at: number;
  readonly events: readonly SentUsage[];
}

/** All that one customer does in a run, and when; times are from 0 to 1. */
export interface Biography {
  readonly mode: Mode;
  readonly userId: string;
  /** When in the run they are registered. */
  readonly beginsAt: number;
  /** Whether they ever begin a Checkout; without, Stripe does not know them and they can't be billed. */
  readonly isKnownToStripe: boolean;
  /** One after the other. */
  readonly deeds: readonly (Deed & { readonly at: number })[];
  readonly usage: readonly UsageBatch[];
}

/** @param months those that are closed in the run, one after the other in parts of the same length; the last one after it. */
export function populate(seed: number, customers: number, months: readonly string[]): Biography[] {
  return Array.from({ length: customers }, (_, index) => {
    const dice = new Dice(seed * 7_919 + index);
    const mode = MODES[index % MODES.length] ?? 'test';
    const userId = `s${seed}-c${index + 1}`;
    const beginsAt = dice.next() * 0.6;
    const deeds = dice.pick(STORIES)(dice);
    const times = deeds.map(() => beginsAt + dice.next() * (1 - beginsAt)).toSorted((a, b) => a - b);
    return {
      mode,
      userId,
      beginsAt,
      isKnownToStripe: deeds.length > 0,
      deeds: deeds.map((deed, step) => ({ ...deed, at: times[step] ?? 1 })),
      usage: usageOf(dice, userId, beginsAt, months),
    };
  });
}

const subscribes = (card: string): Deed => ({
  what: `completes Checkout with ${card.slice(-4)}`,
  step: completes(card),
  leaves: 'subscribes',
});
const returns: Deed = { what: 'goes to Checkout again', step: opensCheckout };
const addsCard = (token: string): Deed => ({ what: `adds ${token}`, step: attaches(token) });
const ends: Deed = { what: 'ends the subscription', step: cancels, leaves: 'ended' };
/** Stripe dates to the second. */
const waits: Deed = { what: 'lets a second pass', step: secondPasses };
const buys = (credits: number): Deed => ({ what: `buys ${credits} credits`, step: buysCredits(credits) });
const getsBack = (cents: number): Deed => ({ what: `gets ${cents} cents back`, step: refundsCredits(cents) });
const removes: Deed = { what: 'removes all cards', step: removesCard };
const looksAround: Deed = { what: 'opens the portal', step: opensPortal };
const chooses: Deed = { what: 'chooses another card', step: choosesCard };

/** Each life is one of these, with variations. */
const STORIES: readonly ((dice: Dice) => readonly Deed[])[] = [
  (dice) => [subscribes(CARDS.good), ...(dice.chance(0.5) ? [looksAround] : [])],
  () => [subscribes(CARDS.good), addsCard('tok_mastercard'), chooses],
  () => [returns, subscribes(CARDS.good), subscribes(CARDS.anotherGood)],
  () => [subscribes(CARDS.declinesCharges), returns, subscribes(CARDS.good)],
  () => [subscribes(CARDS.declinesCharges)],
  () => [subscribes(CARDS.declinesCharges), addsCard('tok_visa')],
  (dice) => [
    subscribes(CARDS.declinesCharges),
    { what: 'has a bill that fails', step: billFails },
    dice.chance(0.5)
      ? { what: 'has the bill voided', step: voidsBill, givesUp: 'void' }
      : { what: 'has the bill written off', step: writesBillOff, givesUp: 'uncollectible' },
  ],
  (dice) => [subscribes(CARDS.good), removes, ...(dice.chance(0.6) ? [returns, subscribes(CARDS.good)] : [])],
  () => [subscribes(CARDS.good), ends],
  () => [subscribes(CARDS.good), ends, waits, returns, subscribes(CARDS.anotherGood)],
  () => [subscribes(CARDS.good), buys(25), getsBack(1_000), getsBack(500)],
  () => [buys(40), subscribes(CARDS.good), getsBack(700)],
  () => [subscribes(CARDS.good), buys(15)],
  () => [subscribes(CARDS.disputed)],
  () => [addsCard('tok_visa')],
  () => [subscribes(CARDS.good), { what: 'is deleted in Stripe', step: isDeleted, leaves: 'ended' }],
  () => [],
];

/** Some of it late by months, some sent again together with what is new. */
function usageOf(dice: Dice, userId: string, beginsAt: number, months: readonly string[]): UsageBatch[] {
  const sure = {
    id: `${userId}-sure`,
    userId,
    product: 'gpu_hour',
    quantity: '1.5',
    occurredAt: `${months[0]}-15T12:00:00.000Z`,
  } as const;
  // So much that everybody has a bill that Stripe charges.
  const batches: { at: number; events: SentUsage[] }[] = [{ at: beginsAt, events: [sure] }];
  const disks = dice.between(0, 2);
  for (const [index, month] of months.entries()) {
    const opens = index / months.length;
    for (let batch = dice.between(1, 2); batch > 0; batch -= 1) {
      const isLate = dice.chance(0.3);
      const at = Math.max(
        beginsAt,
        isLate ? opens + dice.next() * (1 - opens) : opens + dice.next() / months.length,
      );
      const events = Array.from({ length: dice.between(2, 10) }, (_, number) =>
        usageEvent(dice, { userId, month, disks, id: `${userId}-${month}-${batch}-${number}` }),
      );
      batches.push({ at, events });
    }
  }
  batches.sort((a, b) => a.at - b.at);
  for (const [index, { events }] of batches.entries()) {
    const earlier = batches[index - 1];
    if (earlier !== undefined && dice.chance(0.3)) events.push(...earlier.events.slice(0, 5));
  }
  return batches;
}

function usageEvent(
  dice: Dice,
  { userId, month, disks, id }: { userId: string; month: string; disks: number; id: string },
): SentUsage {
  const day = String(dice.between(1, 28)).padStart(2, '0');
  const occurredAt = `${month}-${day}T${String(dice.between(0, 23)).padStart(2, '0')}:${String(dice.between(0, 59)).padStart(2, '0')}:00.${String(dice.between(0, 999)).padStart(3, '0')}Z`;
  const product = dice.pick(disks > 0 ? PRODUCTS : PRODUCTS.filter((each) => each !== 'storage_gb_month'));
  const common = { id, userId, product, occurredAt };
  switch (product) {
    case 'cpu_hour':
      return { ...common, quantity: decimal(dice.between(1, 99_999), 4) };
    case 'gpu_hour':
      return { ...common, quantity: decimal(dice.between(1, 999_999), 6) };
    case 'api_calls':
      return { ...common, quantity: String(dice.between(1, 90_000)) };
    case 'storage_gb_month':
      return {
        ...common,
        quantity: decimal(dice.between(0, 40_000), 3),
        resourceId: `disk-${dice.between(1, disks)}`,
      };
  }
}

const PRODUCTS = ['cpu_hour', 'gpu_hour', 'api_calls', 'storage_gb_month'] as const;

/** `(12345, 4)` → `1.2345` */
function decimal(digits: number, decimals: number): string {
  const padded = String(digits).padStart(decimals + 1, '0');
  return `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
}
