import type { StackFile } from '../../config/stack-file.ts';
import { requestJson } from '../../stack/json-request.ts';
import { askUntil } from '../../stack/waiting.ts';

/** The demo found something that is not as it must be. */
class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
}

/** @throws DemoFailure with what was expected. */
export function check(condition: boolean, expectation: string): asserts condition {
  if (!condition) throw new DemoFailure(`Not as it must be: ${expectation}`);
}

/** What is looked at of the answer of `GET /api/users/{userId}/billing`; `owedCents` in cents. */
export interface Billing {
  readonly status: string;
  readonly clusterId: string | null;
  readonly stripeCustomerId: string | null;
  readonly stripeSubscriptionId: string | null;
  readonly owedCents: number;
}

/** A bill as `GET /api/users/{userId}/bills` answers it, amounts in cents, quantities and unit prices as decimals in a string. */
export interface Bill {
  readonly id: string;
  readonly period: string;
  readonly status: string;
  readonly totalCents: number;
  readonly stripeInvoiceId: string | null;
  readonly lines: readonly {
    readonly product: string;
    readonly quantity: string;
    readonly unitPrice: string;
    readonly amountCents: number;
    readonly description: string;
  }[];
}

/** The service as a host product sees it: its HTTP interface, with an API key. Each call throws RefusedError when it is refused. */
export class Service {
  readonly #stack: StackFile;

  constructor(stack: StackFile) {
    this.#stack = stack;
  }

  registerUser = (userId: string, user: { readonly email: string; readonly name: string }) =>
    this.#request<unknown>('PUT', `/api/users/${userId}`, user);

  startCheckout = (userId: string) =>
    this.#request<{ readonly id: string; readonly url: string }>(
      'POST',
      `/api/users/${userId}/checkout-sessions`,
      {
        mode: 'setup',
        successUrl: 'https://host.example/billing/done',
        cancelUrl: 'https://host.example/billing',
      },
    );

  billing = (userId: string) => this.#request<Billing>('GET', `/api/users/${userId}/billing`);

  bills = async (userId: string) =>
    (await this.#request<{ readonly bills: readonly Bill[] }>('GET', `/api/users/${userId}/bills`)).bills;

  sendUsage = (events: readonly object[]) =>
    this.#request<{
      readonly accepted: number;
      readonly duplicates: number;
      readonly rejected: readonly unknown[];
    }>('POST', '/api/usage-events', { events });

  async #request<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.#stack.apiKey}` };
    return await requestJson<Answer>(method, `${this.#stack.apiUrl}${path}`, { body, headers });
  }
}

/**
 * Asks until the answer is as it should be.
 *
 * @throws DemoFailure after a minute, with the last answer.
 */
export async function waitFor<Answer>(
  what: string,
  ask: () => Promise<Answer>,
  isThere: (answer: Answer) => boolean,
): Promise<Answer> {
  const last = await askUntil(ask, isThere, { patienceMs: 60_000, pauseMs: 100 });
  if (isThere(last)) return last;
  throw new DemoFailure(`Waited a minute for ${what}; last answer: ${JSON.stringify(last)}`);
}
