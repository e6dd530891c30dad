/** `/v1`: from an HTTP request to a unit of work, and back. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { StripeApiError, unrecognizedUrl } from '../errors.ts';
import { expand } from '../expand.ts';
import type { Faults } from '../faults.ts';
import type { RawParameters } from '../form.ts';
import { decodeForm } from '../form.ts';
import type { IdempotencyClaim } from '../idempotency.ts';
import { newId } from '../ids.ts';
import type { Mode } from '../mode.ts';
import type { SimulatorObserver } from '../observer.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { LoggedRequest, RequestLog } from '../request-log.ts';
import type { Router } from '../router.ts';
import type { Simulation } from '../simulation.ts';
import { API_VERSION } from '../wire.ts';
import type { ApiKey } from './authentication.ts';
import { authenticate } from './authentication.ts';
import { applyFault, rateLimited } from './fault-answers.ts';
import type { Answer } from './message.ts';
import { jsonAnswer, readBody, urlOf } from './message.ts';

/** What the caller gets: an answer, or a connection that breaks. */
export type Outcome = Answer | 'broken';

/** What the handlers of `/v1` and `/_sim` share: one of each for each simulator that runs. */
export interface ApiParts {
  simulation: Simulation;
  router: Router;
  faults: Faults;
  requestLog: RequestLog;
  rateLimits: RateLimits;
  observer?: SimulatorObserver | undefined;
}

/** One request on its way through. */
interface Call {
  requestId: string;
  method: string;
  path: string;
  parameters: RawParameters;
  idempotencyKey: string | undefined;
  /** The fault that struck, for the log. */
  fault: string | null;
  replayed: boolean;
  mode: Mode | undefined;
}

/** Answers one API request, and notes it in the log. Whatever goes wrong in its work is an answer, nothing thrown. */
export async function handleApiRequest(parts: ApiParts, request: IncomingMessage): Promise<Outcome> {
  const startedAt = performance.now();
  const url = urlOf(request);
  const idempotencyKey = request.headers['idempotency-key'];
  const call: Call = {
    requestId: newId('req', 14),
    method: request.method ?? 'GET',
    path: url.pathname,
    parameters: {},
    idempotencyKey: typeof idempotencyKey === 'string' && idempotencyKey !== '' ? idempotencyKey : undefined,
    fault: null,
    replayed: false,
    mode: undefined,
  };
  const outcome = await answer(parts, call, request, url).catch((error: unknown) =>
    errorAnswer(parts, call, error),
  );
  parts.requestLog.add({
    ...logged(call),
    at: new Date(parts.simulation.clock.nowMs()).toISOString(),
    status: outcome === 'broken' ? null : outcome.status,
    durationMs: Math.round(performance.now() - startedAt),
  });
  if (outcome === 'broken') return outcome;
  const { method, path, parameters, fault } = call;
  parts.observer?.exchange?.({ method, path, parameters, fault, ...outcome });
  return {
    ...outcome,
    headers: {
      date: new Date(parts.simulation.clock.nowMs()).toUTCString(),
      'request-id': call.requestId,
      'stripe-version': headerText(request.headers['stripe-version']) ?? API_VERSION,
      // It has no meaning for other methods, and so no echo.
      ...(call.method !== 'POST' || call.idempotencyKey === undefined
        ? {}
        : { 'idempotency-key': call.idempotencyKey }),
      ...outcome.headers,
    },
  };
}

async function answer(parts: ApiParts, call: Call, request: IncomingMessage, url: URL): Promise<Outcome> {
  const { simulation, router } = parts;
  // Read first, whatever the answer will be: an unread body would end the connection.
  const body = await readBody(request);
  const apiKey = authenticate(request.headers.authorization);
  call.mode = simulation.mode(apiKey.mode);
  call.parameters = decodeForm(call.method === 'POST' ? body : url.search.slice(1));
  if (call.method === 'DELETE' && body !== '') call.parameters = decodeForm(body);
  const found = router.find(call.method, call.path);
  if (found === undefined) throw unrecognizedUrl(call.method, call.path);
  const limited = parts.rateLimits.refuse(apiKey.mode, `${call.method} ${found.route.path}`);
  if (limited !== undefined) throw rateLimited(limited);
  const claimed = claimKey(call.mode, call, apiKey, simulation.clock.now());
  if (claimed?.stored !== undefined) {
    call.replayed = true;
    const { status, contentType, body: storedBody, requestId } = claimed.stored;
    return {
      status,
      contentType,
      body: storedBody,
      headers: { 'idempotent-replayed': 'true', 'original-request': requestId },
    };
  }
  const claim = claimed?.claim;
  try {
    return await executeWithFaults(parts, call, call.mode, found, claim);
  } finally {
    if (claim !== undefined) call.mode.idempotencyKeys.release(claim);
  }
}

