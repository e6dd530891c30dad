import type { Stripe } from 'stripe';
import { readStripeEvent } from '../../activities/stripe-events.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { customerOf, isHandledEventType } from '../../domain/stripe-event.ts';
import type { Customer } from '../world/customers.ts';
import type { RunningBilling } from '../world/running-billing.ts';

/** Knows which events that take effect Stripe has of each customer, and asks only for what has come since it asked last. */
export class StripeEvents {
  readonly #stripe: RunningBilling['stripe'];
  /** Event ids by customer. */
  readonly #idsOf = new Map<string, string[]>();
  readonly #customerOfCharge = new Map<string, string | null>();
  readonly #lastIds: Record<Mode, string | undefined> = { live: undefined, test: undefined };
  /** One asks at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ stripe }: Pick<RunningBilling, 'stripe'>) {
    this.#stripe = stripe;
  }

  /** Ids of the customer's events as Stripe has them now. */
  async of({ mode, stripeCustomerId }: Omit<Customer, 'userId'>): Promise<readonly string[]> {
    const mine = this.#turn.then(() => this.#catchUp(mode));
    this.#turn = mine.catch(() => undefined);
    await mine;
    return this.#idsOf.get(stripeCustomerId) ?? [];
  }

  /** To be called before there are customers: what came before is nobody's. */
  async begin(): Promise<void> {
    for (const mode of MODES)
      this.#lastIds[mode] = (await this.#stripe[mode].events.list({ limit: 1 })).data[0]?.id;
  }

  async #catchUp(mode: Mode): Promise<void> {
    for (let hasMore = true; hasMore; ) {
      const last = this.#lastIds[mode];
      const page = await this.#stripe[mode].events.list({
        limit: 100,
        ...(last === undefined ? {} : { ending_before: last }),
      });
      const owned: (readonly [string, string])[] = [];
      for (const event of page.data) {
        const customer = await this.#customerOf(mode, event);
        if (customer !== null) owned.push([customer, event.id]);
      }
      // All at once: a request that failed half-way is made again.
      for (const [customer, id] of owned)
        this.#idsOf.set(customer, [...(this.#idsOf.get(customer) ?? []), id]);
      this.#lastIds[mode] = page.data[0]?.id ?? last;
      hasMore = page.has_more;
    }
  }

  async #customerOf(mode: Mode, event: Stripe.Event): Promise<string | null> {
    if (!isHandledEventType(event.type)) return null;
    const read = readStripeEvent(event);
    const { charge } = read.data.object;
    const named = customerOf(read);
    return named ?? (typeof charge === 'string' ? await this.#customerCharged(mode, charge) : null);
  }

  async #customerCharged(mode: Mode, chargeId: string): Promise<string | null> {
    const known = this.#customerOfCharge.get(chargeId);
    if (known !== undefined) return known;
    const { customer } = await this.#stripe[mode].charges.retrieve(chargeId);
    const id = typeof customer === 'string' ? customer : null;
    this.#customerOfCharge.set(chargeId, id);
    return id;
  }
}
