import { expect } from 'vitest';
import type { ActivityTestEnvironment } from '../support/activity-environment.ts';
import type { FaultKind } from '../support/simulator.ts';

/** Each thing that can go wrong with a request, and how many attempts it takes then. What may be a day later: write-once-invoices.test.ts. */
export const FAULTS: readonly {
  kind: FaultKind;
  reason?: string | null;
  latencyMs?: number;
  attempts: number;
}[] = [
  { kind: 'latency', latencyMs: 300, attempts: 1 },
  { kind: 'status_409', attempts: 2 },
  { kind: 'status_429', reason: 'endpoint-rate', attempts: 2 },
  { kind: 'status_429', reason: null, attempts: 2 }, // without the header that says why
  // Stored under the key: the second attempt meets it again, the third has a new key.
  { kind: 'status_429', reason: 'lock_timeout', attempts: 3 },
  { kind: 'status_500', attempts: 3 },
  { kind: 'status_500_without_error', attempts: 2 },
  { kind: 'processed_without_answer', attempts: 2 },
  { kind: 'reset', attempts: 2 },
  { kind: 'html', attempts: 2 },
];

/** Makes it as if we had crashed between Stripe's answer and noting it. */
export async function forgetAnswer({ db }: ActivityTestEnvironment, writeKey: string): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('stripe_writes')
    .set({ completed_at: null, stripe_object_id: null, stripe_request_id: null })
    .where('write_key', '=', writeKey)
    .executeTakeFirst();
  expect(numUpdatedRows).toBe(1n);
}
