import type { Stripe } from 'stripe';
import {
  appliedEventsOf,
  billsById,
  billsToCompare,
  disputeStatuses,
  sessionsSeenTo,
  usersOfCustomers,
  usersWithoutCustomer,
} from '../db/compared.ts';
import { compareCheckoutSessions } from '../domain/compare-checkout-sessions.ts';
import { compareCustomers, looksForPaymentMethods } from '../domain/compare-customers.ts';
import { compareInvoices, compareMissingInvoice } from '../domain/compare-invoices.ts';
import { compareDisputes, compareRefunds } from '../domain/compare-payments.ts';
import { compareSubscriptions } from '../domain/compare-subscriptions.ts';
import { compareWebhookEndpoints } from '../domain/compare-webhook-endpoints.ts';
import type { Mode } from '../domain/mode.ts';
import { oldBillsUntil } from '../domain/reconciliation.ts';
import type { Drift } from '../domain/reconciliation-findings.ts';
import { REQUESTS_PER_TASK } from '../domain/stripe-rate.ts';
import {
  comparedCustomer,
  comparedDispute,
  comparedInvoice,
  comparedRefund,
  comparedSession,
  comparedSubscription,
} from './compared-objects.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import { retrieveInvoiceIfThere } from './invoice-sync.ts';
import {
  carryOutAll,
  nextPage,
  pageParams,
  type ReconciledPage,
  type ReconciliationPage,
  settleDrifts,
  sinceParams,
} from './reconciliation-page.ts';
import { StripeError } from './stripe-client.ts';

/**
 * One page of a list of Stripe's each, against what the database has of it. They are handed out by the queue that keeps to Stripe's
 * rate, and none asks for more than a bill does there ({@link REQUESTS_PER_TASK}). Where a bill asks three endpoints once, some of these
 * ask one three times; that one page is read at a time keeps them far below the limit of an endpoint.
 */
