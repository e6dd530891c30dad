import type { StripeEventEnvelope } from '../domain/stripe-event.ts';

/** What continue-as-new carries over of the queue. */
export interface CarriedEvents {
  readonly seenEventIds: readonly string[];
  /** Received and not taken up yet: while events keep coming, there is no moment without one. */
  readonly queuedEvents: readonly StripeEventEnvelope[];
  readonly parkedEvents: readonly StripeEventEnvelope[];
  readonly appliedEvents: number;
  readonly duplicateEvents: number;
}

/** Stripe repeats a delivery within three days; what is older than this many events is known to the database. */
const REMEMBERED_EVENTS = 1_000;
/** Events taken up in one step. Many events need only one look, but the look fetches each one's object. */
const EVENTS_PER_STEP = 200;
/**
 * Events that may wait at continue-as-new. The server ends a workflow, with all that waits, whose next run's input takes more than
 * 2 MB; an event takes some 200 bytes. Parked ones, which nobody can work off meanwhile, are carried beside these: there is room
 * for thousands.
 */
const MOST_CARRIED_EVENTS = 1_000;

/** The events of one customer: each is taken up once, together with what else waits, and put back when its step is parked. */
export class EventQueue {
  readonly #queue: StripeEventEnvelope[];
  #underWay: readonly StripeEventEnvelope[] = [];
  #parked: readonly StripeEventEnvelope[];
  readonly #seenIds: Set<string>;
  #appliedCount: number;
  #duplicateCount: number;

  constructor(carried?: CarriedEvents) {
    this.#queue = [...(carried?.queuedEvents ?? [])];
    this.#parked = carried?.parkedEvents ?? [];
    this.#seenIds = new Set(carried?.seenEventIds);
    this.#appliedCount = carried?.appliedEvents ?? 0;
    this.#duplicateCount = carried?.duplicateEvents ?? 0;
  }

  /** Takes note of a delivery. One that came before is only counted, unless its step is parked: then it is tried again. */
  receive(event: StripeEventEnvelope): void {
    if (this.#parked.some((parked) => parked.eventId === event.eventId)) {
      this.#queue.push(...this.#parked);
      this.#parked = [];
      return;
    }
    if (this.#seenIds.has(event.eventId)) {
      if (event.hadNoEffect !== true || this.#waits(event)) {
        this.#duplicateCount += 1;
        return;
      }
      // It was counted, and its effect is gone.
      this.#appliedCount -= 1;
    }
    this.#seenIds.add(event.eventId);
    if (this.#seenIds.size > REMEMBERED_EVENTS) {
      for (const oldest of this.#seenIds) {
        this.#seenIds.delete(oldest);
        break;
      }
    }
    this.#queue.push(event);
  }

  #waits({ eventId }: StripeEventEnvelope): boolean {
    return [...this.#queue, ...this.#underWay].some((each) => each.eventId === eventId);
  }

  /** Whether events wait. Those that a parked step left behind don't count: they go along with the next step. */
  get hasEvents(): boolean {
    return this.#queue.length > 0;
  }

  /** Whether so few wait that the next run can be handed them. */
  get fitsIntoNextRun(): boolean {
    return this.#queue.length <= MOST_CARRIED_EVENTS;
  }

  /**
   * The events of the next step: those that wait, and as many parked ones as there is room for. (First those that wait, or a step
   * that is parked again and again would be taken again at once.)
   *
   * @param isLimited asked where that leaves some parked ones out: steps of a run that older code began took all.
   */
  take(isLimited: () => boolean): readonly StripeEventEnvelope[] {
    const waiting = this.#queue.splice(0, EVENTS_PER_STEP);
    const room = EVENTS_PER_STEP - waiting.length;
    const count = this.#parked.length > room && isLimited() ? room : this.#parked.length;
    this.#underWay = [...this.#parked.slice(0, count), ...waiting];
    this.#parked = this.#parked.slice(count);
    return this.#underWay;
  }

  /** The step is over: its events have had their effect, wait for a person, or were nobody's. */
  stepEnded(outcome: 'applied' | 'parked' | 'ignored'): void {
    if (outcome === 'applied') {
      this.#appliedCount += this.#underWay.length;
      // What was left out goes on at once.
      this.#queue.unshift(...this.#parked);
      this.#parked = [];
    }
    if (outcome === 'parked') this.#parked = [...this.#parked, ...this.#underWay];
    this.#underWay = [];
  }

  counts() {
    return {
      queuedEvents: this.#queue.length + this.#underWay.length + this.#parked.length,
      appliedEvents: this.#appliedCount,
      duplicateEvents: this.#duplicateCount,
    };
  }

  carry(): CarriedEvents {
    return {
      seenEventIds: [...this.#seenIds],
      queuedEvents: [...this.#queue],
      parkedEvents: this.#parked,
      appliedEvents: this.#appliedCount,
      duplicateEvents: this.#duplicateCount,
    };
  }
}
