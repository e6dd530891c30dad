import { reconcileNow } from '../cli/reconcile.ts';
import { listOpenFindings } from '../db/reconciliation-findings.ts';
import { MODES } from '../domain/mode.ts';
import { UNDER_WAY_SECONDS } from '../domain/reconciliation-findings.ts';
import { askUntil } from '../stack/waiting.ts';
import { acknowledgedEvents, lostEvents } from './deliveries.ts';
import type { Finding } from './judge/finding.ts';
import { appliedEvents } from './observe.ts';
import type { RunningBilling } from './world/running-billing.ts';
import { letStripeTimePass } from './world/stripe-clock.ts';

/** More than what has just changed in Stripe is left alone for. */
const LONGER_THAN_UNDER_WAY_MS = (UNDER_WAY_SECONDS + 60) * 1_000;
/** A step that was struck is tried again within so long. */
const EFFECT_TAKES = { patienceMs: 90_000, pauseMs: 500 };
const MOST_FINDINGS = 100;

/** What reconciliation has done in a run. */
export interface ReconciliationCounts {
  runs: number;
  forwardedEvents: number;
  repaired: number;
}

/** Has reconciliation find what Stripe gave up on, as it does in production every hour. */
export class Reconciling {
  readonly counts: ReconciliationCounts = { runs: 0, forwardedEvents: 0, repaired: 0 };
  readonly findings: Finding[] = [];
  readonly #service: RunningBilling;
  readonly #seenTo = new Set<string>();

  constructor(service: RunningBilling) {
    this.#service = service;
  }

  /** Runs it if webhooks were lost since it ran last. */
  async findLost(): Promise<void> {
    const lost = (await lostEvents(this.#service)).filter((eventId) => !this.#seenTo.has(eventId));
    if (lost.length === 0) return;
    await this.#run();
    for (const eventId of lost) this.#seenTo.add(eventId);
  }

  /** Runs it over everything, when nothing moves any more: there must be nothing left for it to do, or for a person. */
  async findNothing(): Promise<void> {
    const { forwardedEvents, repaired } = this.counts;
    await this.#run();
    if (this.counts.forwardedEvents > forwardedEvents || this.counts.repaired > repaired)
      this.findings.push({ about: 'reconciliation', what: 'it still had something to repair in the end' });
    for (const mode of MODES)
      for (const { code, what, proposal } of await listOpenFindings(this.#service.db, mode, MOST_FINDINGS))
        this.findings.push({
          about: `reconciliation (${mode})`,
          what: `${code}: ${what} → ${proposal ?? ''}`,
        });
  }

  async #run(): Promise<void> {
    await this.#acknowledgedAreApplied();
    await letStripeTimePass(this.#service, LONGER_THAN_UNDER_WAY_MS);
    for (const mode of MODES) {
      const report = await reconcileNow(this.#service.temporal, mode);
      this.counts.runs += 1;
      this.counts.forwardedEvents += report.forwardedEvents;
      this.counts.repaired += report.repaired;
    }
  }

  /** What was answered with 200 has its effect without reconciliation, which would hide that it was lost. */
  async #acknowledgedAreApplied(): Promise<void> {
    const acknowledged = await acknowledgedEvents(this.#service);
    const whatIsLost = async () => {
      const applied = await appliedEvents(this.#service);
      return acknowledged.filter((eventId) => !applied.has(eventId));
    };
    for (const eventId of await askUntil(whatIsLost, (lost) => lost.length === 0, EFFECT_TAKES))
      this.findings.push({
        about: eventId,
        what: 'was acknowledged, and has no effect before reconciliation',
      });
  }
}
