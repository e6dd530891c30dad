import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import getPort from 'get-port';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createStripeClient } from '../../activities/stripe-client.ts';
import { connectLazily } from '../../api/temporal/connection.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { examine } from '../../cli/doctor/examine.ts';
import type { DoctorParts } from '../../cli/doctor/parts.ts';
import { openDatabase } from '../../db/database.ts';
import { listStripeProducts } from '../../db/price-list.ts';
import { registerUser } from '../../db/users.ts';
import { periodClosedAt } from '../../domain/billing-period.ts';
import { MODES } from '../../domain/mode.ts';
import { MONTHLY_BILLING_SCHEDULE } from '../../domain/schedules.ts';
import { ensureSchedule, ensureSchedules } from '../../worker/namespace.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { startTestBilling } from '../workflows/service.ts';

let service: BillingService;
beforeAll(async () => {
  service = await startTestBilling();
  await service.startWorker();
  for (const mode of MODES) await ensureSchedules(service.temporal, mode);
});
afterAll(() => service.stop());

const WEBHOOK_SECRET = `whsec_${'0123456789abcdef'.repeat(2)}`;
const KEYS = { live: 'sk_live_simulator_doctor_1234', test: 'sk_test_simulator_doctor_5678' } as const;

/** All that the doctor looks at, with all of it in order. */
function healthy(): DoctorParts {
  return {
    config: {
      stripe: {
        apiBase: service.simulatorUrl,
        modes: {
          live: { secretKey: KEYS.live, webhookSecrets: [WEBHOOK_SECRET], priceIds: {} },
          test: { secretKey: KEYS.test, webhookSecrets: [WEBHOOK_SECRET], priceIds: {} },
        },
        testProductId: null,
        automaticTax: false,
        batchRequestsPerSecond: { live: 80, test: 20 },
      },
      hostHooks: { live: null, test: null },
    },
    db: service.db,
    temporal: service.temporal,
    // The shortest retention, as that of `npm start`.
    isTemporalEmbedded: true,
    stripe: service.stripe,
    apiUrl: service.apiUrl,
    nodeVersion: process.versions.node,
  };
}

async function checksOf(parts: DoctorParts) {
  const areas = await examine(parts);
  return areas.flatMap(({ name, checks }) => checks.map((each) => ({ area: name, ...each })));
}

/** `price:cpu_hour test`, of all that is not in order. */
async function findingsOf(parts: DoctorParts) {
  const found = (await checksOf(parts)).filter(({ state }) => state !== 'ok');
  return new Map(found.map((each) => [each.mode === null ? each.id : `${each.id} ${each.mode}`, each]));
}

const everythingOk = () =>
  eventually(
    'the worker to have asked for all kinds of work',
    () => findingsOf(healthy()),
    (found) => found.size === 0,
  );

