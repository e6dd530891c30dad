import { setCurrentDetails } from '@temporalio/workflow';
import type { StripeEventEnvelope } from '../domain/stripe-event.ts';
import {
  stepsMarkdown,
  type TestPurchaseInput,
  type TestPurchaseResult,
  type TestPurchaseState,
  type TestPurchaseStep,
} from '../domain/test-purchase.ts';

const WAITS = {
  owner: {
    status: 'requires_action',
    detail: 'Waiting for the owner of the card to authenticate at the link',
  },
  webhook: { status: 'processing', detail: "Waiting for Stripe's webhook" },
} as const;

/** What a test purchase knows of itself. Every change of it is shown in the Temporal Web UI at once. */
export class TestPurchase {
  #state: TestPurchaseState;
  readonly #knownEvents = new Set<string>();
  #newEvents: StripeEventEnvelope[] = [];
  /** What the database has. */
  savedState: TestPurchaseState | null = null;

  constructor({ purchaseId, userId, credits, card }: TestPurchaseInput) {
    this.#state = {
      purchaseId,
      userId,
      credits,
      card,
      status: 'processing',
      stripeCustomerId: null,
      paymentIntentId: null,
      link: null,
      problem: null,
      declineCode: null,
      steps: [],
    };
  }

  get state(): TestPurchaseState {
    return this.#state;
  }

  /** Whether a webhook waits to be looked at. */
  get hasEvents(): boolean {
    return this.#newEvents.length > 0;
  }

  /** Stripe delivers an event more than once; it counts once. */
  receive(event: StripeEventEnvelope): void {
    if (this.#knownEvents.has(event.eventId)) return;
    this.#knownEvents.add(event.eventId);
    this.#newEvents.push(event);
    this.begin('webhook', `${event.type} (${event.eventId})`);
  }

  takeEvents(): StripeEventEnvelope[] {
    const events = this.#newEvents;
    this.#newEvents = [];
    return events;
  }

  /** Shows what is waited for now, once. */
  waitFor(who: keyof typeof WAITS, link: string | null): void {
    const { status, detail } = WAITS[who];
    this.change({ status, link });
    const isSaid = this.#state.steps.some((each) => each.step === 'wait' && each.detail === detail);
    if (!this.hasEvents && !isSaid) this.begin('wait', detail);
  }

  begin(step: TestPurchaseStep['step'], detail: string): void {
    const begun = { step, at: new Date().toISOString(), detail };
    this.change({ steps: [...this.#state.steps, begun] });
  }

  /** Says what came of a step: of the last of its kind, for webhooks may have come in between. */
  finish(step: TestPurchaseStep['step'], detail: string): void {
    const { steps } = this.#state;
    const last = steps.findLastIndex((each) => each.step === step);
    this.change({ steps: steps.map((each, index) => (index === last ? { ...each, detail } : each)) });
  }

  change(change: Partial<TestPurchaseState>): void {
    this.#state = { ...this.#state, ...change };
    setCurrentDetails(stepsMarkdown(this.#state));
  }

  result(): TestPurchaseResult {
    const { status, paymentIntentId, declineCode, problem } = this.#state;
    return { status, paymentIntentId, declineCode, problem };
  }
}
