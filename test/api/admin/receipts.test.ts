import { randomUUID } from 'node:crypto';
import getPort from 'get-port';
import { sql } from 'kysely';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createReceiptLog } from '../../../api/webhooks/receipt-log.ts';
import { openDatabase } from '../../../db/database.ts';
import { listReceipts, saveReceipts } from '../../../db/webhook-receipts.ts';
import type { WebhookReceipt } from '../../../domain/webhook-receipt.ts';
import {
  deliver,
  error,
  newCustomerId,
  request,
  startTestApi,
  stripeEvent,
  type TestApi,
} from '../harness.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

function receipt(overrides: Partial<WebhookReceipt> = {}): WebhookReceipt {
  const receivedAt = new Date();
  return {
    mode: 'live',
    receiptId: randomUUID(),
    eventId: `evt_${randomUUID()}`,
    type: 'invoice.paid',
    outcome: 'accepted',
    reason: null,
    stripeCustomerId: null,
    envelope: null,
    receivedAt,
    verifiedAt: receivedAt,
    signalledAt: receivedAt,
    ...overrides,
  };
}

const listed = () => listReceipts(api.db, 'live', { limit: 100 });
const silent = () => ({ log: pino({ level: 'silent' }), metrics: new Registry() });

test('every delivery is noted with what became of it, within a second or two', async () => {
  const ignored = stripeEvent({ type: 'balance.available' });
  const nobody = stripeEvent({ data: { object: { id: 'in_1', customer: null } } });
  const live = stripeEvent({ id: 'evt_live', livemode: true });
  const good = stripeEvent({ data: { object: { id: 'in_7', customer: newCustomerId() } } });
  for (const event of [ignored, nobody, live, good]) await deliver(api, event);
  await deliver(api, 'no JSON');
  await deliver(api, good, { signature: null });

  const notes = await vi.waitFor(async () => {
    const receipts = await listReceipts(api.db, 'test', { limit: 10 });
    expect(receipts).toHaveLength(6);
    return receipts;
  }, 10_000);
  const outcomes = notes.map(({ eventId, outcome, reason }) => [eventId, outcome, reason]).toReversed();
  expect(outcomes).toEqual([
    [ignored.id, 'ignored', 'type'],
    [nobody.id, 'ignored', 'no_customer'],
    [live.id, 'refused', 'wrong_mode'],
    [good.id, 'accepted', null],
    [null, 'refused', 'invalid_json'],
    [null, 'refused', 'missing_signature'],
  ]);
  expect(notes.find(({ outcome }) => outcome === 'accepted')?.envelope).toEqual({
    eventId: good.id,
    type: 'invoice.paid',
    objectId: 'in_7',
    created: 1_793_750_400,
  });
  const event = stripeEvent({ id: 'evt_ignored', type: 'balance.available' });
  await deliver(api, event);
  await vi.waitFor(async () => {
    expect(await request(api, 'POST', '/api/admin/test/events/evt_ignored/replay')).toMatchObject({
      status: 409,
      body: error('not_replayable', 'eventId'),
    });
  }, 10_000);
  // It names a customer of the other mode, whom this mode must not look for.
  expect(await request(api, 'POST', `/api/admin/test/events/${live.id}/replay`)).toMatchObject({
    status: 409,
    body: { error: { code: 'not_replayable', message: `${live.id} was refused (wrong_mode)` } },
  });
});

test('a webhook that Temporal did not take is noted as failed, and when the api ends nothing is lost', async () => {
  const lonely = await startTestApi({ temporalAddress: `127.0.0.1:${await getPort()}` });
  const { db } = lonely;
  const event = stripeEvent();
  expect((await deliver(lonely, event)).status).toBe(503);
  const saved: unknown[] = [];
  const destroy = db.destroy.bind(db);
  // The harness closes the database after the api.
  vi.spyOn(db, 'destroy').mockImplementation(async () => {
    saved.push(...(await listReceipts(db, 'test', { limit: 10 })));
    await destroy();
  });
  await lonely.close();
  expect(saved).toMatchObject([{ eventId: event.id, outcome: 'failed', reason: 'temporal_unavailable' }]);
});

describe('the log of receipts', () => {
  test('waits while the database is away, and drops the oldest when too many wait', async () => {
    const port = await getPort();
    const away = openDatabase(`postgres://nobody@127.0.0.1:${port}/nowhere`);
    const { log, metrics } = silent();
    const receipts = createReceiptLog({ db: away, log, metrics });
    for (let count = 0; count < 10_003; count += 1) receipts.add(receipt());
    expect(await metrics.metrics()).toContain('receipts_dropped_total{why="database"} 3');
    await receipts.close();
    await away.destroy();
  });

  test('writes what waited when the database is back, each once', async () => {
    await sql`ALTER TABLE webhook_receipts RENAME TO away`.execute(api.db);
    const receipts = createReceiptLog({ db: api.db, ...silent() });
    const waiting = [receipt(), receipt()];
    for (const each of waiting) receipts.add(each);
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    await sql`ALTER TABLE away RENAME TO webhook_receipts`.execute(api.db);
    await vi.waitFor(async () => expect(await listed()).toHaveLength(2), { timeout: 5_000 });
    await saveReceipts(api.db, waiting);
    await receipts.close();
    expect(await listed()).toHaveLength(2);
  });

  test('keeps sixty a minute of what Stripe has not signed, so that nobody can fill the database', async () => {
    const { log, metrics } = silent();
    const receipts = createReceiptLog({ db: api.db, log, metrics });
    const forged = { outcome: 'refused', eventId: null, type: null, verifiedAt: null } as const;
    for (let count = 0; count < 100; count += 1) receipts.add(receipt({ ...forged }));
    receipts.add(receipt({ eventId: 'evt_real' }));
    await receipts.close();
    const written = await listReceipts(api.db, 'live', { limit: 200 });
    expect(written.filter(({ verifiedAt }) => verifiedAt === null)).toHaveLength(60);
    expect(written.some(({ eventId }) => eventId === 'evt_real')).toBe(true);
    expect(await metrics.metrics()).toContain('receipts_dropped_total{why="unverified"} 40');
  });

  test('forgets after thirty days', async () => {
    const now = new Date('2030-01-31T00:00:00.000Z');
    const at = (receivedAt: string) => receipt({ receivedAt: new Date(receivedAt), eventId: receivedAt });
    await saveReceipts(api.db, [at('2029-12-31T23:59:59.000Z'), at('2030-01-01T00:00:00.000Z')]);
    const receipts = createReceiptLog({ db: api.db, ...silent(), now: () => now });
    receipts.add(at('2030-01-31T00:00:00.000Z'));
    await receipts.close();
    expect((await listed()).map(({ eventId }) => eventId)).toEqual([
      '2030-01-31T00:00:00.000Z',
      '2030-01-01T00:00:00.000Z',
    ]);
  });
});