test('finds nothing wrong where nothing is, and looks at every part in both modes', async () => {
  await everythingOk();
  const checks = await checksOf(healthy());
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

/** Breaks something; what it returns mends it again. */
type Breakage = () => Promise<{
  readonly parts?: Partial<DoctorParts>;
  readonly undo?: () => Promise<unknown>;
}>;

interface Case {
  readonly what: string;
  readonly breaks: Breakage;
  /** What is found, and nothing else. */
  readonly finds: readonly string[];
  readonly state?: 'problem' | 'warning';
  readonly finding: RegExp;
  readonly mend: RegExp;
}

const endpointOf = async () => {
  const [endpoint] = (await service.stripe.test.webhookEndpoints.list()).data;
  if (endpoint === undefined) throw new Error('there is no webhook endpoint');
  return endpoint;
};

const changeEndpoint = (
  change: Parameters<typeof service.stripe.test.webhookEndpoints.update>[1],
  back: Parameters<typeof service.stripe.test.webhookEndpoints.update>[1],
): Breakage => {
  return async () => {
    const { id, url, enabled_events } = await endpointOf();
    const { webhookEndpoints } = service.stripe.test;
    await webhookEndpoints.update(id, change);
    const events = enabled_events as NonNullable<typeof back>['enabled_events'];
    return {
      undo: () =>
        webhookEndpoints.update(id, { url, ...(events ? { enabled_events: events } : {}), ...back }),
    };
  };
};

const addEndpoint = (
  make: (url: string) => { readonly url: string; readonly api_version?: '2026-10-28.endive' },
): Breakage => {
  return async () => {
    const { url } = await endpointOf();
    const { webhookEndpoints } = service.stripe.test;
    const { id } = await webhookEndpoints.create({ enabled_events: ['*'], ...make(url) });
    return { undo: () => webhookEndpoints.del(id) };
  };
};

const cpuHour = async () => {
  const [row] = await listStripeProducts(service.db, 'test');
  return {
    price: row?.stripe_price_id ?? '',
    product: row?.stripe_product_id ?? '',
    meter: row?.stripe_meter_id ?? '',
  };
};

const setCpuHour = async (values: { stripe_price_id?: string | null; unit_price_cents?: string }) =>
  await service.db
    .updateTable('stripe_products')
    .set(values)
    .where('mode', '=', 'test')
    .where('product', '=', 'cpu_hour')
    .execute();

const stripeWith = (secretKey: string, apiBase = service.simulatorUrl): Partial<DoctorParts> => {
  const { config, stripe } = healthy();
  const modes = {
    ...config.stripe.modes,
    test: { secretKey, webhookSecrets: [WEBHOOK_SECRET], priceIds: {} },
  };
  return {
    config: { ...config, stripe: { ...config.stripe, modes } },
    stripe: { ...stripe, test: createStripeClient({ mode: 'test', secretKey, apiBase }) },
  };
};

async function sim(path: string, body: object): Promise<void> {
  const answer = await fetch(`${service.simulatorUrl}/_sim${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

const moveStripesClock = (byMs: number): Breakage => {
  return async () => {
    await sim('/clock', { now: new Date(Date.now() + byMs).toISOString() });
    return { undo: () => sim('/clock', { now: new Date().toISOString() }) };
  };
};

const withHook = async (url: string): Promise<Partial<DoctorParts>> => ({
  config: { ...healthy().config, hostHooks: { live: null, test: { url, secrets: [WEBHOOK_SECRET] } } },
});

/** An HTTP server that answers everything with what is said. */
async function answering(status: (path: string) => number) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.method ?? '');
    response.writeHead(status(request.url ?? '')).end('{"missing":["database"]}');
  });
  const port = await getPort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    undo: () => new Promise((resolve) => server.close(resolve)),
  };
}

const scheduleOf = () => service.temporal.schedule.getHandle(MONTHLY_BILLING_SCHEDULE.scheduleId('test'));

const CASES: readonly Case[] = [
  {
    what: 'a Node that is too old',
    breaks: () => Promise.resolve({ parts: { nodeVersion: '18.20.8' } }),
    finds: ['node'],
    finding: /This is Node 18\.20\.8/,
    mend: /Install Node 20\.20 or newer/,
  },
  {
    what: 'a dead database, of which all else of it is a consequence',
    breaks: async () => {
      const db = openDatabase(`postgres://nobody:hunter2@127.0.0.1:${await getPort()}/none`);
      return { parts: { db }, undo: () => db.destroy() };
    },
    finds: ['database'],
    finding: /ECONNREFUSED/,
    mend: /DATABASE_URL/,
  },
  {
    what: 'a pending migration',
    breaks: async () => {
      const { rows } = await sql<{ name: string; timestamp: string }>`
        DELETE FROM kysely_migration WHERE name = (SELECT max(name) FROM kysely_migration)
        RETURNING name, timestamp`.execute(service.db);
      const [newest] = rows;
      return {
        undo: () =>
          sql`INSERT INTO kysely_migration VALUES (${newest?.name}, ${newest?.timestamp})`.execute(
            service.db,
          ),
      };
    },
    finds: ['migrations'],
    finding: /^It lacks \d{4}-[\w-]+\.$/,
    mend: /Start an api or a worker/,
  },
  {
    what: 'a schema of a newer version',
    breaks: async () => {
      await sql`INSERT INTO kysely_migration VALUES ('9999-tomorrow', '')`.execute(service.db);
      return {
        undo: () => sql`DELETE FROM kysely_migration WHERE name = '9999-tomorrow'`.execute(service.db),
      };
    },
    finds: ['migrations'],
    finding: /9999-tomorrow/,
    mend: /Deploy the version that made it/,
  },
  {
    what: 'raw usage of last month that was dropped by hand',
    breaks: async () => {
      const user = { mode: 'test', userId: `dropped-${randomUUID()}` } as const;
      await registerUser(service.db, { ...user, email: 'eve@example.com', name: 'Eve' });
      await sql`INSERT INTO usage_totals (mode, user_id, product, period, used_quantity)
        VALUES ('test', ${user.userId}, 'cpu_hour', ${periodClosedAt(new Date())}, 1)`.execute(service.db);
      return {
        undo: () => service.db.deleteFrom('usage_totals').where('user_id', '=', user.userId).execute(),
      };
    },
    finds: ['usage_partitions'],
    finding: /no raw usage/,
    mend: /Restore the table usage_events_\d{4}_\d\d from a backup/,
  },
  {
    what: 'a dead Temporal, of which all else of it is a consequence',
    breaks: async () => {
      const { connection, close } = connectLazily({ address: `127.0.0.1:${await getPort()}` });
      return { parts: { temporal: new Client({ connection }) }, undo: close };
    },
    finds: ['temporal'],
    finding: /It can not be looked at|No answer/,
    mend: /TEMPORAL_ADDRESS/,
  },
  {
    what: 'a namespace where no worker has ever been',
    breaks: async () => {
      const connection = await Connection.connect({ address: inject('temporalAddress') });
      const namespace = `doctor-${randomUUID()}`;
      await connection.workflowService.registerNamespace({
        namespace,
        workflowExecutionRetentionPeriod: msToTs('1 day'),
      });
      const temporal = new Client({ connection, namespace });
      await eventually(
        'the namespace',
        () => temporal.workflow.count(''),
        ({ count }) => count === 0,
      );
      return { parts: { temporal, isTemporalEmbedded: false }, undo: () => connection.close() };
    },
    finds: [
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
      'retention',
    ],
    finding: /lacks .*BillingStatus/,
    mend: /Start a worker/,
  },
  {
    what: 'a paused Schedule',
    breaks: async () => {
      await scheduleOf().pause();
      return { undo: () => scheduleOf().unpause() };
    },
    finds: ['schedule:monthly-billing test'],
    state: 'warning',
    finding: /monthly-billing-test is paused/,
    mend: /Unpause the Schedule/,
  },
  {
    what: 'a Schedule that runs at another time',
    breaks: async () => {
      await scheduleOf().update(({ spec: _spec, ...rest }) => ({
        ...rest,
        spec: { cronExpressions: ['0 6 2 * *'], timezone: 'Europe/Berlin' },
      }));
      return { undo: () => ensureSchedule(service.temporal, MONTHLY_BILLING_SCHEDULE, 'test') };
    },
    finds: ['schedule:monthly-billing test'],
    finding: /runs at "0 6 2 \* \* Europe\/Berlin", not at "0 0 1 \* \* UTC"/,
    mend: /Start a worker that has the Stripe key of test mode/,
  },
  {
    what: 'a Schedule that is gone',
    breaks: async () => {
      await scheduleOf().delete();
      return { undo: () => ensureSchedule(service.temporal, MONTHLY_BILLING_SCHEDULE, 'test') };
    },
    finds: ['schedule:monthly-billing test'],
    finding: /There is no Schedule monthly-billing-test/,
    mend: /Start a worker/,
  },
  {
    what: 'a workflow whose code fails',
    breaks: async () => {
      const taskQueue = 'of-a-worker-that-fails';
      const { workflowService, options } = service.temporal;
      const handle = await service.temporal.workflow.start('broken', { workflowId: 'stuck-one', taskQueue });
      for (let failures = 0; failures < 2; failures += 1) {
        const { namespace } = options;
        const { taskToken } = await service.temporal.withDeadline(Date.now() + 60_000, () =>
          workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: taskQueue } }),
        );
        await workflowService.respondWorkflowTaskFailed({ namespace, taskToken });
      }
      await eventually(
        'the third attempt',
        async () => (await handle.describe()).raw.pendingWorkflowTask?.attempt ?? 0,
        (attempt) => attempt >= 3,
      );
      return { undo: () => handle.terminate() };
    },
    finds: ['stuck_workflows'],
    finding: /1 workflow stands still, since code fails that runs it: stuck-one/,
    mend: /deploy workers whose code its history can follow/,
  },
  {
    what: 'a key that Stripe does not take, of which all else of the mode is a consequence',
    breaks: () => Promise.resolve({ parts: stripeWith('sk_test_simulator_expired') }),
    finds: ['key test'],
    finding: /Stripe does not take sk_test_…ired \(api_key_expired\)/,
    mend: /Dashboard \(Developers → API keys\) into STRIPE_TEST_SECRET_KEY/,
  },
  {
    what: 'a dead Stripe',
    breaks: async () => ({ parts: stripeWith(KEYS.test, `http://127.0.0.1:${await getPort()}`) }),
    finds: ['key test'],
    finding: /connection to Stripe/,
    mend: /status\.stripe\.com/,
  },
  {
    what: 'a restricted key that may not read what billing reads',
    breaks: async () => {
      for (const route of ['GET /v1/account', 'GET /v1/payment_methods/:id', 'GET /v1/invoices'])
        await sim('/faults', { route, kind: 'status_403', mode: 'test' });
      return { parts: stripeWith('rk_test_simulator_narrow') };
    },
    finds: ['key_permissions test'],
    finding: /may not read: Payment Methods, Invoices\.$/,
    mend: /Give it these permissions in the Dashboard/,
  },
  {
    what: 'a webhook secret that is cut off',
    breaks: () => {
      const { config } = healthy();
      const test = { secretKey: KEYS.test, webhookSecrets: ['whsec_abc'], priceIds: {} };
      const modes = { ...config.stripe.modes, test };
      return Promise.resolve({ parts: { config: { ...config, stripe: { ...config.stripe, modes } } } });
    },
    finds: ['webhook_secret test'],
    state: 'warning',
    finding: /STRIPE_TEST_WEBHOOK_SECRET is shorter/,
    mend: /Copy the signing secret/,
  },
  {
    what: 'an endpoint that is disabled',
    breaks: changeEndpoint({ disabled: true }, { disabled: false }),
    finds: ['webhook_endpoint test'],
    finding: /we_\w+ is disabled/,
    mend: /Enable it in Stripe's Dashboard \(Developers → Webhooks\)/,
  },
  {
    what: 'an endpoint that is not sent all',
    breaks: changeEndpoint({ enabled_events: ['invoice.paid', 'customer.created'] }, {}),
    finds: ['webhook_events test'],
    finding: /we_\w+ lacks checkout\.session\.completed, /,
    mend: /Add these events/,
  },
  {
    what: 'no endpoint at all',
    breaks: changeEndpoint({ url: 'https://elsewhere.example/hook' }, {}),
    finds: ['webhook_endpoint test'],
    finding: /no webhook endpoint of test mode that ends with \/api\/webhooks\/stripe-test/,
    mend: /setup-stripe --mode test --url https:\/\/your-domain --apply.* STRIPE_TEST_WEBHOOK_SECRET/,
  },
  {
    what: "an endpoint that sends to the other mode's path",
    breaks: addEndpoint(() => ({
      url: 'https://billing.example/api/webhooks/stripe',
      api_version: '2026-10-28.endive',
    })),
    finds: ['webhook_endpoint test'],
    finding: /sends to the other mode's path/,
    mend: /ends with \/api\/webhooks\/stripe-test/,
  },
  {
    what: 'two endpoints to one address',
    breaks: addEndpoint((url) => ({ url, api_version: '2026-10-28.endive' })),
    finds: ['webhook_endpoint test'],
    state: 'warning',
    finding: /more than once/,
    mend: /Delete all endpoints to it but one/,
  },
  {
    what: "an endpoint of the account's default version",
    breaks: addEndpoint(() => ({ url: 'https://billing.example/api/webhooks/stripe-test' })),
    finds: ['webhook_version test'],
    state: 'warning',
    finding: /the account's default version/,
    mend: /Add an endpoint of version 2026-10-28\.endive/,
  },
  {
    what: "a clock of Stripe's that is half a minute ahead",
    breaks: moveStripesClock(30_000),
    finds: ['clock live', 'clock test'],
    state: 'warning',
    finding: /Stripe's clock is (29|30|31) s ahead of/,
    mend: /NTP/,
  },
  {
    what: "a clock of Stripe's that is ten minutes behind",
    breaks: moveStripesClock(-600_000),
    finds: ['clock live', 'clock test'],
    finding: /Stripe's clock is (599|600|601) s behind/,
    mend: /NTP/,
  },
  {
    what: 'a clock of ours that is half a minute behind',
    breaks: () => Promise.resolve({ parts: { now: () => new Date(Date.now() - 30_000) } }),
    finds: ['clock', 'clock live', 'clock test'],
    state: 'warning',
    finding: /clock is (29|30|31) s ahead of/,
    mend: /NTP/,
  },
  {
    what: 'a price that costs something else',
    breaks: async () => {
      await setCpuHour({ unit_price_cents: '12.5' });
      return { undo: () => setCpuHour({ unit_price_cents: '10' }) };
    },
    finds: ['price:cpu_hour test'],
    finding: /price_\w+ is \$0\.10, not \$0\.125 for one unit/,
    mend: /setup-stripe --mode test/,
  },
  {
    what: 'a price that Stripe does not have',
    breaks: async () => {
      const { price } = await cpuHour();
      await setCpuHour({ stripe_price_id: 'price_gone' });
      return { undo: () => setCpuHour({ stripe_price_id: price }) };
    },
    finds: ['price:cpu_hour test'],
    finding: /Stripe has no price price_gone/,
    mend: /setup-stripe --mode test/,
  },
  {
    what: 'a price list that was never set up in Stripe',
    breaks: async () => {
      const { price } = await cpuHour();
      await setCpuHour({ stripe_price_id: null });
      return { undo: () => setCpuHour({ stripe_price_id: price }) };
    },
    finds: ['price:cpu_hour test'],
    finding: /knows no price of it/,
    mend: /setup-stripe --mode test/,
  },
  {
    what: 'a price that is archived',
    breaks: async () => {
      const { price } = await cpuHour();
      await service.stripe.test.prices.update(price, { active: false });
      return { undo: () => service.stripe.test.prices.update(price, { active: true }) };
    },
    finds: ['price:cpu_hour test'],
    finding: /is archived/,
    mend: /Unarchive it/,
  },
  {
    what: 'a product that is archived',
    breaks: async () => {
      const { product } = await cpuHour();
      await service.stripe.test.products.update(product, { active: false });
      return { undo: () => service.stripe.test.products.update(product, { active: true }) };
    },
    finds: ['price:cpu_hour test'],
    finding: /is of a product that is archived/,
    mend: /Unarchive the product/,
  },
  {
    what: 'a meter that is deactivated',
    breaks: async () => {
      const { meter } = await cpuHour();
      await service.stripe.test.billing.meters.deactivate(meter);
      return { undo: () => service.stripe.test.billing.meters.reactivate(meter) };
    },
    finds: ['price:cpu_hour test'],
    finding: /has a meter that is deactivated/,
    mend: /Reactivate the meter/,
  },
  {
    what: 'an api that does not run',
    breaks: async () => ({ parts: { apiUrl: `http://127.0.0.1:${await getPort()}` } }),
    finds: ['api'],
    finding: /does not answer \(ECONNREFUSED\)/,
    mend: /Start it .*--url/,
  },
  {
    what: 'an api that lives and does not reach what it needs',
    breaks: async () => {
      const { url, undo } = await answering((path) => (path === '/readyz' ? 503 : 200));
      return { parts: { apiUrl: url }, undo };
    },
    finds: ['api_ready'],
    finding: /does not reach all it needs: .*database/,
    mend: /DATABASE_URL and TEMPORAL_ADDRESS/,
  },
  {
    what: 'a host product that does not run',
    breaks: async () => ({ parts: await withHook(`http://127.0.0.1:${await getPort()}/secret-path`) }),
    finds: ['host_hook test'],
    finding: /does not answer \(ECONNREFUSED\)/,
    mend: /HOST_TEST_WEBHOOK_URL/,
  },
  {
    what: 'a host product that fails',
    breaks: async () => {
      const { url, undo } = await answering(() => 502);
      return { parts: await withHook(`${url}/secret-path`), undo };
    },
    finds: ['host_hook test'],
    state: 'warning',
    finding: /answers 502/,
    mend: /HOST_TEST_WEBHOOK_URL/,
  },
];