function claimKey(mode: Mode, call: Call, { key: apiKey }: ApiKey, now: number) {
  const { idempotencyKey: key, method, path, parameters } = call;
  if (key === undefined || method !== 'POST') return undefined;
  return mode.idempotencyKeys.claim({ apiKey, key, path, parameters, now });
}

type Found = NonNullable<ReturnType<Router['find']>>;

async function executeWithFaults(
  parts: ApiParts,
  call: Call,
  mode: Mode,
  found: Found,
  claim: IdempotencyClaim | undefined,
): Promise<Outcome> {
  const fault = parts.faults.strike(mode.name, call.method, call.path);
  if (fault === undefined) return execute(parts, call, mode, found, claim);
  call.fault = fault.kind;
  if (fault.latencyMs > 0) await sleep(fault.latencyMs);
  const { outcome, stored } = applyFault(fault, logUrl(parts, call.requestId), () =>
    execute(parts, call, mode, found, claim),
  );
  if (stored !== undefined) storeResult(parts.simulation, call, mode, claim, stored);
  return outcome;
}

/** Does the work as one unit, result under the idempotency key included. */
function execute(
  parts: ApiParts,
  call: Call,
  mode: Mode,
  { route, ids }: Found,
  claim: IdempotencyClaim | undefined,
): Answer {
  const { simulation } = parts;
  // Thrown from here: validation, which is not stored, since nothing began to execute.
  const work = route.prepare(call.parameters, ids);
  const request = { id: call.requestId, idempotency_key: call.idempotencyKey ?? null };
  try {
    return simulation.operate(mode, request, (operation) => {
      const result = succeedOrDecline(parts, call, () =>
        expand(mode.store, work(operation), expandPaths(call.parameters)),
      );
      if (claim !== undefined) {
        mode.idempotencyKeys.store(claim, { ...result, requestId: call.requestId }, operation.now);
      }
      return result;
    });
  } catch (error) {
    const result = errorAnswer(parts, call, error);
    if (isStored(error)) storeResult(simulation, call, mode, claim, result);
    return result;
  }
}

/** A declined card is part of the work: what it left behind is kept. */
function succeedOrDecline(parts: ApiParts, call: Call, work: () => object): Answer {
  try {
    return jsonAnswer(200, work());
  } catch (error) {
    if (error instanceof StripeApiError && error.keepsWork) return errorAnswer(parts, call, error);
    throw error;
  }
}

/** Errors of execution are replayed; what was refused before, or only conflicted, may be tried again. */
function isStored(error: unknown): boolean {
  if (!(error instanceof StripeApiError)) return true;
  return error.details.code !== 'resource_missing' && ![401, 404, 409, 429].includes(error.status);
}

function storeResult(
  simulation: Simulation,
  call: Call,
  mode: Mode,
  claim: IdempotencyClaim | undefined,
  result: Answer,
): void {
  if (claim === undefined) return;
  simulation.operate(mode, null, ({ now }) => {
    mode.idempotencyKeys.store(claim, { ...result, requestId: call.requestId }, now);
  });
}

function errorAnswer(parts: ApiParts, call: Call, error: unknown): Answer {
  if (error instanceof StripeApiError) {
    return jsonAnswer(error.status, error.toBody(logUrl(parts, call.requestId)), error.headers);
  }
  // A mistake of the simulator itself: said loudly, since Stripe's own words would only hide it.
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return jsonAnswer(500, {
    error: {
      type: 'api_error',
      message: `The simulator failed: ${error instanceof Error ? error.message : String(error)}`,
    },
  });
}

function logUrl({ simulation }: ApiParts, requestId: string): string {
  return `${simulation.settings.baseUrl}/_sim/requests?id=${requestId}`;
}

function expandPaths(parameters: RawParameters): string[] {
  const { expand: paths } = parameters;
  return Array.isArray(paths) ? paths.filter((path) => typeof path === 'string') : [];
}

function headerText(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function logged(call: Call): Omit<LoggedRequest, 'sequence' | 'at' | 'status' | 'durationMs'> {
  const { method, path, parameters, requestId, replayed, fault } = call;
  return {
    method,
    path,
    parameters,
    idempotencyKey: call.idempotencyKey ?? null,
    requestId,
    mode: call.mode?.name ?? null,
    replayed,
    fault,
  };
}
