import getPort from 'get-port';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { subscribedCustomer } from '../../../chaos/world/customers.ts';
import { eventually } from '../../../chaos/world/eventually.ts';
import { usersWithCustomer } from '../../../chaos/world/usage.ts';
import { reconcileNow } from '../../../cli/reconcile.ts';
import { loadReconciliation, saveReconciliation } from '../../../db/reconciliation.ts';
import { saveFindings } from '../../../db/reconciliation-findings.ts';
import { registerUser } from '../../../db/users.ts';
import { parseBillingPeriod } from '../../../domain/billing-period.ts';
import { MODES } from '../../../domain/mode.ts';
import { MONTHLY_BILLING_SCHEDULE } from '../../../domain/schedules.ts';
import { ensureSchedules } from '../../../worker/namespace.ts';
import { request, startTestApi, textLike } from '../harness.ts';
import { type AdminService, startAdminService } from './service.ts';

let service: AdminService;
beforeAll(async () => {
  service = await startAdminService();
  await service.billing.startWorker();
});
afterAll(() => service.stop());

interface Health {
  readonly state: string;
  readonly lookedAt: string;
  readonly checks: readonly {
    readonly id: string;
    readonly mode: string | null;
    readonly state: string;
    readonly finding: string;
    readonly mend: string | null;
  }[];
}

async function health(): Promise<Health> {
  const { status, body } = await service.request('GET', '/api/admin/health');
  expect(status).toBe(200);
  return body as Health;
}

const findingOf = (seen: Health, id: string, mode: string | null = null) =>
  seen.checks.find((check) => check.id === id && check.mode === mode);

test('finds everything in order, and says of each what it is', async () => {
  for (const mode of ['live', 'test'] as const) {
    await ensureSchedules(service.billing.temporal, mode);
    await subscribedCustomer(service.billing, { mode });
    await reconcileNow(service.billing.temporal, mode);
  }
  const seen = await eventually('all to be well', health, ({ state }) => state === 'ok');
  expect(seen.checks.map(({ id, mode }) => (mode === null ? id : `${id} ${mode}`))).toEqual([
    'database',
    'migrations',
    'clock',
    'temporal',
    'search_attributes',
    'workers:billing:workflow',
    'workers:billing:activity',
    'workers:billing-batch:workflow',
    'workers:billing-batch:activity',
    'workers:billing-charges-live:activity',
    'workers:billing-charges-test:activity',
    'workers:billing-hooks:activity',
    'schedule:monthly-billing live',
    'schedule:reconciliation live',
    'schedule:monthly-billing test',
    'schedule:reconciliation test',
    ...['live', 'test'].flatMap((mode) =>
      ['webhook_secret', 'webhooks', 'customers', 'bills', 'last_month', 'reconciliation'].map(
        (id) => `${id} ${mode}`,
      ),
    ),
  ]);
  expect(Math.abs(Date.now() - Date.parse(seen.lookedAt))).toBeLessThan(60_000);
  for (const check of seen.checks)
    expect(check).toMatchObject({ state: 'ok', finding: textLike(/./), mend: null });
  expect(findingOf(seen, 'schedule:monthly-billing', 'test')?.finding).toMatch(/-01T00:00:00\.000Z/);
  expect(findingOf(seen, 'webhooks', 'test')?.finding).toMatch(/accepted/);
});

test('finds what waits for a person, and how to go on', async () => {
  const schedule = service.billing.temporal.schedule.getHandle(MONTHLY_BILLING_SCHEDULE.scheduleId('test'));
  await schedule.pause();
  const [customer] = await usersWithCustomer(service.billing, 1);
  if (customer === undefined) throw new Error('there is none');
  const { db } = service.billing;
  await db
    .insertInto('bills')
    .values({
      mode: 'test',
      user_id: customer.userId,
      period: parseBillingPeriod('2025-12'),
      status: 'parked',
      total_cents: 200,
      credits_applied_cents: 0,
    })
    .execute();
  const seen = await eventually('nothing to have failed', health, ({ checks }) =>
    checks.every(({ state }) => state !== 'problem'),
  );
  expect(seen.state).toBe('warning');
  expect(findingOf(seen, 'bills', 'test')).toMatchObject({
    state: 'warning',
    finding: '1 parked of 2025-12.',
    mend: textLike(/retry/),
  });
  expect(findingOf(seen, 'bills', 'live')).toMatchObject({ state: 'ok' });
  expect(findingOf(seen, 'schedule:monthly-billing', 'test')).toMatchObject({
    state: 'warning',
    mend: textLike(/Unpause/),
  });
});

