import { right, table } from '../cli/console.ts';
import { describe } from './machine.ts';
import type { Acknowledging, Rate, WebhookFigures } from './webhook.ts';

/** What the api is to reach, beside the bare loop. */
const LEAST_THROUGHPUT = 0.95;
const MOST_P99 = 1.3;

/** The figures as a person reads them. */
export function reportWebhooks(figures: WebhookFigures): string {
  const { machine, options, bodyBytes, acknowledging, burst } = figures;
  return [
    options.topology === 'dev'
      ? "Temporal's development server, on SQLite."
      : 'The production topology: Temporal on PostgreSQL.',
    `Medians of ${options.runs} runs of ${options.events} events each, of ${bodyBytes} bytes, about ${options.customers} customers. ${describe(machine)}`,
    '',
    table(
      [
        right('At a time'),
        { name: '' },
        right('per second'),
        right('p50'),
        right('p99'),
        right('sent again'),
        right('CPU: sender'),
        right('api'),
        right('Temporal'),
      ],
      acknowledging.flatMap(rowsOf),
    ),
    '',
    ...acknowledging.map(verdict),
    '',
    table(
      [{ name: `A burst of ${burst.events} over ${burst.customers} customers` }, right('')],
      [
        ['acknowledged per second', burst.acknowledgedPerSecond.toFixed(0)],
        ['sent again, after a 503', String(burst.sentAgain)],
        ['applied per second', burst.appliedPerSecond.toFixed(0)],
        ['activities per event', burst.activitiesPerEvent.toFixed(2)],
        ['Stripe requests per event', burst.stripeRequestsPerEvent.toFixed(2)],
      ],
    ),
  ].join('\n');
}

function rowsOf({ atATime, api, bare }: Acknowledging): string[][] {
  return [
    [String(atATime), 'api', ...cellsOf(api)],
    ['', 'bare loop', ...cellsOf({ ...bare, cpuMs: { ...bare.cpuMs, api: null } })],
  ];
}

function cellsOf({ perSecond, p50Ms, p99Ms, sentAgain, cpuMs }: Rate): string[] {
  const ms = (value: number | null) => (value === null ? '' : `${value.toFixed(2)} ms`);
  return [
    perSecond.toFixed(0),
    `${p50Ms.toFixed(1)} ms`,
    `${p99Ms.toFixed(1)} ms`,
    String(sentAgain),
    ms(cpuMs.sender),
    ms(cpuMs.api),
    ms(cpuMs.temporal),
  ];
}

function verdict({ atATime, throughput, p99 }: Acknowledging): string {
  const isReached = throughput >= LEAST_THROUGHPUT && p99 <= MOST_P99;
  return `${atATime} at a time: ${(throughput * 100).toFixed(0)} % of the bare loop's throughput, ${p99.toFixed(2)} × its p99: ${isReached ? 'reached' : 'missed'}.`;
}
