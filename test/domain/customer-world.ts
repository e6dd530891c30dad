/**
 * Stripe, the database and the service as a toy, around the real rules: things happen in Stripe, which tells of them by
 * events, and whoever delivers these has the service look, decide and do.
 */
import { decide } from '../../domain/customer-billing.ts';
import { type CommandResult, type CustomerCommand, factsAfter } from '../../domain/customer-commands.ts';
import {
  type CustomerFacts,
  liveSubscriptions,
  type PaymentMethodFact,
  type SubscriptionFact,
} from '../../domain/customer-facts.ts';
import type { CustomerStanding } from '../../domain/customer-standing.ts';
import { nobody } from './customer-fixtures.ts';

/** What Stripe tells of something that happened; `created` is in Unix seconds. */
export interface WorldEvent {
  readonly id: string;
  readonly type: string;
  readonly objectId: string;
  readonly created: number;
}

interface Card extends PaymentMethodFact {
  readonly pays: boolean;
}

interface Bill {
  readonly id: string;
  status: 'open' | 'failed' | 'paid' | 'void';
  failedWith: string | null;
}

/** What can happen to a customer in Stripe. `which` picks among what is there. */
export type Happening =
  | { readonly type: 'setUp' | 'attach'; readonly pays: boolean }
  | { readonly type: 'detach'; readonly which: number }
  | { readonly type: 'bill' }
  | { readonly type: 'payBill' | 'voidBill' }
  | { readonly type: 'setStatus'; readonly status: 'active' | 'past_due' | 'unpaid' | 'paused' }
  | { readonly type: 'cancel' }
  | { readonly type: 'deleteCustomer' };

/** Unix seconds at which the world begins. */
const BEGINNING = 1_790_000_000;

/** One customer's world. The same happenings must end the same, however their events are delivered. */
export class CustomerWorld {
  #now = BEGINNING;
  #made = 0;
  #customerDeleted = false;
  #cards: Card[] = [];
  #defaultCard: string | null = null;
  subscriptions: SubscriptionFact[] = [];
  readonly #sessions = new Map<string, { readonly card: string; seenTo: boolean }>();
  #bills: Bill[] = [];
  readonly #failedAtMs = new Map<string, number>();
  #clusterId: string | null = null;
  #savedSubscriptionId: string | null = null;
  #graceEndsAtMs: number | null = null;
  #knownCards = new Set<string>();
  readonly #applied = new Set<string>();
  #standing!: CustomerStanding;
  /** Everything that Stripe has told so far. */
  readonly events: WorldEvent[] = [];
  readonly options: { readonly graceMs: number; readonly clusterIsFree: boolean };

  constructor(options: { readonly graceMs: number; readonly clusterIsFree: boolean }) {
    this.options = options;
    // A new workflow looks at once.
    this.deliver([]);
  }

