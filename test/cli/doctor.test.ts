import { describe, expect, test } from 'vitest';
import type { DoctorParts } from '../../cli/doctor/parts.ts';
import { answering, Clinic } from './doctor/clinic.ts';
import { partCases } from './doctor/part-cases.ts';
import { priceListCases } from './doctor/price-list-cases.ts';
import { stripeCases } from './doctor/stripe-cases.ts';
import { temporalCases } from './doctor/temporal-cases.ts';

const clinic = new Clinic();

test('finds nothing wrong where nothing is, and looks at every part in both modes', async () => {
  await clinic.everythingOk();
  const checks = await clinic.checksOf(clinic.healthy());
  expect([...new Set(checks.map(({ area }) => area))]).toEqual([
    'This program',
    'PostgreSQL',
    'Temporal',
    'Stripe, live mode',
    'Stripe, test mode',
    'Price list, live mode',
    'Price list, test mode',
    'Api',
    'Host product',
  ]);
  const ids = checks.map(({ id, mode }) => (mode === null ? id : `${id} ${mode}`));
  expect(new Set(ids).size).toBe(ids.length);
  expect(checks.every(({ finding, mend }) => finding.endsWith('.') && mend === null)).toBe(true);
});

const CASES = [
  ...partCases(clinic),
  ...temporalCases(clinic),
  ...stripeCases(clinic),
  ...priceListCases(clinic),
];

describe('finds, and says how to mend it:', () => {
  test.each(CASES)('$what', async ({ breaks, finds, state = 'problem', finding, mend }) => {
    await clinic.everythingOk();
    const { parts = {}, undo } = await breaks();
    try {
      const found = await clinic.findingsOf({ ...clinic.healthy(), ...parts });
      expect([...found.keys()], JSON.stringify([...found.values()])).toEqual(finds);
      const first = found.get(finds[0] ?? '');
      expect(first).toMatchObject({ state });
      expect(first?.finding).toMatch(finding);
      expect(first?.mend).toMatch(mend);
      expect(JSON.stringify([...found.values()])).not.toMatch(/hunter2|whsec_0|secret-path|simulator_/);
    } finally {
      await undo?.();
    }
  });
});

test('a mode without a key is said to be off, and none at all is a problem', async () => {
  const { config, stripe } = clinic.healthy();
  const only = (
    modes: DoctorParts['config']['stripe']['modes'],
    clients: DoctorParts['stripe'],
  ): DoctorParts => ({
    ...clinic.healthy(),
    config: { ...config, stripe: { ...config.stripe, modes } },
    stripe: clients,
  });
  const test = only({ ...config.stripe.modes, live: null }, { ...stripe, live: null });
  expect((await clinic.findingsOf(test)).size).toBe(0);
  const off = (await clinic.checksOf(test))
    .filter(({ mode }) => mode === 'live')
    .map(({ id, finding }) => [id, finding]);
  expect(off).toEqual([
    ['key', 'Not configured: STRIPE_SECRET_KEY is not set.'],
    ['host_hook', expect.stringMatching(/Not configured: HOST_WEBHOOK_URL/)],
  ]);
  const none = await clinic.findingsOf(only({ live: null, test: null }, { live: null, test: null }));
  expect([...none.keys()]).toEqual(['key live', 'key test']);
  expect(none.get('key test')?.mend).toMatch(/Set STRIPE_TEST_SECRET_KEY and STRIPE_TEST_WEBHOOK_SECRET/);
});

test('sends the host product no message', async () => {
  const { url, seen, undo } = await answering(() => 405);
  try {
    expect((await clinic.findingsOf({ ...clinic.healthy(), ...clinic.withHook(url) })).size).toBe(0);
    expect(seen).toEqual(['OPTIONS']);
  } finally {
    await undo();
  }
});

test('writes nothing, neither in Stripe nor in Temporal', async () => {
  const requests = async () =>
    (
      (await (await fetch(`${clinic.service.simulatorUrl}/_sim/requests`)).json()) as {
        requests: { method: string }[];
      }
    ).requests;
  const before = (await requests()).length;
  const workflows = (await clinic.service.temporal.workflow.count('')).count;
  await clinic.checksOf({
    ...clinic.healthy(),
    ...clinic.withTestMode({ secretKey: 'rk_test_simulator_wide' }),
  });
  const methods = (await requests()).slice(before).map(({ method }) => method);
  expect(methods.length).toBeGreaterThan(20);
  expect(new Set(methods)).toEqual(new Set(['GET']));
  expect((await clinic.service.temporal.workflow.count('')).count).toBe(workflows);
});
