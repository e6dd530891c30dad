/** Idempotency keys as https://docs.stripe.com/api/idempotent_requests describes them. */
import { createHash } from 'node:crypto';
import { DAY_SECONDS } from './clock.ts';
import { invalidRequest, StripeApiError } from './errors.ts';
import type { RawParameters } from './form.ts';
import type { Store } from './store.ts';

/** Keys are forgotten this long after their first use, by the simulator's clock. */
const KEPT_SECONDS = DAY_SECONDS;
const LONGEST_KEY = 255;

/** A stored result: whoever comes again with the same key and parameters gets exactly this. */
export interface IdempotencyRecord {
  /** API key and idempotency key, so that two API keys never share one. */
  id: string;
  /** The path it was first used with. */
  path: string;
  fingerprint: string;
  status: number;
  contentType: string;
  body: string;
  requestId: string;
  created: number;
}

/** One POST's claim on its key. */
export interface IdempotencyClaim {
  id: string;
  key: string;
  path: string;
  fingerprint: string;
}

/** The keys of one mode: which are stored, which are in use this moment. */
export class IdempotencyKeys {
  readonly #store: Store;
  readonly #inFlight = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Claims a key for a request. Returns the stored result when there is one.
   * @throws 400 `idempotency_error` if the key came for another endpoint or with other parameters, 409 `idempotency_key_in_use` while the
   *   first request runs, 400 if the key is too long.
   */
  claim(request: {
    apiKey: string;
    key: string;
    path: string;
    parameters: RawParameters;
    now: number;
  }): { claim: IdempotencyClaim; stored?: undefined } | { claim?: undefined; stored: IdempotencyRecord } {
    const { key, path, parameters, now } = request;
    if (key.length > LONGEST_KEY) {
      throw invalidRequest(
        `Idempotency keys may be at most ${LONGEST_KEY} characters long; this one has ${key.length}.`,
      );
    }
    const id = `${request.apiKey}\n${key}`;
    const fingerprint = createHash('sha256').update(canonical(parameters)).digest('base64');
    const stored = this.#store.idempotency.get(id);
    if (stored !== undefined && stored.created + KEPT_SECONDS > now) {
      if (stored.path !== path) throw otherEndpoint(key, path, stored.path);
      if (stored.fingerprint !== fingerprint) throw otherParameters(key);
      return { stored };
    }
    if (this.#inFlight.has(id)) throw keyInUse(key);
    this.#inFlight.add(id);
    return { claim: { id, key, path, fingerprint } };
  }

  /** Keeps the result of the claimed request; to be called within its unit of work. */
  store(
    claim: IdempotencyClaim,
    result: Pick<IdempotencyRecord, 'status' | 'contentType' | 'body' | 'requestId'>,
    now: number,
  ): void {
    this.#forgetOld(now);
    // Not replaced in place: a key used again after it expired belongs at the young end of the order.
    this.#store.idempotency.remove(claim.id);
    const { id, path, fingerprint } = claim;
    this.#store.idempotency.put({ id, path, fingerprint, created: now, ...result });
  }

  release(claim: IdempotencyClaim): void {
    this.#inFlight.delete(claim.id);
  }

  /** The oldest come first, so this looks at no more than it removes. */
  #forgetOld(now: number): void {
    const { idempotency } = this.#store;
    for (;;) {
      const oldest = idempotency.get(idempotency.order.first ?? '');
      if (oldest === undefined || oldest.created + KEPT_SECONDS > now) return;
      idempotency.remove(oldest.id);
    }
  }
}

/** The same parameters in any order are the same parameters. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

function otherEndpoint(key: string, path: string, first: string): StripeApiError {
  return new StripeApiError(
    400,
    'idempotency_error',
    `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${path}' vs '${first}'). Try using a key other than '${key}' if you meant to execute a different request.`,
  );
}

function otherParameters(key: string): StripeApiError {
  return new StripeApiError(
    400,
    'idempotency_error',
    `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
  );
}

function keyInUse(key: string): StripeApiError {
  return new StripeApiError(
    409,
    'idempotency_error',
    `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
    { code: 'idempotency_key_in_use' },
  );
}
