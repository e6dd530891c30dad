import { Stripe } from 'stripe';
import { type Mode, modeOfSecretKey } from '../domain/mode.ts';
import type { DecimalString } from '../domain/money.ts';
import { type OnStripeCall, startStripeCall } from './stripe-calls.ts';

/**
 * Stripe's official client, bound to one mode by its secret key. The mode is part of its type: a client of test mode does not
 * compile where one of live mode belongs, nor the other way round. Without a mode it is one of either.
 */
export type StripeClient<M extends Mode = Mode> = Stripe & { readonly mode: M };

/** The clients of the modes that are configured; `null` where a mode has no secret key. */
export type StripeClients = { readonly [M in Mode]: StripeClient<M> | null };

/** Of one mode: a process that serves both modes makes two clients. */
export interface StripeClientOptions<M extends Mode> {
  readonly mode: M;
  /** One of that mode. */
  readonly secretKey: string;
  /** Another address to find Stripe at, such as `http://127.0.0.1:12111`; Stripe's own when absent. */
  readonly apiBase?: string | undefined;
  /** Hears of each request when it has ended, also of one that failed. */
  readonly onCall?: OnStripeCall | undefined;
}

/** Below every activity's start-to-close timeout, so that a hanging request ends as a connection error of its own. */
const REQUEST_TIMEOUT_MS = 20_000;

/** A secret key that opens another mode than the one it was given for. The message does not show it. */
export class WrongModeKeyError extends Error {
  override readonly name = 'WrongModeKeyError';

  constructor(mode: Mode) {
    super(`This secret key is not one of ${mode} mode: those begin with sk_${mode}_ or rk_${mode}_`);
  }
}

/**
 * The only place that makes a Stripe client. The SDK's own retries are off: Temporal retries, visibly, and with
 * list-before-create between two attempts.
 *
 * @throws WrongModeKeyError when the key is not one of the mode.
 */
export function createStripeClient<M extends Mode>(options: StripeClientOptions<M>): StripeClient<M> {
  const { mode, secretKey, apiBase, onCall = () => undefined } = options;
  if (modeOfSecretKey(secretKey) !== mode) throw new WrongModeKeyError(mode);
  const client = new Stripe(secretKey, {
    maxNetworkRetries: 0,
    timeout: REQUEST_TIMEOUT_MS,
    telemetry: false,
    appInfo: { name: 'durable-billing' },
    httpClient: refuseUnexplainedErrors(observeCalls(Stripe.createNodeHttpClient(), mode, onCall)),
    ...(apiBase === undefined ? {} : addressOf(apiBase)),
  });
  return Object.assign(client, { mode });
}

/** Whose objects this code knows; each request asks for it. */
export const STRIPE_API_VERSION = Stripe.API_VERSION;

/**
 * What each refused or failed request throws: `statusCode` is undefined when no answer came. stripe-errors.ts says which are retried.
 * From here, for no other module of activities may import the SDK at run time.
 */
export const StripeError = Stripe.errors.StripeError;

/** A decimal as the SDK wants its `…_decimal` parameters. */
export const stripeDecimal = (text: DecimalString): Stripe.Decimal => Stripe.Decimal.from(text);

function addressOf(apiBase: string): { host: string; port: string; protocol: 'http' | 'https' } {
  const url = new URL(apiBase);
  const protocol = url.protocol === 'http:' ? 'http' : 'https';
  return { host: url.hostname, port: url.port || (protocol === 'http' ? '80' : '443'), protocol };
}

type HttpClient = NonNullable<ConstructorParameters<typeof Stripe>[1]>['httpClient'] & {};

/** The one place through which every request to Stripe goes. */
function observeCalls(client: HttpClient, mode: Mode, onCall: OnStripeCall): HttpClient {
  return {
    getClientName: () => client.getClientName(),
    makeRequest: async (...request) => {
      const [, , path, method] = request;
      const ended = startStripeCall({ mode, method, path }, onCall);
      try {
        const response = await client.makeRequest(...request);
        ended({ status: response.getStatusCode(), headers: response.getHeaders() });
        return response;
      } catch (error) {
        ended(null);
        throw error;
      }
    },
  };
}

/**
 * The SDK takes a 4xx or 5xx whose JSON has no `error` key (a proxy's `{"message": …}`) for a success, and an object
 * without an id for an object. Such answers are given the `error` they lack, so that they fail as what they are.
 */
function refuseUnexplainedErrors(client: HttpClient): HttpClient {
  return {
    getClientName: () => client.getClientName(),
    makeRequest: async (...request) => {
      const response = await client.makeRequest(...request).catch(connectionBroke);
      const toJSON = response.toJSON.bind(response);
      response.toJSON = async () => {
        const body: unknown = await toJSON();
        const status = response.getStatusCode();
        if (isStripeAnswer(body, status)) return body;
        return { error: { type: 'api_error', message: `HTTP ${status} with a body that is not Stripe's` } };
      };
      return response;
    },
  };
}

/**
 * The SDK sends a request again whose connection broke, even with its retries off, although Stripe may have done what it
 * asked. It tells by the error's code; without it, what broke comes out as the connection error it is.
 */
function connectionBroke(error: unknown): never {
  if (!(error instanceof Error && 'code' in error)) throw error;
  if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error;
  throw new Error(error.message, { cause: error });
}

function isStripeAnswer(body: unknown, status: number): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const explained = 'error' in body && Boolean(body.error);
  return explained || (status < 400 && 'object' in body);
}
