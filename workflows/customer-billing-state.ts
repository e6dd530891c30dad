import type { CustomerStanding } from '../domain/customer-billing.ts';
import type {
  CustomerBillingInput,
  CustomerBillingState,
  ParkedStep,
  StartCheckoutRequest,
  StartedCheckout,
  StripeEventEnvelope,
} from '../domain/workflow-contracts.ts';

/** What continue-as-new carries over. */
export interface CarriedState {
  readonly seenEventIds: readonly string[];
  /** Received and not taken up yet: while events keep coming, there is no moment without one. */
  readonly queuedEvents: readonly StripeEventEnvelope[];
  readonly parkedEvents: readonly StripeEventEnvelope[];
  readonly parked: ParkedStep | null;
  readonly standing: CustomerStanding | null;
  readonly lastEvent: StripeEventEnvelope | null;
  readonly appliedEvents: number;
  readonly duplicateEvents: number;
}

/** A user who waits for the link to Stripe's page. */
export interface WaitingCheckout {
  readonly request: StartCheckoutRequest;
  readonly resolve: (checkout: StartedCheckout) => void;
  readonly reject: (error: unknown) => void;
}

/** Stripe repeats a delivery within three days; what is older than this many events is known to the database. */
const REMEMBERED_EVENTS = 1_000;
/** Events taken up in one step. Many events need only one look, but the look fetches each one's object. */
const EVENTS_PER_STEP = 50;
/** How soon to look again for a place on a cluster. */
const CLUSTER_RETRY_MS = 60_000;

/** What one customer's workflow knows and has still to do; signals and updates only add to it. */
export class CustomerBilling {
  readonly input: CustomerBillingInput;
  standing: CustomerStanding | null;
  parked: ParkedStep | null;
  lastEvent: StripeEventEnvelope | null;
  profileChanged = false;
  readonly checkouts: WaitingCheckout[] = [];
  private readonly queue: StripeEventEnvelope[];
  private eventsUnderWay: readonly StripeEventEnvelope[] = [];
  private parkedEvents: readonly StripeEventEnvelope[];
  private readonly seenEventIds: Set<string>;
  private appliedEvents: number;
  private duplicateEvents: number;

  constructor(input: CustomerBillingInput, carried?: CarriedState) {
    this.input = input;
    this.standing = carried?.standing ?? null;
    this.parked = carried?.parked ?? null;
    this.lastEvent = carried?.lastEvent ?? null;
    this.queue = [...(carried?.queuedEvents ?? [])];
    this.parkedEvents = carried?.parkedEvents ?? [];
    this.seenEventIds = new Set(carried?.seenEventIds);
    this.appliedEvents = carried?.appliedEvents ?? 0;
    this.duplicateEvents = carried?.duplicateEvents ?? 0;
  }

  /** Takes note of a delivery. One that came before is only counted, unless its step is parked: then it is tried again. */
  receive(event: StripeEventEnvelope): void {
    if (this.parkedEvents.some((parked) => parked.eventId === event.eventId)) {
      this.queue.push(...this.parkedEvents);
      this.parkedEvents = [];
      return;
    }
    if (this.seenEventIds.has(event.eventId)) {
      this.duplicateEvents += 1;
      return;
    }
    this.seenEventIds.add(event.eventId);
    if (this.seenEventIds.size > REMEMBERED_EVENTS) {
      for (const oldest of this.seenEventIds) {
        this.seenEventIds.delete(oldest);
        break;
      }
    }
    this.queue.push(event);
  }

  hasEvents(): boolean {
    return this.queue.length > 0;
  }

  /** Whether anything waits to be done now. What a parked step left behind does not: it goes along with the next event. */
  hasWork(): boolean {
    return this.hasEvents() || this.hasWorkOfThisRun();
  }

  /** Whether there is work that only this run can do: a caller waits for its answer, or it is not carried over. */
  hasWorkOfThisRun(): boolean {
    return this.checkouts.length > 0 || this.profileChanged;
  }

  /** The events of the next step, with those that a parked step left behind. */
  takeEvents(): StripeEventEnvelope[] {
    const events = [...this.parkedEvents, ...this.queue.splice(0, EVENTS_PER_STEP)];
    this.parkedEvents = [];
    this.eventsUnderWay = events;
    return events;
  }

  /** The step is over, however it ended: its events are applied, parked, or nobody's. */
  stepEnded(): void {
    this.eventsUnderWay = [];
  }

  /** The step that took up `events` is through. */
  applied(events: readonly StripeEventEnvelope[], standing: CustomerStanding): void {
    this.standing = standing;
    this.parked = null;
    this.appliedEvents += events.length;
    this.lastEvent = events.at(-1) ?? this.lastEvent;
  }

  /** Stripe refused the step for good: its events wait for the next one, and an operator sees why. */
  park(events: readonly StripeEventEnvelope[], parked: ParkedStep): void {
    this.parkedEvents = events;
    this.parked = parked;
  }

  /** Milliseconds until it is time to look again without an event, or `null` when only an event can change anything. */
  wakeInMs(nowMs: number): number | null {
    if (this.standing === null) return null;
    const { status, waitingFor, graceEndsAtMs } = this.standing;
    if (status === 'past_due' && graceEndsAtMs !== null) return Math.max(graceEndsAtMs - nowMs, 1);
    return waitingFor === 'cluster' ? CLUSTER_RETRY_MS : null;
  }

  carry(): CarriedState {
    return {
      seenEventIds: [...this.seenEventIds],
      queuedEvents: [...this.queue],
      parkedEvents: this.parkedEvents,
      parked: this.parked,
      standing: this.standing,
      lastEvent: this.lastEvent,
      appliedEvents: this.appliedEvents,
      duplicateEvents: this.duplicateEvents,
    };
  }

  /** Answer of the query `billingState`. */
  describe(): CustomerBillingState {
    return {
      status: this.standing?.status ?? 'unknown',
      waitingFor: this.parked === null ? (this.standing?.waitingFor ?? null) : 'operator',
      reason: this.standing?.reason ?? 'Not looked at yet.',
      graceEndsAtMs: this.standing?.graceEndsAtMs ?? null,
      queuedEvents: this.queue.length + this.eventsUnderWay.length + this.parkedEvents.length,
      appliedEvents: this.appliedEvents,
      duplicateEvents: this.duplicateEvents,
      parked: this.parked,
    };
  }

  /** What the Temporal Web UI shows of this customer: state, reason, what it waits for, and what caused it. */
  currentDetails(): string {
    const { status, reason, waitingFor, graceEndsAtMs, queuedEvents, parked } = this.describe();
    const rows = [
      ['Status', `**${status}**`],
      ['Why', reason],
      ['Waiting for', waitingFor ?? 'nothing'],
      ...(graceEndsAtMs === null ? [] : [['Grace period ends', new Date(graceEndsAtMs).toISOString()]]),
      ...(this.lastEvent === null
        ? []
        : [['Last cause', `${this.lastEvent.type} (${this.lastEvent.objectId})`]]),
      ['Events', `${this.appliedEvents} applied, ${this.duplicateEvents} repeated, ${queuedEvents} waiting`],
      ...(parked === null
        ? []
        : [['Parked', `${parked.step}: ${parked.message} (request ${parked.stripeRequestId ?? 'unknown'})`]]),
    ];
    return `| | |\n|---|---|\n${rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n')}`;
  }
}