describe('finds, and says how to mend it:', () => {
  test.each(CASES)('$what', async ({ breaks, finds, state = 'problem', finding, mend }) => {
    await everythingOk();
    const { parts = {}, undo } = await breaks();
    try {
      const found = await findingsOf({ ...healthy(), ...parts });
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
  const { config, stripe } = healthy();
  const only = (
    modes: DoctorParts['config']['stripe']['modes'],
    clients: DoctorParts['stripe'],
  ): DoctorParts => ({
    ...healthy(),
    config: { ...config, stripe: { ...config.stripe, modes } },
    stripe: clients,
  });
  const test = only({ ...config.stripe.modes, live: null }, { ...stripe, live: null });
  expect((await findingsOf(test)).size).toBe(0);
  const off = (await checksOf(test))
    .filter(({ mode }) => mode === 'live')
    .map(({ id, finding }) => [id, finding]);
  expect(off).toEqual([
    ['key', 'Not configured: STRIPE_SECRET_KEY is not set.'],
    ['host_hook', expect.stringMatching(/Not configured: HOST_WEBHOOK_URL/)],
  ]);
  const none = await findingsOf(only({ live: null, test: null }, { live: null, test: null }));
  expect([...none.keys()]).toEqual(['key live', 'key test']);
  expect(none.get('key test')?.mend).toMatch(/Set STRIPE_TEST_SECRET_KEY and STRIPE_TEST_WEBHOOK_SECRET/);
});

test('sends the host product no message', async () => {
  const { url, seen, undo } = await answering(() => 405);
  try {
    expect((await findingsOf({ ...healthy(), ...(await withHook(url)) })).size).toBe(0);
    expect(seen).toEqual(['OPTIONS']);
  } finally {
    await undo();
  }
});

test('writes nothing, neither in Stripe nor in Temporal', async () => {
  const requests = async () =>
    (
      (await (await fetch(`${service.simulatorUrl}/_sim/requests`)).json()) as {
        requests: { method: string }[];
      }
    ).requests;
  const before = (await requests()).length;
  const workflows = (await service.temporal.workflow.count('')).count;
  await checksOf({ ...healthy(), ...stripeWith('rk_test_simulator_wide') });
  const methods = (await requests()).slice(before).map(({ method }) => method);
  expect(methods.length).toBeGreaterThan(20);
  expect(new Set(methods)).toEqual(new Set(['GET']));
  expect((await service.temporal.workflow.count('')).count).toBe(workflows);
});
