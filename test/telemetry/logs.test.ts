import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  CARDS,
  type Customer,
  PERSON,
  settled,
  simulate,
  stateIs,
  subscribedCustomer,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { billGpuHour, pastDueCustomer } from '../../chaos/world/usage.ts';
import { type ServiceProcesses, startServiceProcesses } from '../support/service-processes.ts';
import { startTraceCollector, type TraceCollector } from '../support/trace-collector.ts';
import { jsonOf } from '../workflows/histories.ts';

let collector: TraceCollector;
let service: ServiceProcesses;
let customer: Customer;
beforeAll(async () => {
  collector = await startTraceCollector();
  service = await startServiceProcesses({
    LOG_LEVEL: 'debug',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
  customer = await subscribedCustomer(service);
});
afterAll(async () => {
  await service.stop();
  await collector.close();
});

type Line = Readonly<Record<string, unknown>>;

const linesOf = (part: 'api' | 'worker') => service.linesOf(part).map((line) => JSON.parse(line) as Line);

/** Waits for lines of that message that fit. */
const logged = (part: 'api' | 'worker', message: string, fits: (line: Line) => boolean = () => true) =>
  eventually(
    `"${message}" in the log of the ${part}`,
    async () => linesOf(part).filter((line) => line['msg'] === message && fits(line)),
    (lines) => lines.length > 0,
  );

test('what api and worker say of the same event is joined by its ids and its trace', async () => {
  const [received] = await logged('api', 'event received', ({ eventType, customerId }) =>
    [eventType === 'checkout.session.completed', customerId === customer.stripeCustomerId].every(Boolean),
  );
  const { eventId } = received ?? {};
  expect(received).toMatchObject({
    mode: 'test',
    customerId: customer.stripeCustomerId,
    workflowId: `customer-billing:test:${customer.stripeCustomerId}`,
    traceId: expect.stringMatching(/^[\da-f]{32}$/) as unknown,
    ignored: null,
  });
  const [look] = await logged('worker', 'activity done', ({ eventIds, activity }) =>
    [activity === 'lookAtCustomer', Array.isArray(eventIds) && eventIds.includes(eventId)].every(Boolean),
  );
  expect(look).toMatchObject({
    level: 20,
    attempt: 1,
    taskQueue: 'billing',
    mode: 'test',
    customerId: customer.stripeCustomerId,
    workflowId: received?.['workflowId'],
    runId: expect.stringMatching(/^[\da-f-]{36}$/) as unknown,
    traceId: expect.stringMatching(/^[\da-f]{32}$/) as unknown,
  });
});

test('an attempt that Stripe failed is one line, with Stripe’s id of the request', async () => {
  const fault = { route: 'GET /v1/customers/:id', kind: 'status_500', count: 1 };
  await simulate(service, 'faults', fault);
  await billGpuHour(service, customer);
  await settled(service, customer);
  const failed = await logged('worker', 'activity failed', ({ activity }) => activity === 'lookAtCustomer');
  expect(failed).toHaveLength(1);
  expect(failed[0]).toMatchObject({
    level: 40,
    attempt: 1,
    customerId: customer.stripeCustomerId,
    requestId: expect.stringMatching(/^req_/) as unknown,
    cause: { type: 'ApplicationFailure' },
  });
  expect(linesOf('worker').filter(({ msg }) => msg === 'Activity failed')).toEqual([]);
});

test('what PostgreSQL refuses is told by code and constraint, in worker and api', async () => {
  const constrain = (condition: string) =>
    sql`ALTER TABLE users ADD CONSTRAINT made_by_a_test CHECK (${sql.raw(condition)}) NOT VALID`.execute(
      service.db,
    );
  const release = () => sql`ALTER TABLE users DROP CONSTRAINT made_by_a_test`.execute(service.db);
  const told = {
    code: '23514',
    message: 'PostgreSQL refused with 23514, table users, constraint made_by_a_test',
  };

  await constrain(`status <> 'past_due'`);
  const underWay = pastDueCustomer(service, 'test');
  const [failed] = await logged('worker', 'activity failed', ({ activity }) => activity === 'saveStanding');
  expect(failed).toMatchObject({ cause: told });
  await release();
  await stateIs(service, await underWay, 'past due', ({ status }) => status === 'past_due');

  await constrain(`name <> 'Perdita Marked'`);
  const answer = await fetch(`${service.apiUrl}/api/users/somebody@example.net`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${service.apiKeys.test}`, 'content-type': 'application/json' },
    body: JSON.stringify({ email: PERSON.email, name: 'Perdita Marked' }),
  });
  await release();
  expect(answer.status).toBe(500);
  const lines = linesOf('api').filter(({ code }) => code === 'internal_error');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 50, cause: told });
});

const MARKS = [
  PERSON.email,
  'Lovelace',
  'Perdita',
  'somebody',
  CARDS.good,
  CARDS.declinesCharges,
  'last4',
  'exp_month',
];

test('after all this no line of api or worker holds a person or a card', () => {
  const lines = [...service.linesOf('api'), ...service.linesOf('worker')].join('\n').toLowerCase();
  expect(lines.length).toBeGreaterThan(10_000);
  expect(MARKS.filter((mark) => lines.includes(mark.toLowerCase()))).toEqual([]);
});

test('nor does a history in Temporal, its failures included', async () => {
  const found: string[] = [];
  let failures = 0;
  for await (const { workflowId, runId } of service.temporal.workflow.list()) {
    const history = await service.temporal.workflow.getHandle(workflowId, runId).fetchHistory();
    const text = jsonOf(history)
      .replaceAll(/"data": "([^"]*)"/g, (_, data: string) => Buffer.from(data, 'base64').toString('utf8'))
      .toLowerCase();
    if (text.includes('postgresql refused')) failures += 1;
    for (const mark of MARKS) if (text.includes(mark.toLowerCase())) found.push(`${mark} in ${workflowId}`);
  }
  expect(found).toEqual([]);
  expect(failures).toBeGreaterThan(0);
});
