import type { Stripe } from 'stripe';
import { readStripeEvent } from '../../activities/stripe-events.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { customerOf, isHandledEventType } from '../../domain/stripe-event.ts';
import { until } from './eventually.ts';
import type { RunningBilling } from './running-billing.ts';

/** Knows when nothing is under way any more, for any customer of a service. */
export class Settling {
  private readonly service: RunningBilling;
  /** All events that take effect, as far as was asked for. */
  private readonly events: Record<Mode, Stripe.Event[]> = { live: [], test: [] };
  /** The newest event of each mode that we know. */
  private readonly lastIds: Record<Mode, string>;

  private constructor(service: RunningBilling, lastIds: Record<Mode, string>) {
    this.service = service;
    this.lastIds = lastIds;
  }

  /** To be called before there are customers: events from before are nobody's. */
  static async begin(service: RunningBilling): Promise<Settling> {
    const newestEvent = async (mode: Mode) =>
      (await service.stripe[mode].events.list({ limit: 1 })).data[0]?.id ?? '';
    return new Settling(service, { live: await newestEvent('live'), test: await newestEvent('test') });
  }

  /**
   * Waits until every event that Stripe has of anybody has had its effect, no invoice waits to be charged, and everybody
   * who was given a place on a cluster has heard of it.
   *
   * @param isDelivered whether nobody has anything left to deliver.
   */
  async isOver(isDelivered: () => boolean = () => true): Promise<void> {
    const whatIsLeft = async () => ({ ...(await this.whatIsLeft()), isDelivered: isDelivered() });
    await until('everything to settle', whatIsLeft, ({ bills, places, events, isDelivered }) => {
      return bills === 0 && places === 0 && events === 0 && isDelivered;
    });
  }

  /** Bills on their way, events without their effect, and places that nobody was told of. */
  async whatIsLeft(): Promise<{ readonly bills: number; readonly events: number; readonly places: number }> {
    // In this order: a bill makes events, and an event makes room on a cluster.
    const bills = await this.countBillsUnderWay();
    const events = await this.countNotApplied();
    return { bills, events, places: await this.countUntoldPlaces() };
  }

  /** How many events that take effect Stripe has of each customer; of a refund or dispute its charge tells whose it is. */
  async countEvents(mode: Mode): Promise<Map<string, number>> {
    await this.catchUp(mode);
    const customerOfCharge = new Map<unknown, string>();
    for await (const { id, customer } of this.service.stripe[mode].charges.list({ limit: 100 })) {
      if (typeof customer === 'string') customerOfCharge.set(id, customer);
    }
    const counts = new Map<string, number>();
    for (const event of this.events[mode]) {
      const read = readStripeEvent(event);
      const customer = customerOf(read) ?? customerOfCharge.get(read.data.object['charge']);
      if (customer !== undefined) counts.set(customer, (counts.get(customer) ?? 0) + 1);
    }
    return counts;
  }

  /** Asks Stripe for the events that have come since it was asked last. */
  private async catchUp(mode: Mode): Promise<void> {
    for (let hasMore = true; hasMore; ) {
      const page = await this.service.stripe[mode].events.list({
        limit: 100,
        ending_before: this.lastIds[mode],
      });
      this.events[mode].push(...page.data.filter(({ type }) => isHandledEventType(type)));
      this.lastIds[mode] = page.data[0]?.id ?? this.lastIds[mode];
      hasMore = page.has_more;
    }
  }

  private async countNotApplied(): Promise<number> {
    const { applied } = await this.service.db
      .selectFrom('applied_stripe_events')
      .select(({ fn }) => fn.countAll<string>().as('applied'))
      .executeTakeFirstOrThrow();
    for (const mode of MODES) await this.catchUp(mode);
    return this.events.live.length + this.events.test.length - Number(applied);
  }

  private async countBillsUnderWay(): Promise<number> {
    const { bills } = await this.service.db
      .selectFrom('bills')
      .select(({ fn }) => fn.countAll<string>().as('bills'))
      .where('status', 'in', ['frozen', 'open'])
      .executeTakeFirstOrThrow();
    return Number(bills);
  }

  private async countUntoldPlaces(): Promise<number> {
    const { users } = await this.service.db
      .selectFrom('users')
      .select(({ fn }) => fn.countAll<string>().as('users'))
      .where('cluster_wanted_at', 'is not', null)
      .where('cluster_id', 'is not', null)
      .executeTakeFirstOrThrow();
    return Number(users);
  }
}
