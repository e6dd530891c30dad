import { right, table } from '../cli/console.ts';
import { type CloseFigures, type LimitedClose, STRIPE_LIMITS } from './close.ts';
import { type CloseRates, closeSeconds, inHours } from './close-time.ts';
import { describe } from './machine.ts';
import type { MeasuredClose } from './measured-close.ts';
import { medianOf } from './statistics.ts';

/** A bill takes one request to each of three endpoints, so what one of them takes is what all of it can reach. */
const MOST_PER_SECOND = STRIPE_LIMITS.perEndpoint;
/** Closes that nobody measures, worked out. */
const WORKED_OUT = [100_000, 1_000_000] as const;

const freezingRate = ({ customers, freezingSeconds }: MeasuredClose) => customers / freezingSeconds;
const chargingRate = ({ customers, chargingSeconds }: MeasuredClose) => customers / chargingSeconds;
const closeRate = (close: MeasuredClose) => close.customers / close.closeSeconds;

/** The figures as a person reads them. */
export function reportClose({ machine, options, limited, unlimited }: CloseFigures): string {
  const sizes = [...new Set(unlimited.map(({ customers }) => customers))].map((customers) =>
    unlimited.filter((close) => close.customers === customers),
  );
  return [
    `Medians of ${options.runs} runs. ${describe(machine)}`,
    '',
    limitedTable(limited),
    '',
    speedTable(sizes),
    '',
    costTable(sizes),
    '',
    cpuTable(sizes),
    '',
    workedOut({
      freezing: medianOf(sizes.at(-1) ?? [], freezingRate),
      charging: medianOf(limited, chargingRate),
    }),
  ].join('\n');
}

function limitedTable(limited: readonly LimitedClose[]): string {
  const of = (figure: (close: LimitedClose) => number) => medianOf(limited, figure);
  const share = (of(chargingRate) / MOST_PER_SECOND) * 100;
  const requests = of(({ traffic }) => traffic.requests);
  return table(
    [{ name: `${count(of(({ customers }) => customers))} customers under Stripe's limits` }, { name: '' }],
    [
      ['charged per second', `${of(chargingRate).toFixed(1)}, ${share.toFixed(0)} % of ${MOST_PER_SECOND}`],
      [
        'whole close',
        `${seconds(of((close) => close.closeSeconds))}, ${of(closeRate).toFixed(1)} per second`,
      ],
      [
        'Stripe requests',
        `${count(requests)}, ${of(({ customers, traffic }) => traffic.requests / customers).toFixed(2)} per customer`,
      ],
      ['answered 429', count(of(({ traffic }) => traffic.refused))],
      ['most in any one second', count(of(({ traffic }) => traffic.mostInASecond))],
      ['to one endpoint', count(of(({ traffic }) => traffic.mostInASecondOfOneEndpoint))],
    ],
  );
}

function speedTable(sizes: readonly (readonly MeasuredClose[])[]): string {
  const first = medianOf(sizes[0] ?? [], closeRate);
  return table(
    [
      right('Customers, without limits'),
      right('freezing'),
      right('per second'),
      right('charging'),
      right('per second'),
      right('whole close'),
      right('per second'),
      right('through the first'),
    ],
    sizes.map((closes) => [
      count(medianOf(closes, ({ customers }) => customers)),
      seconds(medianOf(closes, ({ freezingSeconds }) => freezingSeconds)),
      medianOf(closes, freezingRate).toFixed(1),
      seconds(medianOf(closes, ({ chargingSeconds }) => chargingSeconds)),
      medianOf(closes, chargingRate).toFixed(1),
      seconds(medianOf(closes, (close) => close.closeSeconds)),
      medianOf(closes, closeRate).toFixed(1),
      (medianOf(closes, closeRate) / first).toFixed(2),
    ]),
  );
}

function costTable(sizes: readonly (readonly MeasuredClose[])[]): string {
  const mb = (value: number) => `${value.toFixed(0)} MB`;
  return table(
    [
      right('Customers, without limits'),
      right('worker: first third'),
      right('last third'),
      right('peak'),
      right('events per customer'),
      right('actions per customer'),
      right('workflows'),
      right('runs'),
      right('longest history'),
    ],
    sizes.map((closes) => [
      count(medianOf(closes, ({ customers }) => customers)),
      mb(medianOf(closes, ({ workerMemory }) => workerMemory.firstThirdMedianMb)),
      mb(medianOf(closes, ({ workerMemory }) => workerMemory.lastThirdMedianMb)),
      mb(medianOf(closes, ({ workerMemory }) => workerMemory.peakMb)),
      medianOf(closes, ({ customers, histories }) => histories.events / customers).toFixed(2),
      medianOf(closes, ({ customers, histories }) => histories.billableActions / customers).toFixed(3),
      count(medianOf(closes, ({ histories }) => histories.workflows)),
      count(medianOf(closes, ({ histories }) => histories.runs)),
      count(medianOf(closes, ({ histories }) => histories.longestHistory)),
    ]),
  );
}

function cpuTable(sizes: readonly (readonly MeasuredClose[])[]): string {
  const ms = (closes: readonly MeasuredClose[], part: keyof MeasuredClose['cpuMsPerCustomer']) =>
    `${medianOf(closes, ({ cpuMsPerCustomer }) => cpuMsPerCustomer[part]).toFixed(1)} ms`;
  return table(
    [
      right('Processor time per customer'),
      right('worker'),
      right('PostgreSQL'),
      right('Temporal'),
      right('Stripe simulator'),
    ],
    sizes.map((closes) => [
      count(medianOf(closes, ({ customers }) => customers)),
      ms(closes, 'worker'),
      ms(closes, 'postgres'),
      ms(closes, 'temporal'),
      ms(closes, 'stripeSimulator'),
    ]),
  );
}

function workedOut(rates: CloseRates): string {
  const times = WORKED_OUT.map(
    (customers) => `${inHours(closeSeconds(customers, rates))} for ${count(customers)} customers`,
  );
  return [
    `Worked out: ${times.join(', ')},`,
    `with ${rates.freezing.toFixed(0)} a second frozen and ${rates.charging.toFixed(1)} charged, as Stripe's limits let them.`,
  ].join('\n');
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}
