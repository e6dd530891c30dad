import { sql } from 'kysely';
import { type BillStatus, baseUnitsPerUnit } from '../domain/bill.ts';
import { type BillingPeriod, periodLengthMs } from '../domain/billing-period.ts';
import type { Mode } from '../domain/mode.ts';
import { balanceOf, type ProductBalance } from '../domain/month-balance.ts';
import { LEVEL_PRODUCT, METERED_PRODUCTS, type MeteredProduct } from '../domain/price-list.ts';
import { type Database, type DatabaseTransaction, exactInteger } from './database.ts';
import { loadUnitPrices } from './price-list.ts';

interface Month {
  readonly mode: Mode;
  readonly period: BillingPeriod;
}

/**
 * Where all usage of a month has gone, product by product: on which bills, or on none yet. Of one instant; reads totals and lines,
 * never events.
 */
export async function loadMonthBalance(db: Database, month: Month): Promise<ProductBalance[]> {
  return await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (transaction) => {
      const billed = await billedByStatus(transaction, month);
      const unbilled = await loadUnbilled(transaction, month);
      return METERED_PRODUCTS.map((product) =>
        balanceOf(
          product,
          billed.filter((each) => each.product === product),
          unbilled.get(product) ?? { unbilledCents: 0, unbilledUsers: 0, contradictions: 0 },
        ),
      );
    });
}

async function billedByStatus(transaction: DatabaseTransaction, { mode, period }: Month) {
  const { rows } = await sql<{
    product: MeteredProduct;
    status: BillStatus;
    has_customer: boolean;
    cents: string;
  }>`
    SELECT line.product, bill.status, users.stripe_customer_id IS NOT NULL AS has_customer, sum(line.amount_cents) AS cents
    FROM bill_lines AS line JOIN bills AS bill USING (mode, bill_id) JOIN users USING (mode, user_id)
    WHERE line.mode = ${mode} AND line.usage_period = ${period} AND line.product <> 'credits'
    GROUP BY line.product, bill.status, has_customer`.execute(transaction);
  return rows.map((row) => ({
    product: row.product,
    status: row.status,
    hasCustomer: row.has_customer,
    cents: exactInteger(row.cents),
  }));
}

/**
 * What no bill holds, each user's rounded as a line of it would be; and of how many users the totals say that other than their
 * lines was billed, which would be a bug, or somebody's hand in the database.
 */
async function loadUnbilled(transaction: DatabaseTransaction, month: Month) {
  const { mode, period } = month;
  const priceOf = await loadUnitPrices(transaction, mode);
  const { rows } = await sql<{
    product: MeteredProduct;
    unbilled_cents: string;
    unbilled_users: number;
    contradictions: number;
  }>`
    WITH used AS (
      SELECT user_id, product,
        -- Of storage what earlier months carry in, for the whole of this one.
        sum(CASE WHEN period = ${period} THEN used_quantity
          ELSE level_change_gb * ${periodLengthMs(period)}::numeric END) AS used,
        sum(CASE WHEN period = ${period} THEN billed_quantity ELSE 0 END) AS billed
      FROM usage_totals
      WHERE mode = ${mode} AND (period = ${period} OR (product = ${LEVEL_PRODUCT} AND period < ${period}))
      GROUP BY user_id, product
    ), lined AS (
      SELECT bill.user_id, line.product, sum(line.exact_quantity) AS billed
      FROM bill_lines AS line JOIN bills AS bill USING (mode, bill_id)
      WHERE line.mode = ${mode} AND line.usage_period = ${period} AND line.product <> 'credits'
      GROUP BY bill.user_id, line.product
    )
    SELECT product,
      sum(round((coalesce(used.used, 0) - coalesce(used.billed, 0)) * price.cents / price.per)) AS unbilled_cents,
      count(*) FILTER (WHERE used.used <> used.billed) AS unbilled_users,
      count(*) FILTER (WHERE coalesce(used.billed, 0) <> coalesce(lined.billed, 0)) AS contradictions
    FROM used FULL JOIN lined USING (user_id, product)
    JOIN unnest(
      ${METERED_PRODUCTS}::text[],
      ${METERED_PRODUCTS.map((product) => priceOf(product, period))}::numeric[],
      ${METERED_PRODUCTS.map((product) => String(baseUnitsPerUnit(product, period)))}::numeric[]
    ) AS price (product, cents, per) USING (product)
    GROUP BY product`.execute(transaction);
  return new Map(
    rows.map((row) => [
      row.product,
      {
        unbilledCents: exactInteger(row.unbilled_cents),
        unbilledUsers: row.unbilled_users,
        contradictions: row.contradictions,
      },
    ]),
  );
}
