import { DAY_MS } from '../domain/days.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import { dollarsToCents } from '../domain/money.ts';
import type { OutlierRule } from '../domain/outlier.ts';
import { PRODUCTS, type Product } from '../domain/price-list.ts';
import { batchRates } from '../domain/stripe-rate.ts';
import {
  ConfigurationError,
  type Environment,
  type EnvironmentVariables,
  NEW_HOOK_SECRET,
  NEW_SIGNING_SECRET,
  parseEnvironment,
} from './environment.ts';
import {
  ACCOUNT_LINK_VARIABLES,
  HOST_HOOK_VARIABLES,
  PRICE_ID_VARIABLES,
  STRIPE_VARIABLES,
} from './mode-variables.ts';
import { loadTemporalConfig, type TemporalConfig } from './temporal.ts';

/** Stripe in one mode. */
export interface StripeModeConfig {
  readonly secretKey: string;
  /** Of the mode's webhook endpoint; several while one replaces another. */
  readonly webhookSecrets: readonly string[];
  /** Prices made in the Stripe Dashboard, as the seed has them; empty where `setup-stripe` made them. */
  readonly priceIds: Readonly<Partial<Record<Product, string>>>;
}

/** Stripe in both modes, and what the close may ask of it. */
export interface StripeConfig {
  /** Another address to find Stripe at; Stripe's own when absent. */
  readonly apiBase: string | undefined;
  /** `null` for a mode that has no key: its endpoints answer that they are not configured. */
  readonly modes: Readonly<Record<Mode, StripeModeConfig | null>>;
  /** What test purchases buy (`prod_…`); `null`: the product of `credits`. */
  readonly testProductId: string | null;
  readonly automaticTax: boolean;
  readonly batchRequestsPerSecond: Readonly<Record<Mode, number>>;
}

/** The host product's endpoint for messages in one mode, signed as https://www.standardwebhooks.com says. */
export interface HostHookConfig {
  readonly url: string;
  /** `whsec_…`, base64 behind the prefix: each signs, so that the host may verify by any. */
  readonly secrets: readonly string[];
}

/** The rules of the house. */
export interface HouseRules {
  /** How long a customer who owes keeps access; 0 = not at all. */
  readonly graceMs: number;
  /** How long after a month's end its late events are waited for. */
  readonly collectionWindowMs: number;
  /** `required`: a person approves each month before anything is charged. */
  readonly approval: 'auto' | 'required';
  /** Which bills wait for a person before they are charged; `null`: none. */
  readonly holdOutliers: OutlierRule | null;
  /** How long after they are bought credits may be used; `null`: for ever. */
  readonly creditsExpireAfterMs: number | null;
}

/** The admin's page and routes. */
export interface AdminConfig {
  /** Argon2id: the admin's password fits one of them. */
  readonly passwordHashes: readonly string[];
  /** Sign the cookies of sessions: the first signs, all are believed. */
  readonly sessionSecrets: readonly string[];
}

/** Who may sign links to the account page in one mode: neither, and there are none. */
export interface AccountLinkConfig {
  /** HMAC secrets that the host product shares; all are believed. */
  readonly secrets: readonly string[];
  /** Where the host product publishes its keys. */
  readonly jwksUrl: string | null;
}

/** The account page. */
export interface AccountConfig {
  /** Sign the cookies of sessions: the first signs, all are believed. */
  readonly sessionSecrets: readonly string[];
  readonly links: Readonly<Record<Mode, AccountLinkConfig>>;
}

/** What api, worker and CLI need to run against parts that are there. */
export interface ServiceConfig {
  readonly port: number;
  /** Address that api and worker listen on; all of them when absent. */
  readonly host: string | undefined;
  /** What one API key may send per second to one api process; 0: any number. */
  readonly requestsPerSecond: number;
  /** What one visitor of the pages may send per minute to one api process; 0: any number. */
  readonly pageRequestsPerMinute: number;
  /** How many connections one api process has at a time; 0: any number. */
  readonly maxConnections: number;
  /** Addresses and networks of proxies in front of the api. */
  readonly trustedProxies: readonly string[];
  /** Where a worker serves `/metrics` and `/healthz`, at {@link host}; `null`: nowhere. */
  readonly workerMetricsPort: number | null;
  /** How long a process of the api still serves when it is told to end, for what is in front of it to notice. */
  readonly shutdownDelayMs: number;
  readonly databaseUrl: string;
  readonly temporal: TemporalConfig;
  /** Encrypt what goes to Temporal: the first does, all decrypt. None: it goes as plain JSON. */
  readonly payloadKeys: NonNullable<Environment['TEMPORAL_CODEC_KEYS']>;
  /** Which version of the workers this one is; `null`: workers have no versions. */
  readonly workerBuildId: string | null;
  /** Where Temporal's Web UI is, for links; `null` when that is not known. */
  readonly temporalUiUrl: string | null;
  readonly stripe: StripeConfig;
  /** `null` for a mode whose messages the host product does not want. */
  readonly hostHooks: Readonly<Record<Mode, HostHookConfig | null>>;
  /** `null`: there is no admin, and no way in. */
  readonly admin: AdminConfig | null;
  /** `null`: there is no account page. */
  readonly account: AccountConfig | null;
  readonly rules: HouseRules;
  /** Whether an exporter of traces is configured; the SDK of OpenTelemetry reads its variables itself. */
  readonly exportsTraces: boolean;
  readonly logLevel: string;
}

