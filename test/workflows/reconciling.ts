import { simulate } from '../../chaos/world/customers.ts';
import { letStripeTimePass } from '../../chaos/world/stripe-clock.ts';
import { reconcileNow } from '../../cli/reconcile.ts';
import { type ListedFinding, listFindingsOfRun } from '../../db/reconciliation-findings.ts';
import type { ReconciliationReport } from '../../domain/reconciliation.ts';
import type { FindingCode } from '../../domain/reconciliation-findings.ts';
import type { LoggedRequest } from '../../stripe-simulator/request-log.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { writesAmong } from '../support/simulator.ts';
import { startTestBilling } from './service.ts';

const HOUR_MS = 60 * 60_000;
/** A day in milliseconds. */
export const DAY_MS = 24 * HOUR_MS;
/** Longer than what has just changed in Stripe is left to its webhook. */
const NOT_UNDER_WAY_MS = 10 * 60_000;

/** A service in whose Stripe time can pass, and webhooks be lost. Our own workflows stay in the present. */
export class ReconciledService {
  readonly billing: BillingService;
  readonly #pass: (ms: number) => void;

  private constructor(billing: BillingService, pass: (ms: number) => void) {
    this.billing = billing;
    this.#pass = pass;
  }

  static async start(): Promise<ReconciledService> {
    let aheadMs = 0;
    const now = () => new Date(Date.now() + aheadMs);
    const billing = await startTestBilling({ now });
    await billing.startWorker();
    return new ReconciledService(billing, (ms) => {
      aheadMs += ms;
    });
  }

  async stop(): Promise<void> {
    await this.billing.stop();
  }

  /** Lets time pass in Stripe, and for the api that checks its signatures. */
  async letPass(ms: number): Promise<void> {
    this.#pass(ms);
    await letStripeTimePass(this.billing, ms);
  }

  /** No webhook of what happens meanwhile is ever sent. */
  async losing<Result>(action: () => Promise<Result>): Promise<Result> {
    await simulate(this.billing, 'webhooks/mischief', { kind: 'drop', count: 100_000 });
    try {
      return await action();
    } finally {
      await this.#sim('DELETE', 'webhooks/mischief');
    }
  }

  /** Compares all of test mode, after what has happened last is old enough. */
  async reconcile(): Promise<Reconciled> {
    await this.letPass(NOT_UNDER_WAY_MS);
    const before = (await this.requestsAfter(0)).at(-1)?.sequence ?? 0;
    const report = await reconcileNow(this.billing.temporal, 'test');
    const findings = await listFindingsOfRun(this.billing.db, 'test', new Date(report.startedAtMs), 10_000);
    return { report, findings, writes: writesAmong(await this.requestsAfter(before)) };
  }

  async requestsAfter(sequence: number): Promise<LoggedRequest[]> {
    const answer = await this.#sim('GET', `requests?after=${sequence}`);
    return (answer as { readonly requests: LoggedRequest[] }).requests;
  }

  async #sim(method: 'GET' | 'DELETE', path: string): Promise<unknown> {
    const response = await fetch(`${this.billing.simulatorUrl}/_sim/${path}`, { method });
    return await response.json();
  }
}

/** What a run has come to. */
export interface Reconciled {
  readonly report: ReconciliationReport;
  readonly findings: readonly ListedFinding[];
  /** What was asked of Stripe that changes something, by the run or because of it. */
  readonly writes: readonly LoggedRequest[];
}

/** What a run has found of a user, code by code. */
export function codesFor({ findings }: Reconciled, { userId }: { readonly userId: string }): FindingCode[] {
  return [...new Set(findings.filter((each) => each.userId === userId).map(({ code }) => code))].toSorted();
}

/** The run's finding about an object. */
export function findingAbout({ findings }: Reconciled, objectId: string): ListedFinding | undefined {
  return findings.find((each) => each.objectId === objectId);
}
