import { ApplicationFailure } from '@temporalio/common';
import type { BatchActivities, ChargeActivities } from '../../activities/activities.ts';
import type { CloseSummary } from '../../domain/close-summary.ts';
import { monthTotals } from '../../domain/month-balance.ts';
import { EMPTY_CLOSE_SUMMARY } from '../domain/empty-close-summary.ts';

/** A Stripe that can be down, and bills that go out when it is not: for tests in which hours pass. */
export class FakeClose {
  readonly steps: string[] = [];
  /** Each bill's attempts; and of those that went out, how often. */
  readonly attempts = new Map<string, number>();
  readonly invoiced = new Map<string, number>();
  readonly parked: string[] = [];
  probes = 0;
  /** Whether bills get through. */
  isUp = (_billId: string): boolean => true;
  /** Whether Stripe answers at all. */
  answers = (): boolean => true;
  readonly #bills: readonly string[];
  readonly #collectionWindowMs: number;

  constructor({ bills = 0, collectionWindowMs = 0 }: { bills?: number; collectionWindowMs?: number }) {
    this.#bills = Array.from({ length: bills }, (_, index) => `bill_${String(index).padStart(5, '0')}`);
    this.#collectionWindowMs = collectionWindowMs;
  }

  /** Those who were tried, all attempts together. */
  get totalAttempts(): number {
    return [...this.attempts.values()].reduce((sum, each) => sum + each, 0);
  }

  batch(): BatchActivities {
    const { steps } = this;
    return {
      billingRules: async () => {
        steps.push('rules');
        return await Promise.resolve({
          collectionWindowMs: this.#collectionWindowMs,
          approval: 'auto' as const,
        });
      },
      divideUsers: async () => {
        steps.push('freeze');
        return await Promise.resolve([]);
      },
      freezeBills: async () => await Promise.resolve(0),
      divideBills: async () => {
        steps.push('charge');
        return await Promise.resolve(
          this.#bills.length === 0 ? [] : [{ afterUserId: '', throughUserId: null }],
        );
      },
      listBillsPage: async ({ afterUserId, limit }) => {
        const rest = this.#bills.filter((bill) => bill > afterUserId);
        const billIds = rest.slice(0, limit);
        return await Promise.resolve({
          billIds,
          lastUserId: rest.length > limit ? (billIds.at(-1) ?? null) : null,
        });
      },
      parkBill: async ({ billId }) => {
        this.parked.push(billId);
        await Promise.resolve();
      },
      stripeAnswers: async () => {
        this.probes += 1;
        if (!this.answers()) throw unavailable('no answer');
        await Promise.resolve();
      },
      saveCloseDecision: async () => await Promise.resolve(),
      frozenAmong: async ({ billIds }) => await Promise.resolve([...billIds]),
      countAwaitingRelease: async () => await Promise.resolve(0),
      summarizeClose: async () => await Promise.resolve(this.#summary()),
      balanceMonth: async () => await Promise.resolve(monthTotals([])),
    };
  }

  charges(): ChargeActivities {
    return {
      invoiceBill: async ({ billId }) => {
        this.attempts.set(billId, (this.attempts.get(billId) ?? 0) + 1);
        if (!this.isUp(billId)) throw unavailable('HTTP 503');
        this.invoiced.set(billId, (this.invoiced.get(billId) ?? 0) + 1);
        return await Promise.resolve({ status: 'open', totalCents: 100 });
      },
    };
  }

  #summary(): CloseSummary {
    const { byStatus } = EMPTY_CLOSE_SUMMARY;
    return {
      ...EMPTY_CLOSE_SUMMARY,
      bills: this.#bills.length,
      byStatus: { ...byStatus, parked: { bills: this.parked.length, cents: 0 } },
    };
  }
}

function unavailable(message: string): ApplicationFailure {
  return ApplicationFailure.create({ message: `Stripe: ${message}`, type: 'StripeUnavailable' });
}
