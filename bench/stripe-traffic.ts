import type { SimulatorControl } from '../stack/simulator-control.ts';
import { meanwhile } from '../stack/waiting.ts';
import type { LoggedRequest } from '../stripe-simulator/request-log.ts';

/** Requests that came to the simulator. */
export interface StripeTraffic {
  readonly requests: number;
  /** Of them, those answered with 429. */
  readonly refused: number;
  /** The most that came within any one second. */
  readonly mostInASecond: number;
  /** The same of any one method and path. */
  readonly mostInASecondOfOneEndpoint: number;
}

/** What is looked at of a request. Not its parameters, which are the most of it. */
export type SeenRequest = Pick<LoggedRequest, 'sequence' | 'at' | 'method' | 'path' | 'status'>;

const POLL_MS = 5_000;

/** What Stripe's stand-in is asked while `work` goes on. */
export async function stripeTrafficDuring<Result>(
  simulator: SimulatorControl,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly traffic: StripeTraffic }> {
  let last = await simulator.lastSequence();
  const seen: SeenRequest[] = [];
  const look = async (): Promise<void> => {
    for (const { sequence, at, method, path, status } of await simulator.requestsAfter(last)) {
      seen.push({ sequence, at, method, path, status });
      last = sequence;
    }
  };
  const result = await meanwhile(work(), POLL_MS, look);
  await look();
  return { result, traffic: trafficOf(seen) };
}

/** Of all requests that were seen; invoices count as one endpoint, as Stripe's limits have it, whatever their ids. */
export function trafficOf(seen: readonly SeenRequest[]): StripeTraffic {
  const endpointOf = ({ method, path }: SeenRequest) =>
    `${method} ${path.replace(/\/in_[^/]+/, '/:invoice')}`;
  const endpoints = [...new Set(seen.map(endpointOf))];
  return {
    requests: seen.length,
    refused: seen.filter(({ status }) => status === 429).length,
    mostInASecond: mostInASecond(seen),
    mostInASecondOfOneEndpoint: Math.max(
      0,
      ...endpoints.map((endpoint) => mostInASecond(seen.filter((each) => endpointOf(each) === endpoint))),
    ),
  };
}

function mostInASecond(seen: readonly SeenRequest[]): number {
  const times = seen.map(({ at }) => Date.parse(at)).toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [index, time] of times.entries()) {
    while ((times[first] ?? time) <= time - 1_000) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
