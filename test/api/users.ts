import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { freezeBill } from '../../db/freeze.ts';
import type { BillStatus } from '../../domain/bill.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import { request, type TestApi } from './harness.ts';

/** What the host product says of every user here. */
export const EVE = { email: 'eve@example.com', name: 'Eve' };

/** Registers a user nobody else has, as the host product does. */
export async function newUser(api: TestApi): Promise<string> {
  const userId = `user-${randomUUID()}`;
  await request(api, 'PUT', `/api/users/${userId}`, { json: EVE });
  return userId;
}

/** Reports usage of the user, all of which must be taken. */
export async function use(
  api: TestApi,
  userId: string,
  events: readonly Record<string, unknown>[],
): Promise<void> {
  const json = { events: events.map((event) => ({ id: randomUUID(), userId, ...event })) };
  expect((await request(api, 'POST', '/api/usage-events', { json })).body).toMatchObject({
    accepted: events.length,
  });
}

/** Changes a bill as what Stripe says of its invoice does. */
export async function setBill(
  api: TestApi,
  userId: string,
  period: string,
  changed: {
    readonly status: BillStatus;
    readonly hosted_invoice_url?: string;
    readonly invoice_pdf_url?: string;
    readonly refunded_cents?: number;
  },
): Promise<void> {
  await api.db
    .updateTable('bills')
    .set(changed)
    .where('user_id', '=', userId)
    .where('period', '=', parseBillingPeriod(period))
    .execute();
}

/** Freezes the month, with an invoice of this status. */
export async function bill(api: TestApi, userId: string, period: string, status: BillStatus): Promise<void> {
  await freezeBill(api.db, { mode: 'test', userId, period: parseBillingPeriod(period) });
  await setBill(api, userId, period, {
    status,
    hosted_invoice_url: `https://invoice.stripe.example/${period}`,
  });
}