/** Where the api listens unless `PORT` says otherwise. */
export const DEFAULT_PORT = 3_000;

/**
 * Reads what api, worker and CLI run with, and what of it must come together.
 *
 * @param webhookSecrets `optional` for who makes the webhook endpoints, and so has no secret of them yet.
 * @throws ConfigurationError naming every problem at once; secrets are never in it.
 */
export function loadServiceConfig(
  variables: EnvironmentVariables,
  webhookSecrets: 'required' | 'optional' = 'required',
): ServiceConfig {
  const environment = parseEnvironment(variables);
  const temporal = loadTemporalConfig(variables);
  const problems = [
    ...(webhookSecrets === 'required' ? stripeProblems(environment) : []),
    ...hostHookProblems(environment),
    ...adminProblems(environment),
    ...accountProblems(environment),
  ];
  if (environment.DATABASE_URL === undefined)
    problems.push('DATABASE_URL: is missing; "npm start" brings a database of its own');
  if (temporal === null)
    problems.push(
      'TEMPORAL_ADDRESS: is missing (or a profile in the Temporal configuration file); "npm start" brings a server of its own',
    );
  if (environment.DATABASE_URL === undefined || temporal === null || problems.length > 0)
    throw new ConfigurationError(problems);
  return {
    port: environment.PORT ?? DEFAULT_PORT,
    host: environment.HOST,
    requestsPerSecond: environment.API_REQUESTS_PER_SECOND,
    pageRequestsPerMinute: environment.PAGE_REQUESTS_PER_MINUTE,
    maxConnections: environment.API_MAX_CONNECTIONS,
    trustedProxies: environment.API_TRUSTED_PROXIES ?? [],
    workerMetricsPort: environment.WORKER_METRICS_PORT ?? null,
    shutdownDelayMs: environment.API_SHUTDOWN_DELAY,
    databaseUrl: environment.DATABASE_URL,
    temporal,
    payloadKeys: environment.TEMPORAL_CODEC_KEYS ?? [],
    workerBuildId: environment.WORKER_BUILD_ID ?? null,
    temporalUiUrl: environment.TEMPORAL_UI_URL ?? null,
    stripe: stripeConfig(environment),
    hostHooks: { live: hostHookConfig(environment, 'live'), test: hostHookConfig(environment, 'test') },
    admin: adminConfig(environment),
    account: accountConfig(environment),
    rules: {
      graceMs: environment.BILLING_GRACE_DAYS * DAY_MS,
      collectionWindowMs: environment.BILLING_COLLECTION_WINDOW,
      approval: environment.BILLING_APPROVAL,
      creditsExpireAfterMs: environment.BILLING_CREDITS_EXPIRE_AFTER ?? null,
      holdOutliers: outlierRule(environment),
    },
    exportsTraces:
      environment.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined ||
      environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT !== undefined,
    logLevel: environment.LOG_LEVEL ?? 'info',
  };
}

function outlierRule(environment: Environment): OutlierRule | null {
  const { BILLING_HOLD_FACTOR: factor, BILLING_HOLD_MINIMUM_DOLLARS: minimumDollars } = environment;
  return factor === 0 ? null : { factor, minimumCents: dollarsToCents(minimumDollars) };
}

/** What is wrong with the two modes' settings, taken together. */
export function stripeProblems(environment: Environment): string[] {
  return MODES.flatMap((mode) => {
    const { key, webhookSecret } = STRIPE_VARIABLES[mode];
    if (environment[key] === undefined || environment[webhookSecret] !== undefined) return [];
    return `${webhookSecret}: is missing beside ${key}; "npm run billing -- setup-stripe" makes the webhook endpoint and shows it`;
  });
}

