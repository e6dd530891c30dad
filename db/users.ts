import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { KnownCustomer, UserKey } from '../domain/customer-key.ts';
import type { CustomerStanding } from '../domain/customer-standing.ts';
import type { Mode } from '../domain/mode.ts';
import { recordAppliedEvents } from './applied-events.ts';
import type { Database } from './database.ts';
import type { UsersTable } from './schema.ts';

/** A row of a user's, whose e-mail and name are empty once their data was erased. */
export type User = Selectable<UsersTable>;

/** Registers a user, or updates the e-mail and name of one who is. @returns `undefined` for one whose data was erased. */
export async function registerUser(
  db: Database,
  user: UserKey & { readonly email: string; readonly name: string },
): Promise<User | undefined> {
  const { mode, userId, email, name } = user;
  return await db
    .insertInto('users')
    .values({ mode, user_id: userId, email, name })
    .onConflict((conflict) =>
      conflict
        .columns(['mode', 'user_id'])
        .doUpdateSet({ email, name, updated_at: new Date() })
        .where('users.erased_at', 'is', null),
    )
    .returningAll()
    .executeTakeFirst();
}

/** By the host product's id; also one whose data was erased (`erased_at`). */
export async function findUser(db: Database, mode: Mode, userId: string): Promise<User | undefined> {
  return await db
    .selectFrom('users')
    .selectAll()
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .executeTakeFirst();
}

/** Whether anybody was ever registered in the mode. */
export async function hasUsers(db: Database, mode: Mode): Promise<boolean> {
  const user = await db.selectFrom('users').select('user_id').where('mode', '=', mode).limit(1).execute();
  return user.length > 0;
}

/** Whose customer `cus_…` is; `undefined`: it is not one of ours. */
export async function findUserByStripeCustomer(
  db: Database,
  mode: Mode,
  stripeCustomerId: string,
): Promise<User | undefined> {
  return await db
    .selectFrom('users')
    .selectAll()
    .where('mode', '=', mode)
    .where('stripe_customer_id', '=', stripeCustomerId)
    .executeTakeFirst();
}

/** Remembers the user's Stripe customer. One that is remembered already stays: a user has one, for good. */
export async function saveStripeCustomer(
  db: Database,
  mode: Mode,
  userId: string,
  stripeCustomerId: string,
): Promise<void> {
  await db
    .updateTable('users')
    .set({ stripe_customer_id: stripeCustomerId, updated_at: new Date() })
    .where('mode', '=', mode)
    .where('user_id', '=', userId)
    .where('stripe_customer_id', 'is', null)
    .execute();
}

/** Remembers THE subscription, and that these Checkout sessions have had theirs: they never make another. */
export async function saveSubscription(
  db: Database,
  key: UserKey,
  subscription: { readonly subscriptionId: string; readonly checkoutSessionIds: readonly string[] },
): Promise<void> {
  const { mode, userId } = key;
  await db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable('users')
      .set({ stripe_subscription_id: subscription.subscriptionId, updated_at: new Date() })
      .where('mode', '=', mode)
      .where('user_id', '=', userId)
      .execute();
    for (const checkoutSessionId of subscription.checkoutSessionIds) {
      const completed_at = new Date();
      await transaction
        .insertInto('checkout_sessions')
        .values({ mode, checkout_session_id: checkoutSessionId, user_id: userId, completed_at })
        .onConflict((conflict) =>
          conflict.columns(['mode', 'checkout_session_id']).doUpdateSet({ completed_at }),
        )
        .execute();
    }
  });
}

/** What one step of a customer's billing came to. */
export interface StepOutcome {
  readonly standing: CustomerStanding;
  /** The place on a cluster that the step knows of. One that was given meanwhile stays to be told. */
  readonly clusterId: string | null;
  readonly defaultPaymentMethodId: string | null;
  /** All that were attached: one that is not among them is new at the next step. */
  readonly paymentMethodIds: readonly string[];
  /** The events it has dealt with. */
  readonly events: readonly { readonly eventId: string; readonly type: string; readonly objectId: string }[];
  /** The workflow's time, Unix milliseconds. */
  readonly nowMs: number;
}

/**
 * Saves the standing, and that these events have had their effect, in one transaction.
 *
 * @returns since when the customer stands so.
 */
export async function saveStanding(
  db: Database,
  key: KnownCustomer,
  { standing, clusterId, defaultPaymentMethodId, paymentMethodIds, events, nowMs }: StepOutcome,
): Promise<Date> {
  const { mode, userId, stripeCustomerId } = key;
  const now = new Date(nowMs);
  return await db.transaction().execute(async (transaction) => {
    const { status_since } = await transaction
      .updateTable('users')
      .set({
        status: standing.status,
        waiting_for: standing.waitingFor,
        status_reason: standing.reason,
        status_since: sql<Date>`CASE
          WHEN status = ${standing.status} AND waiting_for IS NOT DISTINCT FROM ${standing.waitingFor}
          THEN status_since ELSE ${now} END`,
        status_object_id: standing.stripeObjectId,
        grace_ends_at: dateOrNull(standing.graceEndsAtMs),
        // What an operator has given was for this debt, not for the next one.
        ...(standing.graceEndsAtMs === null ? { grace_extended_until: null } : {}),
        cluster_wanted_at: standing.wantsCluster ? wantedSince(now) : untilSeen(clusterId),
        default_payment_method_id: defaultPaymentMethodId,
        known_payment_method_ids: [...paymentMethodIds],
        updated_at: new Date(),
      })
      .where('mode', '=', mode)
      .where('user_id', '=', userId)
      .returning('status_since')
      .executeTakeFirstOrThrow();
    await recordAppliedEvents(transaction, { mode, stripeCustomerId }, events);
    return status_since;
  });
}

/** Who waits already keeps their place in the queue. */
function wantedSince(now: Date): RawBuilder<Date> {
  return sql<Date>`coalesce(cluster_wanted_at, ${now})`;
}

/** Who was given a place that this step does not know of has still to be told of it. */
function untilSeen(clusterId: string | null): RawBuilder<Date | null> {
  return sql<Date | null>`CASE WHEN cluster_id IS DISTINCT FROM ${clusterId}::text THEN cluster_wanted_at END`;
}

function dateOrNull(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
