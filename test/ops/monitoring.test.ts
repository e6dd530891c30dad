import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CARDS, newCustomer, settled, simulate, subscribedCustomer } from '../../chaos/world/customers.ts';
import { useGpu } from '../../chaos/world/usage.ts';
import { saveReconciliation } from '../../db/reconciliation.ts';
import { saveFindings } from '../../db/reconciliation-findings.ts';
import { periodClosedAt } from '../../domain/billing-period.ts';
import { FIRST_PAGE } from '../../domain/reconciliation.ts';
import { WEBHOOK_PATHS } from '../../domain/stripe-event.ts';
import { type ServiceProcesses, startServiceProcesses } from '../support/service-processes.ts';
import { type Matcher, parseQuery } from './promql.ts';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string; readonly runbook_url?: string };
}
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const fileOf = (name: string) => readFile(new URL(`../../${name}`, import.meta.url), 'utf8');
const { groups } = parse(await fileOf('ops/prometheus-alerts.yml')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const alerts = rules.filter((rule) => rule.alert !== undefined);
const { panels } = JSON.parse(await fileOf('ops/grafana-dashboard.json')) as { panels: Panel[] };
const runbook = await fileOf('docs/monitoring.md');
const reference = await fileOf('docs/metrics.md');

/** Grafana's variables stand for what a person chooses. */
const chosen = (expr: string) => expr.replaceAll('$mode', 'live|test').replaceAll('$__rate_interval', '1m');
const queries = [
  ...rules.map(({ alert, record, expr }) => [alert ?? record ?? '', expr] as const),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, chosen(expr)] as const)),
];

/** What no scrape of these tests can show: Prometheus' own, and what would take a broken workflow. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  up: ['job', 'instance'],
  temporal_workflow_task_execution_failed_total: ['workflow_type', 'task_queue', 'namespace'],
};
/** Prometheus adds these to whatever it scrapes. */
const ADDED = ['job', 'instance'];
/** Values of labels that would take a part to be gone. */
const NOT_PROVOKED = new Set(['outcome=~"refused_5.."', 'why="database"']);

/** Series by the name under which a query finds them, `_bucket` included. */
let series: Map<string, Record<string, string>[]>;
/** The names under which they were registered. */
let registered: string[];
let service: ServiceProcesses;

