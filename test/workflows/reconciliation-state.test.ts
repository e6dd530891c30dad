import { expect, test } from 'vitest';
import { FIRST_PAGE, planReconciliation } from '../../domain/reconciliation.ts';
import { type Pass, WINDOWED_PASSES } from '../../domain/reconciliation-findings.ts';
import { Reconciliation } from '../../workflows/reconciliation-state.ts';

const NOW = 1_793_750_400;
const EARLIER = NOW - 24 * 60 * 60;
const start = {
  eventsThrough: EARLIER,
  objectsComparedAt: EARLIER,
  lastFullRunAtMs: EARLIER * 1_000,
  meters: FIRST_PAGE,
  metersSinceMs: null,
  openObjectsSince: null,
};

/** The end of a run of all parts, one of which could not be read. */
function endingWithout(unreadable: Pass | null) {
  const nowMs = NOW * 1_000;
  const plan = planReconciliation(start, { objects: 'now', stripeNow: NOW, nowMs });
  const run = new Reconciliation('test', Reconciliation.startOf(plan, start, nowMs));
  for (let pass = run.pass; pass !== null; pass = run.nextPass()) if (pass !== unreadable) run.done(pass);
  return run.ending(nowMs);
}

test.each(WINDOWED_PASSES)('where %s can not be read, the next run reads them from as far back', (pass) => {
  expect(endingWithout(pass).memory.objectsComparedAt).toBe(EARLIER);
});

test.each(['webhook_endpoints', 'events', 'disputes', 'meters'] as const)(
  'where %s can not be read, the lists that grow for ever need not be read from further back',
  (pass) => {
    expect(endingWithout(pass).memory.objectsComparedAt).toBe(NOW);
  },
);

test('the end of a run says from when on it has read, so that nothing is resolved that it has not', () => {
  expect(endingWithout(null).objectsSince).toBe(EARLIER - 35 * 24 * 60 * 60);
});
