import { appliedEventIds } from '../db/applied-events.ts';
import { usersOfCustomers } from '../db/compared.ts';
import { findTestPurchase } from '../db/test-purchases.ts';
import { type Drift, repaired } from '../domain/reconciliation-findings.ts';
import { type EventRoute, routeOf, wantedEventTypes } from '../domain/stripe-event.ts';
import { isEnded } from '../domain/test-purchase.ts';
import { signalTestPurchase, startChargeEvent } from '../temporal/signals.ts';
import { type ActivityDependencies, stripeOf } from './dependencies.ts';
import {
  nextPage,
  pageParams,
  type ReconciledPage,
  type ReconciliationPage,
  settleDrifts,
} from './reconciliation-page.ts';
import { readStripeEvent } from './stripe-events.ts';

type Route<To extends EventRoute['to']> = Extract<EventRoute, { to: To }>;

/** As many as one request may ask for. https://docs.stripe.com/api/events/list */
const TYPES_PER_REQUEST = 20;

/**
 * Stripe's list of events, which keeps them for 30 days: what a webhook that was never delivered would have told. Throws `StripeError`,
 * see stripe-errors.ts for which are retried. https://docs.stripe.com/api/events/list
 */
export function createEventReconciliation(dependencies: ActivityDependencies) {
  const { db, temporal } = dependencies;
  return {
    /**
     * Reads one page of the events that take effect, and hands those that have not had it to their workflows, as their webhooks
     * would have been. Temporal has stored all of them when this returns. Events of strangers are passed over.
     */
    async reconcileEvents(page: ReconciliationPage): Promise<ReconciledPage> {
      const { mode, plan, cursor } = page;
      const types = wantedEventTypes(mode);
      const first = cursor.part * TYPES_PER_REQUEST;
      const list = await stripeOf(dependencies, mode).events.list({
        ...pageParams(cursor),
        types: types.slice(first, first + TYPES_PER_REQUEST),
        created: { gte: plan.events.from, lt: plan.events.until },
      });
      const applied = await appliedEventIds(
        db,
        mode,
        list.data.map(({ id }) => id),
      );
      const missed = list.data
        .filter(({ id }) => !applied.has(id))
        .map((event) => routeOf(readStripeEvent(event)));
      const forwarded =
        (await forwardToCustomers(
          page,
          missed.filter((route) => route.to === 'customer'),
        )) +
        (await forwardCharges(
          page,
          missed.filter((route) => route.to === 'charge'),
        )) +
        (await forwardToPurchases(missed.filter((route) => route.to === 'purchase')));
      const parts = Math.ceil(types.length / TYPES_PER_REQUEST);
      return { read: list.data.length, forwarded, next: nextPage(list, cursor, parts) };
    },
  };

  async function forwardToCustomers(
    page: ReconciliationPage,
    routes: readonly Route<'customer'>[],
  ): Promise<number> {
    const { mode } = page;
    const users = await usersOfCustomers(
      db,
      mode,
      routes.map(({ stripeCustomerId }) => stripeCustomerId),
    );
    const drifts = routes.flatMap(({ stripeCustomerId, envelope }): Drift[] => {
      const user = users.get(stripeCustomerId);
      if (user === undefined) return [];
      const { eventId: objectId, type, objectId: about } = envelope;
      const what = `The event ${type} about ${about} has had no effect.`;
      const finding = { code: 'event_missed', userId: user.userId, objectId, what } as const;
      const told = { ...envelope, hadNoEffect: true };
      return [repaired(finding, { type: 'event', stripeCustomerId, envelope: told })];
    });
    await settleDrifts(dependencies, page, drifts);
    return drifts.length;
  }

  /**
   * Whose they are, their charges say, which costs a request each: a workflow of its own finds out. A stranger's is never applied, so
   * that it is missed in each run that reads it.
   */
  async function forwardCharges(
    { mode }: ReconciliationPage,
    routes: readonly Route<'charge'>[],
  ): Promise<number> {
    let started = 0;
    for (const { envelope } of routes)
      if (await startChargeEvent(temporal, { mode, event: envelope })) started += 1;
    return started;
  }

  async function forwardToPurchases(routes: readonly Route<'purchase'>[]): Promise<number> {
    let forwarded = 0;
    for (const { purchaseId, envelope } of routes) {
      const purchase = await findTestPurchase(db, purchaseId);
      if (purchase === undefined || isEnded(purchase.status)) continue;
      await signalTestPurchase(temporal, purchaseId, envelope);
      forwarded += 1;
    }
    return forwarded;
  }
}
