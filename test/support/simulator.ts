import { createStripeClient } from '../../activities/stripe-client.ts';
import type { BothStripeClients } from '../../chaos/world/running-billing.ts';
import type { FaultKind } from '../../stripe-simulator/faults.ts';
import type { LoggedRequest } from '../../stripe-simulator/request-log.ts';
import { startStripeSimulator } from '../../stripe-simulator/server.ts';
import { conformance } from '../stripe-simulator/openapi/conformance.ts';

export type { FaultKind } from '../../stripe-simulator/faults.ts';
export type { LoggedRequest } from '../../stripe-simulator/request-log.ts';

/** A Stripe of a test file's own, reached over HTTP with the clients that the worker uses. */
export interface TestSimulator {
  readonly url: string;
  readonly stripe: BothStripeClients;
  /** Strikes the next `count` (1) requests to `route`, such as `POST /v1/invoices/:id/finalize`. */
  fault(
    route: string,
    kind: FaultKind,
    options?: { readonly count?: number; readonly reason?: string | null; readonly latencyMs?: number },
  ): Promise<void>;
  clearFaults(): Promise<void>;
  /** What is due by then happens, and keys that are older than a day are forgotten. */
  setClock(now: Date): Promise<void>;
  /** What `action` asked of Stripe, oldest first. */
  requestsDuring(action: () => Promise<unknown>): Promise<LoggedRequest[]>;
  /** What a person does on the hosted page. */
  completeCheckout(sessionId: string, cardNumber: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a simulator that charges no invoice by itself: a test says when one is paid. A request of ours that is not as
 * Stripe describes it fails the test.
 */
export async function startTestSimulator(): Promise<TestSimulator> {
  const simulator = await startStripeSimulator({
    collectionDelayMs: 24 * 60 * 60_000,
    observer: conformance,
  });
  const { baseUrl: url } = simulator;

  async function sim(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${url}/_sim${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    if (response.ok) return await response.json();
    throw new Error(`${method} /_sim${path}: ${response.status} ${await response.text()}`);
  }

  async function requestsAfter(sequence: number): Promise<LoggedRequest[]> {
    const answer = (await sim('GET', `/requests?after=${sequence}`)) as {
      readonly requests: LoggedRequest[];
    };
    return answer.requests;
  }

  return {
    url,
    stripe: {
      live: createStripeClient({ mode: 'live', secretKey: simulator.liveKey, apiBase: url }),
      test: createStripeClient({ mode: 'test', secretKey: simulator.testKey, apiBase: url }),
    },
    async fault(route, kind, options = {}) {
      await sim('POST', '/faults', { route, kind, ...options });
    },
    async clearFaults() {
      await sim('DELETE', '/faults');
    },
    async setClock(now) {
      await sim('POST', '/clock', { now: now.toISOString() });
    },
    async requestsDuring(action) {
      const before = (await requestsAfter(0)).at(-1)?.sequence ?? 0;
      await action();
      return await requestsAfter(before);
    },
    async completeCheckout(sessionId, cardNumber) {
      await sim('POST', `/checkout/${sessionId}/complete`, { cardNumber });
    },
    stop: () => simulator.stop(),
  };
}

/** `POST /v1/invoices`, for comparing what was asked with what should have been. */
export function namesOf(requests: readonly LoggedRequest[]): string[] {
  return requests.map(({ method, path }) => `${method} ${path}`);
}

/** Those that may change something: all but reads. */
export function writesAmong(requests: readonly LoggedRequest[]): LoggedRequest[] {
  return requests.filter(({ method }) => method !== 'GET');
}
