/** What the simulator's tests share: the official SDK over HTTP, a webhook receiver, and the `/_sim` routes. */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import Stripe from 'stripe';
import { z } from 'zod';
import type { SimulatorOptions, StripeSimulator } from '../../stripe-simulator/server.ts';
import { startStripeSimulator } from '../../stripe-simulator/server.ts';
import { conformance } from './openapi/conformance.ts';

/** The official SDK against the simulator; without its own retries, so that every answer is seen. */
export function sdk(simulator: StripeSimulator, key: string = simulator.testKey): Stripe {
  const { host, port } = simulator;
  return new Stripe(key, { host, port, protocol: 'http', maxNetworkRetries: 0 });
}

/** A simulator of a test's own, with everything to talk to it; it stops at the end of an `await using`. */
export interface TestSimulator extends AsyncDisposable {
  simulator: StripeSimulator;
  /** Test mode. */
  stripe: Stripe;
  /** Live mode. */
  live: Stripe;
  sim: SimRoutes;
}

/** Charges 5 ms after finalization. Whatever it takes and says is checked against Stripe's description. */
export async function startTestSimulator(options: SimulatorOptions = {}): Promise<TestSimulator> {
  const simulator = await startStripeSimulator({ collectionDelayMs: 5, observer: conformance, ...options });
  return {
    simulator,
    stripe: sdk(simulator),
    live: sdk(simulator, simulator.liveKey),
    sim: simRoutes(simulator.baseUrl),
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}

const requestSchema = z.looseObject({
  sequence: z.number(),
  method: z.string(),
  path: z.string(),
  idempotencyKey: z.string().nullable(),
  status: z.number().nullable(),
  mode: z.string().nullable(),
  replayed: z.boolean(),
});
const deliverySchema = z.looseObject({
  eventId: z.string(),
  eventType: z.string(),
  status: z.string(),
  attempts: z.array(z.looseObject({ status: z.number().nullable() })),
});
const completionSchema = z.looseObject({
  outcome: z.string().optional(),
  error: z.looseObject({ code: z.string().optional(), decline_code: z.string().optional() }).optional(),
});

/** The `/_sim` routes of one simulator. */
export type SimRoutes = ReturnType<typeof simRoutes>;

/** Calls of `/_sim`; none throws for a status, which is in the result where a test looks at it. */
export function simRoutes(baseUrl: string) {
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${baseUrl}/_sim${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json: unknown = await response.json();
    return { status: response.status, json };
  };
  return {
    call,
    async complete(sessionId: string, cardNumber: string, authenticate?: boolean) {
      const { status, json } = await call('POST', `/checkout/${sessionId}/complete`, {
        cardNumber,
        authenticate,
      });
      return { status, ...completionSchema.parse(json) };
    },
    async requests(after = 0) {
      const { json } = await call('GET', `/requests?after=${after}`);
      return z.object({ requests: z.array(requestSchema) }).parse(json).requests;
    },
    async deliveries() {
      const { json } = await call('GET', '/webhooks');
      return z.object({ deliveries: z.array(deliverySchema) }).parse(json).deliveries;
    },
    fault: (fault: object) => call('POST', '/faults', fault),
    async clock(now: number | string) {
      const { json } = await call('POST', '/clock', { now });
      return z.looseObject({ unixSeconds: z.number() }).parse(json).unixSeconds;
    },
    async now() {
      const { json } = await call('GET', '/clock');
      return z.looseObject({ unixSeconds: z.number() }).parse(json).unixSeconds;
    },
  };
}

/** A webhook endpoint of a test's own. What it `received` is oldest first, bodies as they came. */
export interface Receiver extends AsyncDisposable {
  url: string;
  received: { payload: string; signature: string }[];
  /** What the next requests are answered with; 200 when empty. */
  statuses: number[];
}

/** A webhook endpoint that keeps what it was sent. */
export async function startReceiver(): Promise<Receiver> {
  const received: Receiver['received'] = [];
  const statuses: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({
        payload: Buffer.concat(chunks).toString('utf8'),
        signature: String(request.headers['stripe-signature']),
      });
      response.writeHead(statuses.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/webhooks`,
    received,
    statuses,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Long enough for a machine with much else to do. */
const PATIENCE_MS = 30_000;

/** Waits until `read` returns something. */
export async function eventually<T>(
  read: () => Promise<T | undefined> | T | undefined,
  what = 'it',
): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${PATIENCE_MS / 1_000} s`);
    await sleep(10);
  }
}

/** A customer whose default payment method is this test card. */
export async function customerWithCard(stripe: Stripe, card = 'pm_card_visa'): Promise<Stripe.Customer> {
  const customer = await stripe.customers.create({ email: 'a@example.com' });
  const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
  return stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
}

/** A draft with one line of `amount` cents. */
export async function draftOf(stripe: Stripe, customer: string, amount: number): Promise<Stripe.Invoice> {
  const draft = await stripe.invoices.create({ customer, currency: 'usd' });
  return stripe.invoices.addLines(draft.id, { lines: [{ amount, description: 'usage' }] });
}

/** The SDK's error of a call that has to fail. */
export async function failureOf(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Stripe.errors.StripeError) return error;
  throw new Error('the call did not fail with a Stripe error', { cause: error });
}

/** The id of a reference, expanded or not. @throws Error where there is none. */
export function idOf(value: string | { id: string } | null | undefined): string {
  if (value === null || value === undefined) throw new Error('there is no id');
  return typeof value === 'string' ? value : value.id;
}