  happen(happening: Happening): void {
    this.#now += 10;
    if (this.#customerDeleted) return;
    switch (happening.type) {
      case 'setUp': {
        const card = this.#addCard(happening.pays);
        const session = this.#id('cs');
        this.#sessions.set(session, { card, seenTo: false });
        this.#tell('checkout.session.completed', session);
        return;
      }
      case 'attach':
        this.#addCard(happening.pays);
        return;
      case 'detach': {
        const card = this.#cards[happening.which % Math.max(this.#cards.length, 1)];
        if (card === undefined) return;
        this.#cards = this.#cards.filter(({ id }) => id !== card.id);
        if (this.#defaultCard === card.id) this.#defaultCard = null;
        this.#tell('payment_method.detached', card.id);
        return;
      }
      case 'bill': {
        const bill: Bill = { id: this.#id('in'), status: 'open', failedWith: null };
        this.#bills.push(bill);
        this.#charge(bill, this.#defaultCard);
        return;
      }
      case 'payBill':
      case 'voidBill': {
        const bill = this.#bills.find(({ status }) => status === 'failed');
        if (bill === undefined) return;
        bill.status = happening.type === 'payBill' ? 'paid' : 'void';
        this.#tell(happening.type === 'payBill' ? 'invoice.paid' : 'invoice.voided', bill.id);
        return;
      }
      case 'setStatus':
      case 'cancel': {
        const live = liveSubscriptions(this)[0];
        if (live === undefined) return;
        const ends = happening.type === 'cancel';
        const status = ends ? 'canceled' : happening.status;
        this.#replace({ ...live, status, endedAt: ends ? this.#now : null });
        this.#tell(`customer.subscription.${ends ? 'deleted' : 'updated'}`, live.id);
        return;
      }
      case 'deleteCustomer':
        this.#customerDeleted = true;
        this.#cards = [];
        this.#defaultCard = null;
        for (const live of liveSubscriptions(this))
          this.#replace({ ...live, status: 'canceled', endedAt: this.#now });
        this.#tell('customer.deleted', 'cus_1');
    }
  }

  /** The service takes up these events in one step. */
  deliver(events: readonly WorldEvent[], nowMs = (this.#now + 1_000) * 1_000): void {
    const isNew = ({ id }: WorldEvent) => !this.#applied.has(id);
    let facts = this.#look(events.filter(isNew), nowMs);
    const done = new Set<CustomerCommand['type']>();
    for (;;) {
      const { command, standing } = decide(facts, done, nowMs);
      if (command === undefined) {
        this.#standing = standing;
        this.#graceEndsAtMs = standing.graceEndsAtMs;
        this.#knownCards = new Set(facts.paymentMethods.map(({ id }) => id));
        break;
      }
      facts = factsAfter(facts, command, this.#perform(command));
      done.add(command.type);
      if (done.size > 7) throw new Error([...done].join());
    }
    for (const { id } of events) this.#applied.add(id);
  }

  /** All that must not depend on how events were delivered. */
  outcome() {
    const { status, waitingFor, reason, graceEndsAtMs } = this.#standing;
    return {
      status,
      waitingFor,
      reason,
      graceEndsAtMs,
      liveSubscriptions: liveSubscriptions(this).length,
      defaultCard: this.#defaultCard,
      hasCards: this.#cards.length > 0,
      bills: this.#bills.map(({ id, status }) => `${id} ${status}`),
      clusterId: this.#clusterId,
    };
  }

  #look(events: readonly WorldEvent[], nowMs: number): CustomerFacts {
    const objectsOf = (type: string) =>
      events.filter((event) => event.type === type).map((event) => event.objectId);
    for (const { type, objectId, created } of events) {
      if (type !== 'invoice.payment_failed') continue;
      this.#failedAtMs.set(objectId, Math.min(this.#failedAtMs.get(objectId) ?? nowMs, created * 1_000));
    }
    const unpaid = this.#bills.filter(({ status }) => status === 'failed');
    for (const { id } of unpaid) if (!this.#failedAtMs.has(id)) this.#failedAtMs.set(id, nowMs);
    const completedSetups = objectsOf('checkout.session.completed').flatMap((id) => {
      const session = this.#sessions.get(id);
      const told = events.find((event) => event.objectId === id)?.created ?? 0;
      if (session === undefined || session.seenTo) return [];
      return [{ checkoutSessionId: id, paymentMethodId: session.card, completedAt: told }];
    });
    return {
      ...nobody,
      customerDeleted: this.#customerDeleted,
      defaultPaymentMethodId: this.#defaultCard,
      paymentMethods: this.#cards,
      newPaymentMethodIds: this.#cards.map(({ id }) => id).filter((id) => !this.#knownCards.has(id)),
      subscriptions: this.subscriptions,
      completedSetups: completedSetups.toSorted((a, b) => a.completedAt - b.completedAt),
      unpaidBills: unpaid.map(({ id }) => ({
        billId: `bill of ${id}`,
        stripeInvoiceId: id,
        failedAtMs: this.#failedAtMs.get(id) ?? nowMs,
        stripeRetriesAtMs: nowMs + 1,
        failedPaymentMethodId: this.#bills.find((bill) => bill.id === id)?.failedWith ?? null,
        stripeHasRetried: false,
        needsCustomerAction: false,
        isCollectible: true,
        collectionAttempts: 0,
        lastCollectionAtMs: null,
      })),
      savedSubscriptionId: this.#savedSubscriptionId,
      clusterId: this.#clusterId,
      graceEndsAtMs: this.#graceEndsAtMs,
      graceMs: this.options.graceMs,
    };
  }

  #perform(command: CustomerCommand): CommandResult {
    switch (command.type) {
      case 'setDefaultPaymentMethod':
        this.#defaultCard = command.paymentMethodId;
        return {};
      case 'createSubscription': {
        const made = {
          id: this.#id('sub'),
          status: 'active',
          created: this.#now,
          endedAt: null,
          isOurs: true,
        };
        this.subscriptions.push(made);
        this.#tell('customer.subscription.created', made.id);
        return { subscription: made };
      }
      case 'saveSubscription':
        this.#savedSubscriptionId = command.subscriptionId;
        for (const id of command.checkoutSessionIds) {
          const session = this.#sessions.get(id);
          if (session !== undefined) session.seenTo = true;
        }
        return {};
      case 'cancelSubscription':
        throw new Error('the rules have made a second subscription');
      case 'collectInvoices': {
        const charged = command.paymentMethodIds.length > 0 ? command.paymentMethodIds : [this.#defaultCard];
        for (const bill of this.#bills.filter(({ id }) => command.stripeInvoiceIds.includes(id))) {
          for (const card of charged) if (bill.status === 'failed') this.#charge(bill, card);
        }
        const paid = new Set(this.#bills.filter(({ status }) => status === 'paid').map(({ id }) => id));
        return {
          unpaidBills: this.#look([], (this.#now + 1_000) * 1_000).unpaidBills.filter(
            ({ stripeInvoiceId }) => !paid.has(stripeInvoiceId),
          ),
        };
      }
      case 'assignCluster':
        this.#clusterId = this.options.clusterIsFree ? 'cluster-a' : null;
        return { clusterId: this.#clusterId };
      case 'releaseCluster':
        this.#clusterId = null;
        return {};
    }
  }

  #charge(bill: Bill, card: string | null): void {
    const pays = this.#cards.some(({ id, pays }) => id === card && pays);
    const first = bill.status === 'open';
    bill.status = pays ? 'paid' : 'failed';
    bill.failedWith = pays ? null : card;
    if (pays) this.#tell('invoice.paid', bill.id);
    else if (first) this.#tell('invoice.payment_failed', bill.id);
  }

  #addCard(pays: boolean): string {
    const id = this.#id('pm');
    this.#cards = [{ id, created: this.#now, pays }, ...this.#cards];
    this.#tell('payment_method.attached', id);
    return id;
  }

  #replace(changed: SubscriptionFact): void {
    this.subscriptions = this.subscriptions.map((each) => (each.id === changed.id ? changed : each));
  }

  #tell(type: string, objectId: string): void {
    this.events.push({ id: `evt_${this.events.length}`, type, objectId, created: this.#now });
  }

  #id(prefix: string): string {
    this.#made += 1;
    return `${prefix}_${this.#made}`;
  }
}
