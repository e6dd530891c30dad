import { expect, test } from 'vitest';
import { createReconciliationActivities } from '../../activities/reconciliation.ts';
import { listOpenFindings, saveFindings } from '../../db/reconciliation-findings.ts';
import { planReconciliation } from '../../domain/reconciliation.ts';
import { type FoundFinding, PASSES } from '../../domain/reconciliation-findings.ts';
import { useTestDatabase } from '../support/database.ts';

const database = useTestDatabase();

const DAY = 24 * 60 * 60;
const NOW = Date.parse('2026-11-10T12:30:00Z') / 1_000;

/** @returns from when on the run is to read windowed lists; what it reads, unless another time is given. */
async function runOf(
  day: number,
  found: readonly FoundFinding[],
  readsSince?: number,
): Promise<number | null> {
  const { db } = database;
  const activities = createReconciliationActivities({ db });
  const stripeNow = NOW + day * DAY;
  const run = { mode: 'test', startedAtMs: stripeNow * 1_000 } as const;
  const start = await activities.beginReconciliation({ mode: 'test' });
  const plan = planReconciliation(start, { objects: 'daily', stripeNow, nowMs: run.startedAtMs });
  const { objectsSince } = plan;
  await saveFindings(db, 'test', found, new Date(run.startedAtMs));
  await activities.endReconciliation({
    ...run,
    endedAtMs: run.startedAtMs + 1_000,
    done: PASSES,
    objectsSince: readsSince ?? objectsSince,
    metersRound: true,
    memory: { ...start, eventsThrough: stripeNow, objectsComparedAt: stripeNow },
  });
  return objectsSince;
}

test('a list that can not be read is about the secret key only where Stripe says so', async () => {
  const { db } = database;
  const activities = createReconciliationActivities({ db });
  const run = { mode: 'live', startedAtMs: NOW * 1_000, problem: 'Stripe: no' } as const;
  await activities.noteUnreadable({ ...run, pass: 'disputes', statusCode: 403 });
  await activities.noteUnreadable({ ...run, pass: 'refunds', statusCode: 404 });
  const about = ({ proposal }: { readonly proposal: string }) => proposal.includes('secret key');
  expect((await listOpenFindings(db, 'live', 10)).map(about)).toEqual([true, false]);
});

test('what the first run finds on an old invoice stays open until a run has looked at that invoice again', async () => {
  const created = NOW - 300 * DAY;
  const finding: FoundFinding = {
    code: 'second_invoice',
    userId: 'ada',
    objectId: 'in_2',
    created,
    what: 'There are two.',
    fix: 'proposed',
    proposal: 'Void it.',
  };
  expect(await runOf(0, [finding])).toBeNull();
  expect(await runOf(1, [finding])).toBe(created);
  // Whatever a run has not read it can't have found.
  await runOf(2, [], created + 1);
  expect(await listOpenFindings(database.db, 'test', 10)).toMatchObject([{ objectId: 'in_2' }]);
  // It was voided.
  expect(await runOf(3, [])).toBe(created);
  expect(await listOpenFindings(database.db, 'test', 10)).toEqual([]);
  expect(await runOf(4, [])).toBe(NOW + 3 * DAY - 35 * DAY);
});
