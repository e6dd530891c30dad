import { MODES, type Mode } from '../../domain/mode.ts';
import { until } from './eventually.ts';
import type { RunningBilling } from './running-billing.ts';

/** Knows when nothing is under way any more, for any customer of a service. */
export class Settling {
  readonly #service: RunningBilling;

  constructor(service: RunningBilling) {
    this.#service = service;
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
    const bills = await this.#countBillsUnderWay();
    const events = await this.#countNotApplied();
    return { bills, events, places: await this.#countUntoldPlaces() };
  }

  /** How many events that take effect Stripe has of each customer. */
  async countEvents(mode: Mode): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const { stripeCustomerId } of await this.#service.events.all(mode)) {
      if (stripeCustomerId !== null) counts.set(stripeCustomerId, (counts.get(stripeCustomerId) ?? 0) + 1);
    }
    return counts;
  }

  async #countNotApplied(): Promise<number> {
    const { applied } = await this.#service.db
      .selectFrom('applied_stripe_events')
      .select(({ fn }) => fn.countAll<string>().as('applied'))
      .executeTakeFirstOrThrow();
    let events = 0;
    for (const mode of MODES) events += (await this.#service.events.all(mode)).length;
    return events - Number(applied);
  }

  async #countBillsUnderWay(): Promise<number> {
    const { bills } = await this.#service.db
      .selectFrom('bills')
      .select(({ fn }) => fn.countAll<string>().as('bills'))
      .where('status', 'in', ['frozen', 'open'])
      .executeTakeFirstOrThrow();
    return Number(bills);
  }

  async #countUntoldPlaces(): Promise<number> {
    const { users } = await this.#service.db
      .selectFrom('users')
      .select(({ fn }) => fn.countAll<string>().as('users'))
      .where('cluster_wanted_at', 'is not', null)
      .where('cluster_id', 'is not', null)
      .executeTakeFirstOrThrow();
    return Number(users);
  }
}
