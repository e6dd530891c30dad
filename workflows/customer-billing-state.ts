import type { CustomerKey } from '../domain/customer-key.ts';
import type { CustomerStanding } from '../domain/customer-standing.ts';
import type { CustomerBillingState, ParkedStep } from '../domain/customer-workflow.ts';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import { type CarriedEvents, EventQueue } from './event-queue.ts';
import { type CarriedHostMessages, HostMessages } from './host-messages.ts';
import { boundToTrace } from './trace-context.ts';

/** What continue-as-new carries over. What a later version adds must be optional here: runs that go on carry it not. */
export interface CarriedState extends CarriedEvents {
  readonly standing: CustomerStanding | null;
  readonly sinceMs: number | null;
  readonly clusterId: string | null;
  readonly parked: ParkedStep | null;
  readonly parkedProfile?: ParkedStep | null;
  readonly lastEvent: StripeEventEnvelope | null;
  readonly lookIsDue: boolean;
  readonly host: CarriedHostMessages;
}

/** How a step left things. */
export interface StepResult {
  readonly userId: string;
  readonly standing: CustomerStanding;
  readonly sinceMs: number;
  readonly clusterId: string | null;
  readonly tellsHost: boolean;
}

/** A parked step is not tried again by the clock more often than this, however long its deadline has passed. */
const PARKED_RECHECK_MS = 60 * 60_000;

/** What one customer's workflow knows and has still to do; signals and updates only add to it. */
export class CustomerBilling {
  readonly input: CustomerKey;
  readonly events: EventQueue;
  readonly host: HostMessages;
  standing: CustomerStanding | null;
  parked: ParkedStep | null;
  /** Stripe refused the user's e-mail or name for good. Stays, whatever steps are taken, until it has them. */
  parkedProfile: ParkedStep | null;
  profileChanged = false;
  /** Something other than an event is a reason to look. */
  lookIsDue: boolean;
  #sinceMs: number | null;
  #clusterId: string | null;
  #lastEvent: StripeEventEnvelope | null;
  readonly #tasks: (() => Promise<void>)[] = [];

  constructor(input: CustomerKey, carried?: CarriedState) {
    this.input = input;
    this.events = new EventQueue(carried);
    this.host = new HostMessages(carried?.host);
    this.standing = carried?.standing ?? null;
    this.#sinceMs = carried?.sinceMs ?? null;
    this.#clusterId = carried?.clusterId ?? null;
    this.parked = carried?.parked ?? null;
    this.parkedProfile = carried?.parkedProfile ?? null;
    this.#lastEvent = carried?.lastEvent ?? null;
    // A new customer is looked at even without an event: their state shows at once, and a stranger's workflow ends.
    this.lookIsDue = carried?.lookIsDue ?? true;
  }

  /** Has the loop do `work` when it is its turn; an update's handler waits for it. */
  async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const bound = boundToTrace(work);
    return await new Promise<Result>((resolve, reject) => {
      this.#tasks.push(() => bound().then(resolve, reject));
    });
  }

  /** Somebody wants the customer to be looked at, and what is parked to be tried once more. */
  lookAgain(): void {
    this.lookIsDue = true;
    if (this.parkedProfile !== null) this.profileChanged = true;
  }

  /** What callers wait for, in the order in which they asked. */
  takeTasks(): (() => Promise<void>)[] {
    return this.#tasks.splice(0);
  }

  /** Whether anything waits to be done now. */
  hasWork(): boolean {
    return this.events.hasEvents || this.lookIsDue || this.hasWorkOfThisRun();
  }

  /** Whether there is work that only this run can do: a caller waits for its answer, or it is not carried over. */
  hasWorkOfThisRun(): boolean {
    return this.#tasks.length > 0 || this.profileChanged;
  }

  /** A step is through. */
  stepApplied(events: readonly StripeEventEnvelope[], result: StepResult, nowMs: number): void {
    const { standing, clusterId } = result;
    this.standing = standing;
    this.#sinceMs = result.sinceMs;
    this.#clusterId = clusterId;
    this.parked = null;
    this.#lastEvent = events.at(-1) ?? this.#lastEvent;
    this.events.stepEnded('applied');
    const { status, waitingFor, reason, graceEndsAtMs } = standing;
    const access = { status, waitingFor, reason, clusterId, graceEndsAtMs };
    if (result.tellsHost) this.host.accessIs(result.userId, access, nowMs);
  }

  /** Stripe refused the step for good: its events wait for the next one, and an operator sees why. */
  stepParked(parked: ParkedStep): void {
    this.parked = parked;
    this.events.stepEnded('parked');
  }

  /** Milliseconds until it is time to look again without an event, or `null` when only an event can change anything. */
  wakeInMs(nowMs: number): number | null {
    const at = this.standing?.nextLookAtMs ?? null;
    return at === null ? null : Math.max(at - nowMs, this.parked === null ? 1 : PARKED_RECHECK_MS);
  }

  carry(): CarriedState {
    return {
      ...this.events.carry(),
      standing: this.standing,
      sinceMs: this.#sinceMs,
      clusterId: this.#clusterId,
      parked: this.parked,
      parkedProfile: this.parkedProfile,
      lastEvent: this.#lastEvent,
      lookIsDue: this.lookIsDue,
      host: this.host.carry(),
    };
  }

  /** Answer of the query `billingState`, and what every page shows. */
  describe(): CustomerBillingState {
    const { standing } = this;
    const parked = this.parked ?? this.parkedProfile;
    return {
      status: standing?.status ?? 'unknown',
      waitingFor: parked === null ? (standing?.waitingFor ?? null) : 'operator',
      reason: standing?.reason ?? 'Not looked at yet.',
      sinceMs: this.#sinceMs,
      stripeObjectId: standing?.stripeObjectId ?? null,
      graceEndsAtMs: standing?.graceEndsAtMs ?? null,
      nextLookAtMs: standing?.nextLookAtMs ?? null,
      clusterId: this.#clusterId,
      attention: standing?.attention ?? [],
      ...this.events.counts(),
      parked,
      lastEvent: this.#lastEvent,
      hostProblem: this.host.problem,
    };
  }
}
