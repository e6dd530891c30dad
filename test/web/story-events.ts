import type { Database } from '../../db/database.ts';
import { saveReceipts } from '../../db/webhook-receipts.ts';
import { MODES } from '../../domain/mode.ts';
import type { WebhookReceipt } from '../../domain/webhook-receipt.ts';
import { testEventId } from '../../domain/webhook-test.ts';

/** What events are about, by how their type begins; else an invoice. */
const OBJECTS = [
  ['checkout.', 'cs_test_a1Zp6'],
  ['customer.subscription.', 'sub_1SPq5e'],
  ['customer.', 'cus_ada'],
] as const;

/** A delivery of `invoice.paid` that was accepted, unless told otherwise. */
export function aReceipt(overrides: Partial<WebhookReceipt> = {}): WebhookReceipt {
  const { eventId = 'evt_1SPq6g', type = 'invoice.paid', receivedAt = new Date() } = overrides;
  const objectId = OBJECTS.find(([start]) => type?.startsWith(start))?.[1] ?? 'in_1SPq3a';
  const after = (ms: number) => new Date(receivedAt.getTime() + ms);
  return {
    mode: 'live',
    receiptId: crypto.randomUUID(),
    eventId,
    type,
    outcome: 'accepted',
    reason: null,
    stripeCustomerId: 'cus_ada',
    envelope:
      eventId === null || type === null
        ? null
        : { eventId, type, objectId, created: Math.floor(receivedAt.getTime() / 1_000) },
    receivedAt,
    verifiedAt: after(1),
    signalledAt: after(9),
    ...overrides,
  };
}

/** A test of the webhooks that was applied. */
export const STORY_TEST_ID = testEventId(new Date('2026-11-03T09:30:00.000Z'), '0123456789ab');

/** Deliveries of every outcome in both modes, some of them applied; and a test of the webhooks. */
export async function tellEvents(db: Database): Promise<void> {
  const unsigned = {
    eventId: null,
    type: null,
    envelope: null,
    stripeCustomerId: null,
    verifiedAt: null,
    signalledAt: null,
  };
  const told: Partial<WebhookReceipt>[] = [
    { type: 'checkout.session.completed' },
    { type: 'invoice.payment_succeeded' },
    { type: 'customer.updated', outcome: 'ignored', reason: 'type', signalledAt: null },
    { ...unsigned, outcome: 'refused', reason: 'invalid_signature' },
    {
      type: 'invoice.payment_failed',
      stripeCustomerId: 'cus_grace',
      outcome: 'failed',
      reason: 'temporal_unavailable',
      signalledAt: null,
    },
    { type: 'customer.subscription.deleted', stripeCustomerId: 'cus_mary' },
  ];
  for (const mode of MODES) {
    const receipts = told.map((each, index) =>
      aReceipt({
        mode,
        eventId: `evt_1SPq${mode}${index}`,
        receivedAt: new Date(Date.UTC(2026, 10, 3, 9, 20 + index)),
        ...each,
      }),
    );
    await saveReceipts(db, receipts);
    for (const receipt of receipts.slice(0, 2)) await applied(db, receipt);
  }
  const test = aReceipt({
    mode: 'test',
    eventId: STORY_TEST_ID,
    type: 'invoice.payment_succeeded',
    receivedAt: new Date('2026-11-03T09:30:00.002Z'),
  });
  await saveReceipts(db, [test]);
  await applied(db, test);
}

/** Writes down that an event had its effect, 150 ms after it came in. */
export async function applied(db: Database, receipt: WebhookReceipt): Promise<void> {
  await db
    .insertInto('applied_stripe_events')
    .values({
      mode: receipt.mode,
      event_id: receipt.eventId ?? '',
      stripe_customer_id: receipt.stripeCustomerId ?? '',
      type: receipt.type ?? '',
      object_id: receipt.envelope?.objectId ?? '',
      applied_at: new Date(receipt.receivedAt.getTime() + 150),
    })
    .execute();
}
