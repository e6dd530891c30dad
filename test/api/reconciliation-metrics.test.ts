import { afterEach, beforeEach, expect, test } from 'vitest';
import { saveReconciliation } from '../../db/reconciliation.ts';
import { resolveFindings, saveFindings } from '../../db/reconciliation-findings.ts';
import { MODES } from '../../domain/mode.ts';
import { FIRST_PAGE } from '../../domain/reconciliation.ts';
import { request, startTestApi, type TestApi } from './harness.ts';

const NOW = new Date('2026-10-20T12:00:00Z');
const EARLIER = new Date('2026-10-20T11:30:00Z');
const A_RUN = {
  eventsThrough: 1,
  objectsComparedAt: 1,
  lastFullRunAtMs: 1,
  meters: FIRST_PAGE,
  metersSinceMs: null,
};

let api: TestApi;
beforeEach(async () => {
  api = await startTestApi({ now: () => NOW });
});
afterEach(() => api.close());

async function scraped(from = api): Promise<string[]> {
  const { body } = await request(from, 'GET', '/metrics');
  return String(body)
    .split('\n')
    .filter((line) => line.startsWith('billing_reconciliation_'));
}

test('before the first run there is nothing to show', async () => {
  expect(await scraped()).toEqual([]);
});

test('open findings are counted by code and by what is done about them, and the last run has an age', async () => {
  const { db } = api;
  const finding = { userId: null, what: 'It is so.', proposal: null } as const;
  const found = (['in_1', 'in_2', 'in_3'] as const).map(
    (objectId) => ({ ...finding, code: 'invoice_changed', objectId, fix: 'repaired' }) as const,
  );
  await saveFindings(
    db,
    'test',
    [...found, { ...finding, code: 'second_invoice', objectId: 'in_1', fix: 'proposed' }],
    EARLIER,
  );
  const about = { codes: ['invoice_changed'], objectIds: ['in_3'] } as const;
  await resolveFindings(db, 'test', about, { notSeenSince: NOW, now: NOW });
  await saveReconciliation(db, 'test', A_RUN, EARLIER);
  expect(await scraped()).toEqual([
    'billing_reconciliation_open_findings{mode="test",code="invoice_changed",fix="repaired"} 2',
    'billing_reconciliation_open_findings{mode="test",code="second_invoice",fix="proposed"} 1',
    'billing_reconciliation_last_run_age_seconds{mode="test"} 1800',
  ]);
});

test('a mode that is not used any more is not shown, however long ago it was compared', async () => {
  const half = await startTestApi({ now: () => NOW, webhookSecrets: { live: ['whsec_live'], test: [] } });
  try {
    const seen = {
      code: 'second_invoice',
      userId: null,
      objectId: 'in_1',
      fix: 'proposed',
      what: 'It is so.',
      proposal: 'Void it.',
    } as const;
    for (const mode of MODES) {
      await saveFindings(half.db, mode, [seen], EARLIER);
      await saveReconciliation(half.db, mode, A_RUN, EARLIER);
    }
    expect(await scraped(half)).toEqual([
      'billing_reconciliation_open_findings{mode="live",code="second_invoice",fix="proposed"} 1',
      'billing_reconciliation_last_run_age_seconds{mode="live"} 1800',
    ]);
  } finally {
    await half.close();
  }
});