/** Each mode's address and secret come together or not at all. */
export function hostHookProblems(environment: Environment): string[] {
  return MODES.flatMap((mode) => {
    const { url, secret } = HOST_HOOK_VARIABLES[mode];
    const hasUrl = environment[url] !== undefined;
    const hasSecret = environment[secret] !== undefined;
    if (hasUrl === hasSecret) return [];
    return hasUrl
      ? `${secret}: is missing beside ${url}; ${NEW_HOOK_SECRET}`
      : `${url}: is missing beside ${secret}; it is where the host product takes messages`;
  });
}

/** Without a secret that is kept, each process would have sessions of its own, and lose them when it ends. */
export function adminProblems(environment: Environment): string[] {
  const { ADMIN_PASSWORD_HASH: passwordHashes, ADMIN_SESSION_SECRETS: sessionSecrets } = environment;
  if (passwordHashes === undefined || sessionSecrets !== undefined) return [];
  return [`ADMIN_SESSION_SECRETS: is missing beside ADMIN_PASSWORD_HASH; ${NEW_SIGNING_SECRET}`];
}

function adminConfig(environment: Environment): AdminConfig | null {
  const { ADMIN_PASSWORD_HASH: passwordHashes, ADMIN_SESSION_SECRETS: sessionSecrets } = environment;
  if (passwordHashes === undefined || sessionSecrets === undefined) return null;
  return { passwordHashes, sessionSecrets };
}

/** A link without a session would sign nobody in; and who may sign links of test mode signs none of live mode. */
export function accountProblems(environment: Environment): string[] {
  const links = accountLinks(environment);
  if (links.live.secrets.some((secret) => links.test.secrets.includes(secret)))
    return ['ACCOUNT_TEST_LINK_SECRETS: holds a secret of ACCOUNT_LINK_SECRETS; each mode has its own'];
  const signsLinks = MODES.some((mode) => links[mode].secrets.length > 0 || links[mode].jwksUrl !== null);
  if (signsLinks === (environment.ACCOUNT_SESSION_SECRETS !== undefined)) return [];
  return signsLinks
    ? [`ACCOUNT_SESSION_SECRETS: is missing beside who signs links; ${NEW_SIGNING_SECRET}`]
    : ['ACCOUNT_LINK_SECRETS: is missing beside ACCOUNT_SESSION_SECRETS, or another of who signs links'];
}

function accountConfig(environment: Environment): AccountConfig | null {
  const { ACCOUNT_SESSION_SECRETS: sessionSecrets } = environment;
  return sessionSecrets === undefined ? null : { sessionSecrets, links: accountLinks(environment) };
}

function accountLinks(environment: Environment): AccountConfig['links'] {
  return { live: accountLinkConfig(environment, 'live'), test: accountLinkConfig(environment, 'test') };
}

function accountLinkConfig(environment: Environment, mode: Mode): AccountLinkConfig {
  const { secrets, jwksUrl } = ACCOUNT_LINK_VARIABLES[mode];
  return { secrets: environment[secrets] ?? [], jwksUrl: environment[jwksUrl] ?? null };
}

function hostHookConfig(environment: Environment, mode: Mode): HostHookConfig | null {
  const variables = HOST_HOOK_VARIABLES[mode];
  const url = environment[variables.url];
  const secrets = environment[variables.secret];
  return url === undefined || secrets === undefined ? null : { url, secrets };
}

function stripeConfig(environment: Environment): StripeConfig {
  return {
    apiBase: environment.STRIPE_API_BASE,
    modes: { live: stripeModeConfig(environment, 'live'), test: stripeModeConfig(environment, 'test') },
    testProductId: environment.STRIPE_TEST_PRODUCT_ID ?? null,
    automaticTax: environment.STRIPE_AUTOMATIC_TAX,
    batchRequestsPerSecond: batchRates(environment.STRIPE_BATCH_REQUESTS_PER_SECOND),
  };
}

function stripeModeConfig(environment: Environment, mode: Mode): StripeModeConfig | null {
  const { key, webhookSecret } = STRIPE_VARIABLES[mode];
  const secretKey = environment[key];
  if (secretKey === undefined) return null;
  return {
    secretKey,
    webhookSecrets: environment[webhookSecret] ?? [],
    priceIds: mode === 'live' ? livePriceIds(environment) : {},
  };
}

function livePriceIds(environment: Environment): Partial<Record<Product, string>> {
  return Object.fromEntries(
    PRODUCTS.flatMap((product) => {
      const variable = PRICE_ID_VARIABLES[product];
      const priceId = variable === undefined ? undefined : environment[variable];
      return priceId === undefined ? [] : [[product, priceId]];
    }),
  );
}
