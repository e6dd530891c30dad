import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Customer } from '../../../chaos/world/customers.ts';
import { eventually } from '../../../chaos/world/eventually.ts';
import { useGpu, usersWithCustomer, userWithoutCustomer } from '../../../chaos/world/usage.ts';
import { type BillingPeriod, parseBillingPeriod } from '../../../domain/billing-period.ts';
import { monthlyBillingWorkflowId } from '../../../domain/monthly-close.ts';
import { error, textLike } from '../harness.ts';
import { type AdminService, startAdminService } from './service.ts';

/** In November. */
const NOW = new Date('2026-11-08T12:00:00.000Z');

let service: AdminService;
beforeAll(async () => {
  service = await startAdminService({ now: () => NOW });
  await service.billing.startWorker({ approval: 'required' });
});
afterAll(() => service.stop());

const get = (path = '') => service.request('GET', `/api/admin/test/months${path}`);
const post = (path: string, json?: unknown) =>
  service.request('POST', `/api/admin/test/months${path}`, { json });

interface MonthBody {
  readonly close: string;
  readonly progress: { readonly phase: string } | null;
}

async function phaseIs(period: BillingPeriod, phase: string): Promise<MonthBody> {
  return await eventually(
    `${period} to be ${phase}`,
    async () => (await get(`/${period}`)).body as MonthBody,
    ({ progress }) => progress?.phase === phase,
  );
}

/** Customers who have used GPUs for $2.00 each in the month, which is frozen and waits for approval. */
async function frozenMonth(period: BillingPeriod, count: number): Promise<Customer[]> {
  const customers = await usersWithCustomer(service.billing, count);
  for (const each of customers) await useGpu(service.billing, each, period, '1');
  expect(await post(`/${period}/close`)).toMatchObject({
    status: 202,
    body: { workflow: { id: monthlyBillingWorkflowId('test', period) } },
  });
  await phaseIs(period, 'awaiting_approval');
  return customers;
}

test('a month from its preview to its end, with a bill held and released', async () => {
  const period = parseBillingPeriod('2026-01');
  const [held, other] = (await usersWithCustomer(service.billing, 2)) as [Customer, Customer];
  for (const each of [held, other]) await useGpu(service.billing, each, period, '1');
  expect(await get(`/${period}/preview`)).toMatchObject({
    status: 200,
    body: { mode: 'test', period, bills: 2, newBills: 2, totalCents: 400, problemBills: 2, heldBills: 0 },
  });
  expect(await get(`/${period}`)).toMatchObject({
    status: 200,
    body: { isOver: true, close: 'none', progress: null, progressProblem: textLike(/no such workflow/) },
  });

  await post(`/${period}/close`);
  expect(await phaseIs(period, 'awaiting_approval')).toMatchObject({ close: 'running' });
  expect(await post(`/${period}/hold`, { bills: [held.userId], by: 'Grace', reason: 'odd' })).toMatchObject({
    status: 200,
    body: { bills: [textLike(/^bill_/)] },
  });
  expect(await post(`/${period}/approve`, { by: 'Grace' })).toMatchObject({ status: 200 });
  await phaseIs(period, 'awaiting_release');
  expect(await get(`/${period}`)).toMatchObject({ body: { awaitingRelease: 1 } });
  expect(await post(`/${period}/release`, { bills: 'all', by: 'Ada' })).toMatchObject({ status: 200 });
  await phaseIs(period, 'done');

  const ended = { close: 'ended', progress: { phase: 'done', invoicedBills: 2 }, goingOut: null };
  expect(await get(`/${period}/progress`)).toMatchObject({ status: 200, body: ended });
  expect(await get(`/${period}`)).toMatchObject({
    body: {
      close: 'ended',
      progress: { invoicedBills: 2, invoicedCents: 400, balance: { usedCents: 400, contradictions: 0 } },
      summary: { bills: 2, totalCents: 400, held: [], byStatus: { held: { bills: 0, cents: 0 } } },
      decisions: [
        { type: 'release', by: 'Ada', reason: null },
        { type: 'approve', by: 'Grace', bills: [] },
        { type: 'hold', by: 'Grace', reason: 'odd' },
      ],
      workflow: { url: textLike(/^http:\/\/temporal\.example\/.+monthly-billing%3Atest%3A2026-01$/) },
    },
  });
});