export function createObjectReconciliation(dependencies: ActivityDependencies) {
  const { db } = dependencies;

  /** Saves and repairs what was found on a page of a list. */
  const settle = async (
    page: ReconciliationPage,
    list: Pick<Stripe.ApiList<{ id: string }>, 'data' | 'has_more'>,
    drifts: readonly Drift[],
  ): Promise<ReconciledPage> => {
    await settleDrifts(dependencies, page, drifts);
    return { read: list.data.length, next: nextPage(list, page.cursor) };
  };

  return {
    /**
     * Also where Stripe refuses the request: which lists a key may not read, their own parts of the run say.
     *
     * @returns what time it is for Stripe, Unix seconds: its objects are dated by its own clock.
     */
    async readStripeClock({ mode }: { readonly mode: Mode }): Promise<number> {
      const at = Date.parse((await headersOfAnAnswer(mode))['date'] ?? '');
      return Math.floor((Number.isNaN(at) ? Date.now() : at) / 1_000);
    },

    /** All there can be at once: Stripe allows 16. */
    async compareWebhookEndpoints(page: ReconciliationPage): Promise<ReconciledPage> {
      const list = await stripeOf(dependencies, page.mode).webhookEndpoints.list(pageParams(page.cursor));
      const endpoints = list.data.map(({ id, url, status, enabled_events: eventTypes }) => ({
        id,
        url,
        isEnabled: status === 'enabled',
        eventTypes,
      }));
      return await settle(page, list, compareWebhookEndpoints(endpoints, page.mode));
    },

    async compareSubscriptions(page: ReconciliationPage): Promise<ReconciledPage> {
      const { mode, plan, cursor } = page;
      const params = { ...pageParams(cursor), status: 'all' } as const;
      const list = await stripeOf(dependencies, mode).subscriptions.list(params);
      const subscriptions = list.data.map(comparedSubscription);
      const users = await usersOf(mode, subscriptions);
      return await settle(page, list, compareSubscriptions(subscriptions, users, plan.stripeNow));
    },

    async compareCheckoutSessions(page: ReconciliationPage): Promise<ReconciledPage> {
      const { mode, plan, cursor } = page;
      const list = await stripeOf(dependencies, mode).checkout.sessions.list({
        ...pageParams(cursor),
        ...sinceParams(plan),
        status: 'complete',
        expand: ['data.customer', 'data.setup_intent.payment_method'],
      });
      const sessions = list.data.map(comparedSession);
      const have = {
        users: await usersOf(mode, sessions),
        seenTo: await sessionsSeenTo(db, mode, idsOf(sessions)),
      };
      return await settle(page, list, compareCheckoutSessions(sessions, have, plan.stripeNow));
    },

    async compareInvoices(page: ReconciliationPage): Promise<ReconciledPage> {
      const { mode, plan, cursor } = page;
      const params = { ...pageParams(cursor), ...sinceParams(plan) };
      const list = await stripeOf(dependencies, mode).invoices.list(params);
      const invoices = list.data.map(comparedInvoice);
      const users = await usersOf(mode, invoices);
      const bills = await billsById(
        db,
        mode,
        invoices.map(({ billId }) => billId),
      );
      const named = invoices.map(({ billedUserId }) => billedUserId);
      const have = { users, bills, withoutCustomer: await usersWithoutCustomer(db, mode, named) };
      return await settle(page, list, compareInvoices(invoices, have, plan.stripeNow));
    },

    /** Bills whose invoice no list tells of: old ones that are still to be collected, and those whose draft may be gone. */
    async compareBills(page: ReconciliationPage): Promise<ReconciledPage> {
      const { mode, plan, cursor } = page;
      const limit = REQUESTS_PER_TASK;
      const toCompare = await billsToCompare(db, mode, {
        afterBillId: cursor.after ?? '',
        frozenBefore: oldBillsUntil(plan),
        withWrittenOff: plan.events.gone !== null,
        limit,
      });
      const drifts: Drift[] = [];
      for (const bill of toCompare) {
        const invoice = await retrieveInvoiceIfThere(dependencies, mode, bill.invoiceId);
        if (invoice === null) {
          drifts.push(compareMissingInvoice(bill.invoiceId, bill, mode));
          continue;
        }
        const bills = new Map([[bill.billId, bill]]);
        const have = { users: new Map(), bills, withoutCustomer: new Set<string>() };
        drifts.push(...compareInvoices([comparedInvoice(invoice)], have, plan.stripeNow));
      }
      await settleDrifts(dependencies, page, drifts);
      const last = toCompare.at(-1);
      const isLast = last === undefined || toCompare.length < limit;
      return { read: toCompare.length, next: isLast ? null : { part: 0, after: last.billId } };
    },

    async compareCustomers(page: ReconciliationPage): Promise<ReconciledPage> {
      const { mode, plan, cursor } = page;
      const list = await stripeOf(dependencies, mode).customers.list(pageParams(cursor));
      const users = await usersOfCustomers(db, mode, idsOf(list.data));
      const customers = list.data.map(comparedCustomer);
      if (plan.events.gone !== null) await carryOutAll(dependencies, mode, looksForPaymentMethods(users));
      const named = customers.map(({ userId }) => userId);
      const have = { users, withoutCustomer: await usersWithoutCustomer(db, mode, named) };
      return await settle(page, list, compareCustomers(customers, have, plan.stripeNow));
    },

    /** All of them: a dispute is decided months after it was opened, and there are few. */
    async compareDisputes(page: ReconciliationPage): Promise<ReconciledPage> {
      const { mode, plan, cursor } = page;
      const params = { ...pageParams(cursor), expand: ['data.charge'] };
      const list = await stripeOf(dependencies, mode).disputes.list(params);
      const disputes = list.data.map(comparedDispute);
      const users = await usersOf(mode, disputes);
      const statuses = await disputeStatuses(db, mode, idsOf(disputes));
      return await settle(page, list, compareDisputes(disputes, { users, statuses }, plan.stripeNow));
    },

    async compareRefunds(page: ReconciliationPage): Promise<ReconciledPage> {
      const { mode, plan, cursor } = page;
      const params = { ...pageParams(cursor), ...sinceParams(plan), expand: ['data.charge'] };
      const list = await stripeOf(dependencies, mode).refunds.list(params);
      const refunds = list.data.flatMap(comparedRefund);
      const users = await usersOf(mode, refunds);
      const applied = await appliedEventsOf(db, mode, idsOf(refunds));
      return await settle(page, list, compareRefunds(refunds, { users, applied }, plan.stripeNow));
    },
  };

  async function usersOf(mode: Mode, objects: readonly { readonly stripeCustomerId: string | null }[]) {
    return await usersOfCustomers(
      db,
      mode,
      objects.map(({ stripeCustomerId }) => stripeCustomerId),
    );
  }

  async function headersOfAnAnswer(mode: Mode): Promise<Readonly<Record<string, string>>> {
    try {
      const { lastResponse } = await stripeOf(dependencies, mode).invoices.list({ limit: 1 });
      return lastResponse.headers;
    } catch (error) {
      if (error instanceof StripeError && (error.statusCode === 401 || error.statusCode === 403))
        return error.headers ?? {};
      throw error;
    }
  }
}

const idsOf = (objects: readonly { readonly id: string }[]) => objects.map(({ id }) => id);