/** Makes what there is to see: each metric has a series, and each of the labels that queries ask for a value. */
async function provoke(): Promise<void> {
  const { db, apiUrl } = service;
  const customer = await subscribedCustomer(service);
  await useGpu(service, customer, periodClosedAt(new Date()), '1');
  await fetch(`${apiUrl}/api/usage-events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.apiKeys.test}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      events: [
        {
          id: 'seen',
          userId: customer.userId,
          product: 'cpu_hour',
          quantity: '1',
          occurredAt: new Date().toISOString(),
        },
      ],
    }),
  });
  // More than are kept in a minute.
  for (let sent = 0; sent < 70; sent += 1)
    await fetch(`${apiUrl}${WEBHOOK_PATHS.test}`, { method: 'POST', body: '{}' });
  for (const kind of ['status_429', 'status_500'])
    await simulate(service, 'faults', { route: 'GET /v1/customers/:id', kind, count: 1 });
  const other = await newCustomer(service);
  await simulate(service, `checkout/${other.checkout.id}/complete`, { cardNumber: CARDS.good });
  await settled(service, other);
  await simulate(service, 'faults', { route: 'POST /v1/checkout/sessions', kind: 'status_403', count: 1 });
  await newCustomer(service).catch(() => undefined);
  const finding = { userId: null, objectId: 'in_1', what: 'It is so.', proposal: 'Void it.' };
  await saveFindings(db, 'test', [{ ...finding, code: 'second_invoice', fix: 'proposed' }], new Date());
  const run = {
    eventsThrough: 1,
    objectsComparedAt: 1,
    lastFullRunAtMs: 1,
    meters: FIRST_PAGE,
    metersSinceMs: null,
  };
  await saveReconciliation(db, 'test', run, new Date());
}

beforeAll(async () => {
  service = await startServiceProcesses();
  await provoke();
  const pages = [
    ['billing-api', service.apiUrl],
    ['billing-worker', service.workerUrl],
  ] as const;
  series = new Map();
  registered = [];
  for (const [job, url] of pages) {
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const [, name = ''] of text.matchAll(/^# TYPE (\w+) /gm)) registered.push(name);
    for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
      const found = Object.fromEntries(
        [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => [label, value]),
      );
      series.set(name, [...(series.get(name) ?? []), { ...found, job, instance: url }]);
    }
  }
});
afterAll(() => service.stop());

test.each(queries)('%s asks for metrics, labels and values that api and worker export: %s', (_name, expr) => {
  const { selectors, groupedBy } = parseQuery(expr);
  expect(selectors.length).toBeGreaterThan(0);
  const known = new Set(ADDED);
  for (const { metric, matchers } of selectors) {
    const found = series.get(metric) ?? [];
    const labels = ELSEWHERE[metric] ?? found.flatMap((each) => Object.keys(each));
    expect([metric, labels.length > 0]).toEqual([metric, true]);
    for (const label of labels) known.add(label);
    for (const matcher of matchers) {
      expect(labels).toContain(matcher.label);
      const isShown = found.some((each) => fits(matcher, each[matcher.label] ?? ''));
      if (ELSEWHERE[metric] === undefined && !NOT_PROVOKED.has(textOf(matcher)))
        expect([textOf(matcher), isShown]).toEqual([textOf(matcher), true]);
    }
  }
  for (const label of groupedBy) expect([...known]).toContain(label);
});

const textOf = ({ label, operator, value }: Matcher) => `${label}${operator}"${value}"`;

function fits({ operator, value }: Matcher, actual: string): boolean {
  return operator === '=~' ? new RegExp(`^(?:${value})$`).test(actual) : operator === '=' && actual === value;
}

test.each(alerts.map((rule) => [rule.alert, rule] as const))(
  '%s says what it means, how soon, and leads to what is to be done',
  (alert, { labels, annotations }) => {
    expect(['page', 'ticket']).toContain(labels?.severity);
    expect(annotations?.summary).toMatch(/^.{20,}\.$/);
    expect(annotations?.runbook_url).toBe(`docs/monitoring.md#${alert?.toLowerCase()}`);
  },
);

test('the runbook has a section for each alert, with words, and none beside', () => {
  const sections = runbook.slice(runbook.indexOf('\n## Alerts')).split('\n### ').slice(1);
  expect(sections.map((section) => section.split('\n')[0])).toEqual(alerts.map(({ alert }) => alert));
  for (const section of sections) expect(section.split('\n').slice(1).join(' ').length).toBeGreaterThan(100);
});

test('docs/metrics.md lists every metric of ours, and its labels', () => {
  const rows = [...reference.matchAll(/^\| `(billing_\w+)` \| ([\w, ]+) \|/gm)].map(
    ([, name = '', labels = '']) => [name, labels.split(', ').toSorted().join(', ')],
  );
  const exported = registered
    .filter((name) => name.startsWith('billing_'))
    .map((name) => {
      const shown = series.get(name) ?? series.get(`${name}_count`) ?? [];
      const labels = new Set(shown.flatMap((each) => Object.keys(each)));
      return [
        name,
        [...labels]
          .filter((label) => !ADDED.includes(label))
          .toSorted()
          .join(', '),
      ];
    });
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(exported));
});

test('ops/prometheus.yml scrapes the ports and jobs that there are, and loads the rules', async () => {
  const example = parse(await fileOf('ops/prometheus.yml')) as {
    rule_files: string[];
    scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[];
  };
  const compose = parse(await fileOf('docker-compose.yml'), { merge: true }) as {
    services: Record<string, { environment: Record<string, string> }>;
  };
  expect(example.rule_files).toEqual(['prometheus-alerts.yml']);
  const scraped = example.scrape_configs.map(({ job_name, dns_sd_configs }) => [job_name, dns_sd_configs[0]]);
  expect(scraped).toEqual([
    [
      'billing-api',
      expect.objectContaining({ names: ['api'], port: Number(compose.services['api']?.environment['PORT']) }),
    ],
    [
      'billing-worker',
      expect.objectContaining({
        names: ['worker'],
        port: Number(compose.services['worker']?.environment['WORKER_METRICS_PORT']),
      }),
    ],
  ]);
});
