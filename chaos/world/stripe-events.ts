import type { Stripe } from 'stripe';
import { readStripeEvent } from '../../activities/stripe-events.ts';
import type { CustomerKey } from '../../domain/customer-key.ts';
import type { Mode } from '../../domain/mode.ts';
import { customerOf, isHandledEventType } from '../../domain/stripe-event.ts';
import type { BothStripeClients } from './running-billing.ts';

/** An event that takes effect, and whose it is. */
export interface OwnedEvent {
  readonly event: Stripe.Event;
  /** Of a refund or a dispute the charge tells; `null`: nobody's. */
  readonly stripeCustomerId: string | null;
}

/** There is little new, mostly. */
const PAGE_SIZE = 20;

/**
 * Knows which events that take effect Stripe has, and whose they are. It asks only for what has come since it asked last, and
 * remembers what Stripe has forgotten by now.
 */
export class StripeEvents {
  readonly #stripe: BothStripeClients;
  /** Oldest first. */
  readonly #owned: Record<Mode, readonly OwnedEvent[]> = { live: [], test: [] };
  /** Ids of all that were looked at, those that take no effect too. */
  readonly #known = new Set<string>();
  readonly #customerOfCharge = new Map<string, string | null>();
  /** One asks at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(stripe: BothStripeClients) {
    this.#stripe = stripe;
  }

  /** All of a mode as Stripe has them now, oldest first. */
  async all(mode: Mode): Promise<readonly OwnedEvent[]> {
    const mine = this.#turn.then(() => this.#catchUp(mode));
    this.#turn = mine.catch(() => undefined);
    await mine;
    return this.#owned[mode];
  }

  /** The customer's events as Stripe has them now, oldest first. */
  async of({ mode, stripeCustomerId }: CustomerKey): Promise<readonly Stripe.Event[]> {
    return (await this.all(mode))
      .filter((owned) => owned.stripeCustomerId === stripeCustomerId)
      .map(({ event }) => event);
  }

  async #catchUp(mode: Mode): Promise<void> {
    const fresh: Stripe.Event[] = [];
    for await (const event of this.#stripe[mode].events.list({ limit: PAGE_SIZE })) {
      if (this.#known.has(event.id)) break;
      fresh.unshift(event);
    }
    const owned: OwnedEvent[] = [];
    for (const event of fresh) {
      if (isHandledEventType(event.type))
        owned.push({ event, stripeCustomerId: await this.#customerOf(mode, event) });
    }
    // All at once: a request that failed half-way is made again.
    for (const { id } of fresh) this.#known.add(id);
    this.#owned[mode] = [...this.#owned[mode], ...owned];
  }

  async #customerOf(mode: Mode, event: Stripe.Event): Promise<string | null> {
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
