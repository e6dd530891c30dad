import type { Account } from './judge/account.ts';
import { type Customer, subscribedCustomer, subscriptionsOf } from './world/customers.ts';
import type { RunningBilling } from './world/running-billing.ts';

/** As many as mischief that is under way does not strike all of. */
const CHANGES = 10;

/** A customer of whom Stripe has news just while a part is dead: whatever is answered then, each change takes effect once. */
export class Witness {
  readonly account: Account;
  readonly #service: RunningBilling;
  readonly #mode: Customer['mode'];
  readonly #subscriptionId: string;
  #changes = 0;

  private constructor(service: RunningBilling, { mode, userId }: Customer, subscriptionId: string) {
    this.#service = service;
    this.#mode = mode;
    this.#subscriptionId = subscriptionId;
    this.account = { mode, userId, usage: [], subscription: 'subscribes', givenUp: null };
  }

  static async appear(service: RunningBilling): Promise<Witness> {
    const customer = await subscribedCustomer(service);
    const [subscription] = await subscriptionsOf(service, customer);
    if (subscription === undefined) throw new Error('The witness has no subscription');
    return new Witness(service, customer, subscription.id);
  }

  /** Changes nothing that matters, some times; where Stripe's stand-in is the one that is dead, nothing. */
  async change(): Promise<void> {
    const { subscriptions } = this.#service.stripe[this.#mode];
    const changes = Array.from({ length: CHANGES }, async () => {
      this.#changes += 1;
      const metadata = { change: String(this.#changes) };
      await subscriptions.update(this.#subscriptionId, { metadata });
    });
    await Promise.allSettled(changes);
  }
}
