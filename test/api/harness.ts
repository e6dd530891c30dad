import { randomUUID } from 'node:crypto';
import { Client, type Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { Stripe } from 'stripe';
import { expect, inject, vi } from 'vitest';
import type { ConnectionLimits } from '../../api/http-server.ts';
import { startApi } from '../../api/server.ts';
import { connectLazily } from '../../api/temporal/connection.ts';
import type { AdminConfig } from '../../config/config.ts';
import { saveApiKey } from '../../db/api-keys.ts';
import type { Database } from '../../db/database.ts';
import { ensurePriceList } from '../../db/price-list.ts';
import type { Mode } from '../../domain/mode.ts';
import type { OutlierRule } from '../../domain/outlier.ts';
import { TEST_ACCOUNT } from '../support/account.ts';
import { ADMIN_AUTHORIZATION, testAdmin } from '../support/admin.ts';
import { createTestDatabase } from '../support/database.ts';
import { expectDocumented } from './documented.ts';

/** The webhook secrets of each mode, newest first: live mode is just changing its own, so both are good. */
export const SECRETS = { live: ['whsec_live_new', 'whsec_live_old'], test: ['whsec_test'] } as const;

/** A listening api on a database and a Temporal namespace of its own, with an API key for each mode. */
export interface TestApi {
  readonly url: string;
  readonly db: Database;
  readonly temporal: Client;
  readonly apiKeys: Readonly<Record<Mode, string>>;
  /** Every line logged so far. */
  readonly logged: () => string;
  /** As SIGTERM does first. */
  announceEnd(): void;
  close(): Promise<void>;
}

/** What an api is given beside its database; unless given, no rate is limited and the clock is the machine's. */
export interface TestApiOptions {
  readonly now?: () => Date;
  readonly webhookSecrets?: Readonly<Record<Mode, readonly string[]>>;
  readonly requestsPerSecond?: number;
  readonly pageRequestsPerMinute?: number;
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<ConnectionLimits>;
  /** `null`: there is none; absent: one with the password of tests. */
  readonly admin?: AdminConfig | null;
  readonly holdOutliers?: OutlierRule;
  /** In place of the real one, for an address where nobody listens. */
  readonly temporalAddress?: string;
}

/** Starts it without a worker: workflows that it starts go on only where the test runs one in their namespace. */
export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const database = await createTestDatabase();
  const { db } = database;
  const { connection, close: closeConnection } = connectLazily({
    address: options.temporalAddress ?? inject('temporalAddress'),
  });
  const namespace = options.temporalAddress === undefined ? await createNamespace(connection) : 'default';
  const temporal = new Client({ connection, namespace });
  const apiKeys = { live: `key-${randomUUID()}`, test: `key-${randomUUID()}` };
  for (const mode of ['live', 'test'] as const) {
    await saveApiKey(db, { mode, name: 'tests', apiKey: apiKeys[mode] });
    await ensurePriceList(db, mode);
  }
  const lines: string[] = [];
  const api = await startApi({
    db,
    temporal,
    webhookSecrets: options.webhookSecrets ?? SECRETS,
    account: TEST_ACCOUNT,
    admin: options.admin === undefined ? await testAdmin() : options.admin,
    log: pino({ level: 'debug' }, { write: (line: string) => lines.push(line) }),
    metrics: new Registry(),
    port: 0,
    host: '127.0.0.1',
    ...(options.now === undefined ? {} : { now: options.now }),
    requestsPerSecond: options.requestsPerSecond ?? 0,
    holdOutliers: options.holdOutliers ?? null,
    pageRequestsPerMinute: options.pageRequestsPerMinute ?? 0,
    trustedProxies: options.trustedProxies ?? [],
    limits: options.limits ?? {},
  });
  const close = async (): Promise<void> => {
    await api.close();
    await closeConnection();
    await database.drop();
  };
  return {
    url: `http://127.0.0.1:${api.port}`,
    db,
    temporal,
    apiKeys,
    logged: () => lines.join(''),
    announceEnd: () => api.announceEnd(),
    close,
  };
}

