import { ApplicationFailure } from '@temporalio/common';
import { closeUser, type ErasedRows, eraseUserRows, loadErasableUser, writeOffUsage } from '../db/erasure.ts';
import { ERASURE_REFUSED, type ErasableUser, type UserErasureInput, whyNotErase } from '../domain/erasure.ts';
import { signalLookAgain } from '../temporal/signals.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { retrieveInvoice, syncInvoice } from './invoice-sync.ts';
import { StripeError } from './stripe-client.ts';

interface ErasureStep extends UserErasureInput {
  /** When the erasure began by the workflow's clock, Unix milliseconds: the same for each try of a step. */
  readonly nowMs: number;
}

/** The steps of an erasure, in their order. Each is safe to repeat. */
export function createErasureActivities(dependencies: ActivityDependencies) {
  const { db, temporal } = dependencies;
  return {
    /**
     * Gives up what is not billed, where that was asked for, and takes nothing of the user's any more.
     *
     * @throws ApplicationFailure {@link ERASURE_REFUSED} (not retryable) with what is to be done first. Then nothing has changed, but for
     *   what was written off where a close came in between.
     */
    async closeUserForErasure(input: ErasureStep): Promise<void> {
      const now = new Date(input.nowMs);
      const check = (user: ErasableUser | null) => refuse(whyNotErase(user, input));
      check(await loadErasableUser(db, input, now));
      if (input.writeOff) await writeOffUsage(db, input, now);
      await closeUser(db, input, now, check);
    },

    /** Voids the invoices that nobody is to pay any more. One that was paid meanwhile stays paid. */
    async voidInvoicesForErasure(input: ErasureStep): Promise<void> {
      const { mode, userId, nowMs } = input;
      const user = await loadErasableUser(db, input, new Date(nowMs));
      for (const { stripeInvoiceId } of user?.unsettledBills ?? []) {
        if (stripeInvoiceId === null) continue;
        const { status } = await retrieveInvoice(dependencies, mode, stripeInvoiceId);
        if (status === 'open' || status === 'uncollectible') {
          const idempotencyKey = `${mode}:erasure:${userId}:${stripeInvoiceId}:void`;
          await stripeOf(dependencies, mode).invoices.voidInvoice(stripeInvoiceId, {}, { idempotencyKey });
        }
        const voided = await retrieveInvoice(dependencies, mode, stripeInvoiceId);
        await syncInvoice(dependencies, { mode, events: [], nowMs }, voided);
      }
    },

    /** Deletes the user's customer in Stripe, which ends the subscription and lets go of the cards. @returns whether there was one. */
    async deleteStripeCustomer(input: ErasureStep): Promise<boolean> {
      const { mode } = input;
      const user = await loadErasableUser(db, input, new Date(input.nowMs));
      const customer = user?.stripeCustomerId ?? null;
      if (customer === null) return false;
      try {
        const { deleted } = await stripeOf(dependencies, mode).customers.retrieve(customer);
        if (deleted !== true) await stripeOf(dependencies, mode).customers.del(customer);
      } catch (error) {
        if (!(error instanceof StripeError && error.statusCode === 404)) throw error;
      }
      return true;
    },

    /** Empties the database of what says who the user was, and has their workflow see that the customer is gone. */
    async eraseUserData(input: ErasureStep): Promise<ErasedRows> {
      const { mode } = input;
      const erased = await eraseUserRows(db, input);
      const user = await loadErasableUser(db, input, new Date(input.nowMs));
      const stripeCustomerId = user?.stripeCustomerId ?? null;
      if (stripeCustomerId !== null) await signalLookAgain(temporal, { mode, stripeCustomerId });
      return erased;
    },
  };
}

function refuse(why: string | null): void {
  if (why !== null)
    throw ApplicationFailure.create({ message: why, type: ERASURE_REFUSED, nonRetryable: true });
}