test('parked bills are tried again, and skipped ones let the close end', async () => {
  const period = parseBillingPeriod('2026-02');
  const [skipped] = (await frozenMonth(period, 1)) as [Customer];
  await post(`/${period}/hold`, { bills: [skipped.userId], by: 'Grace', reason: 'odd' });
  await post(`/${period}/approve`, { by: 'Grace' });
  await phaseIs(period, 'awaiting_release');
  expect(await post(`/${period}/skip`, { bills: [skipped.userId], by: 'Grace' })).toMatchObject({
    status: 200,
  });
  await phaseIs(period, 'done');
  expect(await get(`/${period}`)).toMatchObject({
    body: { awaitingRelease: 0, summary: { byStatus: { held: { bills: 1 } } } },
  });

  const parked = await userWithoutCustomer(service.billing);
  const other = parseBillingPeriod('2026-03');
  await useGpu(service.billing, parked, other, '1');
  await post(`/${other}/close`);
  await phaseIs(other, 'awaiting_approval');
  await post(`/${other}/approve`, { by: 'Grace' });
  await phaseIs(other, 'done');
  expect((await get(`/${other}`)).body).toMatchObject({
    summary: { parked: [{ userId: parked.userId, totalCents: 200, problem: textLike(/./) }] },
  });
  expect(await post(`/${other}/retry-parked`, { by: 'Grace' })).toMatchObject({ status: 202 });
  await eventually(
    'the decision to be listed',
    async () => (await get(`/${other}`)).body as { decisions: { type: string }[] },
    ({ decisions }) => decisions[0]?.type === 'retryParked',
  );
  await eventually(
    'its close to end',
    async () => (await get()).body as { months: { period: string; close: string }[] },
    ({ months }) => months.some(({ period: listed, close }) => listed === other && close === 'ended'),
  );
});

describe('what makes no sense is refused', () => {
  const period = parseBillingPeriod('2026-04');
  const nothing = (message: RegExp) => ({
    status: 409,
    body: { error: { code: 'decision_refused', message: textLike(message) } },
  });

  test('by the close, in its words', async () => {
    await frozenMonth(period, 1);
    expect(await post('/2019-01/approve', { by: 'Grace' })).toMatchObject(nothing(/no close of 2019-01/));
    expect(await post(`/${period}/release`, { bills: 'all', by: 'Grace' })).toMatchObject(
      nothing(/No bill of 2026-04 \(test\) is held/),
    );
    expect(await post(`/${period}/skip`, { bills: ['bill_1'], by: 'Grace' })).toMatchObject(
      nothing(/bill_1 is no bill of this month/),
    );
  });

  test('a month that is not over, or is none', async () => {
    expect(await post('/2026-11/close')).toMatchObject({
      status: 409,
      body: error('month_not_over', 'period'),
    });
    for (const path of ['/2026-13', '/october', '/2026-13/preview'])
      expect(await get(path)).toMatchObject({ status: 400, body: error('invalid_parameter', 'period') });
  });

  test.each([
    ['hold', { bills: 'all', by: 'Grace', reason: 'odd' }, 'bills'],
    ['hold', { bills: ['bill_1'], by: 'Grace' }, 'reason'],
    ['release', { bills: [], by: 'Grace' }, 'bills'],
    ['skip', { bills: ['bill_1'] }, 'by'],
    ['approve', {}, 'by'],
    ['retry-parked', { by: '' }, 'by'],
  ])('%s with %j', async (name, json, param) => {
    expect(await post(`/${period}/${name}`, json)).toMatchObject({
      status: 400,
      body: error('invalid_parameter', param),
    });
  });
});

test('months that have usage or bills are listed, newest first, with what became of their bills', async () => {
  const user = await userWithoutCustomer(service.billing);
  await useGpu(service.billing, user, parseBillingPeriod('2026-11'), '1');
  const seen: { period: string }[] = [];
  let next: string | null = '';
  while (next !== null) {
    const { status, body } = await get(`?limit=2${next === '' ? '' : `&after=${next}`}`);
    expect(status).toBe(200);
    const page = body as { months: { period: string }[]; next: string | null };
    seen.push(...page.months);
    ({ next } = page);
  }
  expect(seen.map(({ period }) => period)).toEqual(['2026-11', '2026-04', '2026-03', '2026-02', '2026-01']);
  expect(seen[0]).toMatchObject({ isOver: false, bills: 0, byStatus: {}, close: 'none' });
  expect(seen[1]).toMatchObject({
    bills: 1,
    byStatus: { frozen: { bills: 1, cents: 200 } },
    close: 'running',
    phase: 'awaiting_approval',
  });
  expect(seen[2]).toMatchObject({
    byStatus: { parked: { bills: 1, cents: 200 } },
    close: 'ended',
    phase: null,
  });
  expect((await service.request('GET', '/api/admin/live/months')).body).toEqual({ months: [], next: null });
});
