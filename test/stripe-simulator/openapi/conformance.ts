/**
 * Makes every test of a file fail whose exchanges or events are not as Stripe describes them. `support.ts` imports this,
 * and every simulator of a test is started there, so that no test can forget it.
 */
import { afterAll, afterEach } from 'vitest';
import { decodeForm } from '../../../stripe-simulator/form.ts';
import type { SimulatorObserver } from '../../../stripe-simulator/observer.ts';
import { Validator } from './validator.ts';

const validator = new Validator();
const seen = new Set<string>();
let complaints: string[] = [];

/** To be given to every simulator that a test starts. */
export const conformance: SimulatorObserver = {
  exchange(exchange) {
    complain(validator.exchange(exchange).complaints);
  },
  event(event) {
    complain(validator.event(event));
  },
};

/** For a simulator in a process of its own: `fetch` that checks what it sends and gets. */
export async function conformingFetch(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(url, init);
  const { pathname, search } = new URL(request.url);
  const form = request.method === 'POST' ? await request.clone().text() : search.slice(1);
  const response = await fetch(request);
  conformance.exchange?.({
    method: request.method,
    path: pathname,
    parameters: decodeForm(form),
    status: response.status,
    contentType: response.headers.get('content-type') ?? '',
    body: await response.clone().text(),
    fault: null,
  });
  return response;
}

/** Each complaint once: a wrong object is sent again and again. */
function complain(found: readonly string[]): void {
  for (const complaint of found) {
    if (seen.has(complaint)) continue;
    seen.add(complaint);
    complaints.push(complaint);
  }
}

/** @throws if anything was not as Stripe describes it since the last call. */
function expectConformance(): void {
  const found = complaints;
  complaints = [];
  if (found.length > 0) throw new Error(`not as Stripe describes it:\n${found.join('\n')}`);
}

afterEach(expectConformance);
afterAll(expectConformance);
