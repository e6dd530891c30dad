import { isDeepStrictEqual } from 'node:util';
import type { UserKey } from '../domain/customer-key.ts';
import type { Database } from './database.ts';
import { inTransaction } from './transaction.ts';

/** What a payment method can be shown by. No number, name or address: only what tells one from another. */
export interface PaymentMethodDetails {
  /** `pm_…` */
  readonly id: string;
  /** Stripe's, such as `card`, `sepa_debit`, `link`. */
  readonly type: string;
  /** Of a card, in Stripe's words, such as `visa`; `null` for all else. */
  readonly brand: string | null;
  /** The last four characters of the card's or the account's number; `null` when Stripe shows none. */
  readonly last4: string | null;
  /** 1 to 12; `null` for what does not expire. */
  readonly expMonth: number | null;
  /** Four digits. */
  readonly expYear: number | null;
}

/** One that Stripe lists. */
export interface AttachedPaymentMethod extends PaymentMethodDetails {
  readonly createdAt: Date;
}

/** One that a user is shown. */
export interface ShownPaymentMethod extends PaymentMethodDetails {
  /** Whether invoices are charged to it. */
  readonly isDefault: boolean;
}

/**
 * Makes the table hold exactly these of the user's: what is new or has changed is written, what is gone is deleted, in one
 * transaction. When nothing has changed, nothing is written. Safe to repeat.
 *
 * @param attached newest first, as Stripe lists them.
 */
export async function savePaymentMethods(
  db: Database,
  user: UserKey,
  attached: readonly AttachedPaymentMethod[],
): Promise<void> {
  const { mode, userId } = user;
  const kept = new Map(
    (await selectMethods(db, user).execute()).map((row) => [row.payment_method_id, row] as const),
  );
  const rows = attached.map((method) => rowOf(user, method));
  const changed = rows.filter((row) => !isDeepStrictEqual(row, kept.get(row.payment_method_id)));
  const listed = new Set(attached.map(({ id }) => id));
  const gone = [...kept.keys()].filter((id) => !listed.has(id));
  if (changed.length === 0 && gone.length === 0) return;

  await inTransaction(db, async (transaction) => {
    if (gone.length > 0) {
      await transaction
        .deleteFrom('payment_methods')
        .where('mode', '=', mode)
        .where('user_id', '=', userId)
        .where('payment_method_id', 'in', gone)
        .execute();
    }
    if (changed.length > 0) {
      await transaction
        .insertInto('payment_methods')
        .values(changed.toReversed()) // the oldest gets the lowest number
        .onConflict((conflict) =>
          conflict.columns(['mode', 'payment_method_id']).doUpdateSet((row) => ({
            user_id: row.ref('excluded.user_id'),
            type: row.ref('excluded.type'),
            brand: row.ref('excluded.brand'),
            last4: row.ref('excluded.last4'),
            exp_month: row.ref('excluded.exp_month'),
            exp_year: row.ref('excluded.exp_year'),
            created_at: row.ref('excluded.created_at'),
          })),
        )
        .execute();
    }
  });
}

/** The user's payment methods as Stripe had them when we last looked, newest first. */
export async function listPaymentMethods(db: Database, user: UserKey): Promise<ShownPaymentMethod[]> {
  const rows = await selectMethods(db, user)
    .innerJoin('users', (join) =>
      join.onRef('users.mode', '=', 'method.mode').onRef('users.user_id', '=', 'method.user_id'),
    )
    .select('users.default_payment_method_id')
    .execute();
  return rows.map((row) => ({
    id: row.payment_method_id,
    type: row.type,
    brand: row.brand,
    last4: row.last4,
    expMonth: row.exp_month,
    expYear: row.exp_year,
    isDefault: row.payment_method_id === row.default_payment_method_id,
  }));
}

/** Newest first; of those made within a second, the one that came last. */
function selectMethods(db: Database, { mode, userId }: UserKey) {
  return db
    .selectFrom('payment_methods as method')
    .select([
      'method.mode',
      'method.payment_method_id',
      'method.user_id',
      'method.type',
      'method.brand',
      'method.last4',
      'method.exp_month',
      'method.exp_year',
      'method.created_at',
    ])
    .where('method.mode', '=', mode)
    .where('method.user_id', '=', userId)
    .orderBy('method.created_at', 'desc')
    .orderBy('method.first_seen', 'desc');
}

function rowOf({ mode, userId }: UserKey, method: AttachedPaymentMethod) {
  return {
    mode,
    payment_method_id: method.id,
    user_id: userId,
    type: method.type,
    brand: method.brand,
    last4: method.last4,
    exp_month: method.expMonth,
    exp_year: method.expYear,
    created_at: method.createdAt,
  };
}