test('finds what reconciliation has left to a person, and that it has not run for long', async () => {
  const { db } = service.billing;
  const finding = { code: 'second_invoice', userId: 'ada', objectId: 'in_2', fix: 'proposed' } as const;
  const seen = { ...finding, what: 'The bill has two invoices.', proposal: 'Void in_2.' };
  await saveFindings(db, 'live', [seen, { ...seen, objectId: 'in_3', fix: 'repaired' }], new Date());
  await db
    .updateTable('reconciliations')
    .set({ last_run_at: new Date(Date.now() - 4 * 60 * 60_000) })
    .where('mode', '=', 'test')
    .execute();
  const checks = await health();
  expect(findingOf(checks, 'reconciliation', 'live')).toMatchObject({
    state: 'warning',
    finding: textLike(
      /1 finding wants a person \(1 second_invoice\)\. The oldest: The bill has two invoices\.$/,
    ),
    mend: 'Void in_2.',
  });
  expect(findingOf(checks, 'reconciliation', 'test')).toMatchObject({
    state: 'problem',
    finding: textLike(/too long ago/),
    mend: textLike(/"reconciliation:test" and the Schedule "reconciliation-test"/),
  });
  await db.deleteFrom('reconciliations').execute();
  expect(findingOf(await health(), 'reconciliation', 'live')).toMatchObject({
    state: 'warning',
    mend: textLike(/reconcile --mode live/),
  });
});

test('does not ask of a mode that is not used any more when it was compared', async () => {
  const half = await startTestApi({ webhookSecrets: { live: ['whsec_live'], test: [] } });
  try {
    const longAgo = new Date(Date.now() - 40 * 24 * 60 * 60_000);
    const memory = await loadReconciliation(half.db, 'test');
    for (const mode of MODES) await saveReconciliation(half.db, mode, memory, longAgo);
    const { body } = await request(half, 'GET', '/api/admin/health');
    expect(findingOf(body as Health, 'reconciliation', 'live')?.state).toBe('problem');
    expect(findingOf(body as Health, 'reconciliation', 'test')).toMatchObject({
      state: 'ok',
      finding: "Stripe's test mode is not used here, so nothing is compared.",
    });
  } finally {
    await half.close();
  }
});

test('finds that a migration is missing, and that a clock is wrong', async () => {
  const { db } = service.billing;
  await db.schema.alterTable('kysely_migration').renameTo('kysely_migration_away').execute();
  const seen = await health();
  await db.schema.alterTable('kysely_migration_away').renameTo('kysely_migration').execute();
  expect(findingOf(seen, 'migrations')).toMatchObject({
    state: 'problem',
    finding: textLike(/^It lacks 0001-customers, .*0012-webhook-receipts/),
  });

  const early = await startTestApi({ now: () => new Date(Date.now() - 30_000) });
  try {
    const { body } = await request(early, 'GET', '/api/admin/health');
    expect(findingOf(body as Health, 'clock')).toMatchObject({
      state: 'warning',
      finding: textLike(/clock is 3\d s ahead/),
    });
    // Its namespace has no search attributes and nobody works there.
    expect(findingOf(body as Health, 'search_attributes')).toMatchObject({
      state: 'problem',
      finding: textLike(/BillingStatus/),
    });
    expect(findingOf(body as Health, 'workers:billing:workflow')).toMatchObject({ state: 'problem' });
    expect(findingOf(body as Health, 'schedule:monthly-billing', 'live')).toMatchObject({
      state: 'problem',
      mend: textLike(/worker/),
    });
  } finally {
    await early.close();
  }
});

test('answers within seconds when nothing else does', async () => {
  const lonely = await startTestApi({ temporalAddress: `127.0.0.1:${await getPort()}` });
  try {
    const startedAt = performance.now();
    const { body } = await request(lonely, 'GET', '/api/admin/health');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(body).toMatchObject({ state: 'problem' });
    expect(findingOf(body as Health, 'database')).toMatchObject({ state: 'ok' });
    for (const id of ['temporal', 'search_attributes', 'workers:billing:workflow'])
      expect(findingOf(body as Health, id)).toMatchObject({ state: 'problem', mend: textLike(/Temporal/) });
  } finally {
    await lonely.close();
  }
});

test('does not take a month that can not be read for one without users', async () => {
  const api = await startTestApi();
  try {
    await api.db.deleteFrom('stripe_products').execute();
    const { body } = await request(api, 'GET', '/api/admin/health');
    expect(findingOf(body as Health, 'last_month', 'live')).toMatchObject({ state: 'ok' });
    await registerUser(api.db, { mode: 'live', userId: 'ada', email: 'ada@example.com', name: 'Ada' });
    const { body: then } = await request(api, 'GET', '/api/admin/health');
    expect(findingOf(then as Health, 'last_month', 'live')).toMatchObject({
      state: 'warning',
      mend: textLike(/api's log/),
    });
  } finally {
    await api.close();
  }
});
