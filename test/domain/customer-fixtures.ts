import { decide } from '../../domain/customer-billing.ts';
import { type CommandResult, type CustomerCommand, factsAfter } from '../../domain/customer-commands.ts';
import type { CustomerFacts } from '../../domain/customer-facts.ts';
import type { CustomerStanding } from '../../domain/customer-standing.ts';

/** A day in milliseconds. */
export const DAY_MS = 24 * 60 * 60_000;
/** The moment at which the rules are asked, Unix milliseconds. */
export const NOW = Date.parse('2026-11-10T00:00:00Z');

/** A customer in Stripe who has nothing and owes nothing: what every other one is made from. */
export const nobody: CustomerFacts = {
  customerDeleted: false,
  defaultPaymentMethodId: null,
  paymentMethods: [],
  newPaymentMethodIds: [],
  subscriptions: [],
  completedSetups: [],
  unpaidBills: [],
  parkedBills: [],
  disputes: [],
  creditShortfallCents: 0,
  savedSubscriptionId: null,
  clusterId: null,
  operatorSuspension: null,
  graceEndsAtMs: null,
  graceExtendedUntilMs: null,
  graceMs: 7 * DAY_MS,
};
/** Attached first. Stripe's dates here are small numbers of seconds: only their order matters. */
export const card = { id: 'pm_1', created: 100 };
/** Attached after {@link card}. */
export const newerCard = { id: 'pm_2', created: 200 };
/** A subscription that we made, and that lives. */
export const subscription = { id: 'sub_1', status: 'active', created: 100, endedAt: null, isOurs: true };
/** The same, ended since. */
export const endedSubscription = { ...subscription, status: 'canceled', endedAt: 500 };
/** Subscribed, with a card and a cluster; owes nothing. */
export const customer: CustomerFacts = {
  ...nobody,
  defaultPaymentMethodId: card.id,
  paymentMethods: [card],
  subscriptions: [subscription],
  savedSubscriptionId: subscription.id,
  clusterId: 'cluster-a',
};
/** Failed a day ago, and Stripe will try again. */
export const unpaidBill = {
  billId: 'bill_1',
  stripeInvoiceId: 'in_1',
  failedAtMs: NOW - DAY_MS,
  stripeRetriesAtMs: NOW + DAY_MS,
  failedPaymentMethodId: null,
  stripeHasRetried: false,
  needsCustomerAction: false,
  isCollectible: true,
  collectionAttempts: 0,
  lastCollectionAtMs: null,
};
/** A setup Checkout that was completed with {@link card}, after {@link endedSubscription} had ended. */
export const setup = { checkoutSessionId: 'cs_1', paymentMethodId: card.id, completedAt: 600 };

/** How the world answers to commands: every one works, unless said otherwise. */
export interface World {
  readonly clusterIsFree?: boolean;
  readonly cardPays?: boolean;
}

/** Does what is to be done until nothing is. */
export function settle(
  facts: CustomerFacts,
  world: World = {},
): { facts: CustomerFacts; commands: CustomerCommand['type'][]; standing: CustomerStanding } {
  const commands: CustomerCommand['type'][] = [];
  let current = facts;
  for (;;) {
    const { command, standing } = decide(current, new Set(commands), NOW);
    if (command === undefined) return { facts: current, commands, standing };
    commands.push(command.type);
    if (commands.length > 10) throw new Error(`no end: ${commands.join()}`);
    current = factsAfter(current, command, perform(command, current, world));
  }
}

function perform(command: CustomerCommand, facts: CustomerFacts, world: World): CommandResult {
  const { clusterIsFree = true, cardPays = true } = world;
  switch (command.type) {
    case 'createSubscription':
      return { subscription: { ...subscription, id: 'sub_new', created: 1_000 } };
    case 'cancelSubscription':
      return { subscription: { ...endedSubscription, id: command.subscriptionId } };
    case 'collectInvoices':
      return { unpaidBills: cardPays ? [] : facts.unpaidBills };
    case 'assignCluster':
      return { clusterId: clusterIsFree ? 'cluster-a' : null };
    default:
      return {};
  }
}