/**
 * So that no other test's worker takes this one's workflows, nor is asked about them. Without our search attributes: the api
 * takes webhooks also before the first worker has registered them.
 */
async function createNamespace(connection: Connection): Promise<string> {
  const namespace = `api-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  // The server's parts get to know of a namespace one after the other.
  await vi.waitFor(
    async () => {
      await connection.workflowService.listWorkflowExecutions({ namespace });
    },
    { timeout: 30_000, interval: 100 },
  );
  return namespace;
}

/** `body` is what the JSON said, or else the text. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/**
 * Sends a request, with an API key of test mode unless told otherwise, and reads the JSON that comes back.
 *
 * @throws Error when the OpenAPI document does not foresee the answer.
 */
export async function request(
  api: TestApi,
  method: string,
  path: string,
  options: {
    readonly json?: unknown;
    readonly body?: string;
    readonly mode?: Mode;
    readonly headers?: Record<string, string>;
  } = {},
): Promise<Answer> {
  const body = options.body ?? (options.json === undefined ? null : JSON.stringify(options.json));
  const authorization = path.startsWith('/api/admin/')
    ? ADMIN_AUTHORIZATION
    : `Bearer ${api.apiKeys[options.mode ?? 'test']}`;
  return await requestTo(api.url, method, path, { body, headers: { authorization, ...options.headers } });
}

/**
 * Sends a request to any api, with what is given and no more.
 *
 * @throws Error when the OpenAPI document does not foresee the answer.
 */
export async function requestTo(
  url: string,
  method: string,
  path: string,
  { body, headers }: { readonly body: string | null; readonly headers: Record<string, string> },
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { ...(body === null ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === null ? {} : { body }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
  const answer: Answer = {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  };
  expectDocumented(method, path, answer);
  return answer;
}

/** An event of Stripe's in test mode about an invoice, unless told otherwise. */
export function stripeEvent(overrides: Record<string, unknown> = {}) {
  return {
    id: `evt_${randomUUID()}`,
    object: 'event',
    api_version: '2026-10-28.endive',
    type: 'invoice.paid',
    created: 1_793_750_400,
    livemode: false,
    pending_webhooks: 1,
    request: null,
    data: {
      object: { id: 'in_1', object: 'invoice', customer: newCustomerId(), customer_email: 'eve@example.com' },
    },
    ...overrides,
  };
}

/** An id of Stripe's form that no other test has. */
export function newCustomerId(): string {
  return `cus_${randomUUID().replaceAll('-', '')}`;
}

/** Delivers a payload as Stripe does; an object becomes JSON. */
export async function deliver(
  api: TestApi,
  payload: object | string,
  options: {
    readonly mode?: Mode;
    readonly secret?: string;
    readonly signedAt?: Date;
    /** In place of a good one; `null` for none. */
    readonly signature?: string | null;
  } = {},
): Promise<Answer> {
  const { mode = 'test' } = options;
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const signature =
    options.signature === undefined
      ? Stripe.webhooks.generateTestHeaderString({
          payload: body,
          secret: options.secret ?? SECRETS[mode][0],
          timestamp: Math.floor((options.signedAt ?? new Date()).getTime() / 1_000),
        })
      : options.signature;
  const path = mode === 'live' ? '/api/webhooks/stripe' : '/api/webhooks/stripe-test';
  return await request(api, 'POST', path, {
    body,
    headers: {
      authorization: '',
      'content-type': 'application/json; charset=utf-8',
      ...(signature === null ? {} : { 'stripe-signature': signature }),
    },
  });
}

/** The body of an error, to compare with. */
export function error(code: string, param?: string) {
  return {
    error: {
      code,
      message: textLike(/./),
      ...(param === undefined ? {} : { param }),
    },
  };
}

/** Stands for any text that fits, in a value to compare with. */
export function textLike(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}
