import ms from 'ms';
import { z } from 'zod';

/** An empty variable is one that is not set. */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

/** @param value of a variable that is not set, or is empty; as the environment would hold it. */
const withDefault = <Schema extends z.ZodType>(value: string, schema: Schema) =>
  z.preprocess((given) => given || value, schema);

/** What stands between commas. */
const listOf = (text: string): string[] => text.split(',').map((each) => each.trim());

const startsWith = (...prefixes: [string, ...string[]]) =>
  z.string().refine((value) => prefixes.some((prefix) => value.startsWith(prefix)), {
    message: `must begin with ${prefixes.join(' or ')}`,
  });

const port = z.coerce.number().int().min(1).max(65_535);
const httpUrl = z.url({ protocol: /^https?$/, message: 'must be a URL such as http://127.0.0.1:12111' });
/** `fetch` takes no user and password in a URL, and would show them in its complaint. */
const hookUrl = httpUrl.pipe(
  z.string().refine(namesNobody, {
    message: 'must hold no user and password; the signature says who sends',
  }),
);

function namesNobody(url: string): boolean {
  const { username, password } = new URL(url);
  return username === '' && password === '';
}

const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  message: 'must be a URL such as postgres://user:password@host:5432/database',
});

/** `1h`, `30m`, `2 days`, or `0`; in milliseconds. */
const duration = z.string().transform((text, context) => {
  const value: number | undefined = isDuration(text) ? ms(text) : undefined;
  if (value !== undefined && value >= 0) return value;
  context.addIssue({ code: 'custom', message: 'must be a duration such as 1h, 30m or 0' });
  return z.NEVER;
});

/** Long enough for credits, and such that the end is an instant. */
const MAX_CREDIT_LIFE_MS = ms('100y');

/** `365d`, `1y`; in milliseconds. */
const creditLife = duration.refine((value) => value > 0 && value <= MAX_CREDIT_LIFE_MS, {
  message: 'must be more than 0 and at most 100y; empty: credits never expire',
});

/** How many times the most of the last months; 0 holds nothing. */
const holdFactor = z.coerce.number().refine((factor) => factor === 0 || factor > 1, {
  message: 'must be more than 1, such as 5 or 2.5; 0: no bill is held',
});

function isDuration(text: string): text is ms.StringValue {
  return /^\d+(\.\d+)?\s*[a-z]*$/i.test(text);
}

/** Several secrets may hold at a time, separated by commas, so that one can be replaced without downtime. */
const secrets = (prefix: string) =>
  z
    .string()
    .transform(listOf)
    .pipe(z.array(startsWith(prefix)));

/** `10.0.0.0/8, ::1`, or Express' names for the usual networks. */
const proxies = z
  .string()
  .transform(listOf)
  .pipe(
    z.array(
      z.union(
        [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6(), z.enum(['loopback', 'linklocal', 'uniquelocal'])],
        {
          message: 'must be addresses or networks such as 10.0.0.0/8, or loopback',
        },
      ),
    ),
  );

/** The end of a complaint about a hook's secret. */
export const NEW_HOOK_SECRET = `make one with: node -e "console.log('whsec_' + require('crypto').randomBytes(32).toString('base64'))"`;

/** As https://www.standardwebhooks.com has it: 24 to 64 bytes. Several sign at a time, as above. */
const hookSecrets = z
  .string()
  .transform(listOf)
  .refine((all) => all.every(isHookSecret), {
    message: `must be whsec_ and then 24 to 64 bytes in base64; ${NEW_HOOK_SECRET}`,
  });

function isHookSecret(text: string): boolean {
  const prefix = 'whsec_';
  const base64 = text.slice(prefix.length);
  const key = Buffer.from(base64, 'base64');
  // Node reads over what is not base64; the library that signs does not.
  const isWhole = text.startsWith(prefix) && key.toString('base64') === base64;
  return isWhole && key.length >= 24 && key.length <= 64;
}

/** The end of a complaint about a secret that signs sessions or links. */
export const NEW_SIGNING_SECRET = `make one with: node -e "console.log(require('crypto').randomBytes(32).toString('base64url'))"`;

/** Several hold at a time, as above; short ones could be guessed. */
const signingSecrets = z
  .string()
  .transform(listOf)
  .refine((all) => all.every((secret) => secret.length >= 32), {
    message: `must each be 32 characters or more; ${NEW_SIGNING_SECRET}`,
  });

const ARGON2ID = /^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[\w+/]+\$[\w+/]+$/;

/** Never the passwords themselves. Several hold at a time; by a space, for a hash has commas. */
const passwordHashes = z
  .string()
  .transform((text) => text.trim().split(/\s+/))
  .refine((all) => all.every((hash) => ARGON2ID.test(hash)), {
    message:
      "must be an Argon2id hash, in '…' for its dollars; make one with: npm run billing -- hash-password",
  });

const NEW_CODEC_KEY = `make one with: node -e "console.log('2026-11:' + require('crypto').randomBytes(32).toString('base64'))"`;

/** `name:key,name:key`, the key 32 bytes in base64; as Temporal's payloads name it, so a name never stands for another key later. */
const codecKeys = z.string().transform((text, context) => {
  const keys = listOf(text).map((pair) => {
    const [id = '', base64 = ''] = pair.split(':');
    return { id, key: Buffer.from(base64, 'base64'), base64 };
  });
  const isWhole = keys.every(
    ({ id, key, base64 }) => /^[\w.-]+$/.test(id) && key.length === 32 && key.toString('base64') === base64,
  );
  if (isWhole && new Set(keys.map(({ id }) => id)).size === keys.length)
    return keys.map(({ id, key }) => ({ id, key }));
  context.addIssue({
    code: 'custom',
    message: `must be name:key, each name once, each key 32 bytes in base64; ${NEW_CODEC_KEY}`,
  });
  return z.NEVER;
});

/**
 * Every variable that this project reads, and what it may hold; `.env.example` lists the same ones, with words.
 * Read once, here; no other folder knows `process.env`.
 */
export const environmentSchema = z.object({
  // Where things are; what is absent runs embedded.
  PORT: optional(port),
  HOST: optional(z.string()),
  API_REQUESTS_PER_SECOND: withDefault('100', z.coerce.number().int().min(0)),
  PAGE_REQUESTS_PER_MINUTE: withDefault('600', z.coerce.number().int().min(0)),
  API_MAX_CONNECTIONS: withDefault('10000', z.coerce.number().int().min(0)),
  API_TRUSTED_PROXIES: optional(proxies),
  WORKER_METRICS_PORT: optional(port),
  API_SHUTDOWN_DELAY: withDefault('0', duration),
  DATA_DIR: optional(z.string()),
  DATABASE_URL: optional(postgresUrl),
  TEMPORAL_ADDRESS: optional(z.string()),
  TEMPORAL_NAMESPACE: optional(z.string()),
  TEMPORAL_PROFILE: optional(z.string()),
  TEMPORAL_UI_URL: optional(httpUrl),
  TEMPORAL_CODEC_KEYS: optional(codecKeys),
  WORKER_BUILD_ID: optional(
    z
      .string()
      .regex(/^[\w.-]{1,128}$/, { message: 'must be letters, digits, dots and hyphens, such as v1.4.0' }),
  ),
  POSTGRES_PORT: optional(port),
  TEMPORAL_PORT: optional(port),
  TEMPORAL_UI_PORT: optional(port),
  STRIPE_SIMULATOR_PORT: optional(port),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(httpUrl),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: optional(httpUrl),
  OTEL_EXPORTER_OTLP_HEADERS: optional(z.string()),
  LOG_LEVEL: optional(z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])),

  // Stripe, live.
  STRIPE_SECRET_KEY: optional(startsWith('sk_live_', 'rk_live_')),
  STRIPE_WEBHOOK_SECRET: optional(secrets('whsec_')),
  NEXT_PUBLIC_STRIPE_PUBLISHABLE_KEY: optional(startsWith('pk_live_')),
  STRIPE_PRICE_ID_CPU_HOUR: optional(startsWith('price_')),
  STRIPE_PRICE_ID_GPU_HOUR: optional(startsWith('price_')),
  STRIPE_PRICE_ID_STORAGE_GB_MONTH: optional(startsWith('price_')),
  STRIPE_PRICE_ID_API_CALLS: optional(startsWith('price_')),
  STRIPE_PRICE_ID_CREDIT: optional(startsWith('price_')),

  // Stripe, test.
  STRIPE_TEST_SECRET_KEY: optional(startsWith('sk_test_', 'rk_test_')),
  NEXT_PUBLIC_STRIPE_TEST_PUBLISHABLE_KEY: optional(startsWith('pk_test_')),
  STRIPE_TEST_WEBHOOK_SECRET: optional(secrets('whsec_')),
  STRIPE_TEST_PRODUCT_ID: optional(startsWith('prod_')),

  // Stripe, both.
  STRIPE_API_BASE: optional(httpUrl),
  STRIPE_AUTOMATIC_TAX: withDefault('false', z.enum(['true', 'false'])).transform(
    (value) => value === 'true',
  ),
  STRIPE_BATCH_REQUESTS_PER_SECOND: withDefault('80', z.coerce.number().positive()),

  // The host product's endpoint for messages, per mode.
  HOST_WEBHOOK_URL: optional(hookUrl),
  HOST_WEBHOOK_SECRET: optional(hookSecrets),
  HOST_TEST_WEBHOOK_URL: optional(hookUrl),
  HOST_TEST_WEBHOOK_SECRET: optional(hookSecrets),

  // The admin's page.
  ADMIN_PASSWORD_HASH: optional(passwordHashes),
  ADMIN_SESSION_SECRETS: optional(signingSecrets),

  // The account page.
  ACCOUNT_SESSION_SECRETS: optional(signingSecrets),
  ACCOUNT_LINK_SECRETS: optional(signingSecrets),
  ACCOUNT_LINK_JWKS_URL: optional(httpUrl),
  ACCOUNT_TEST_LINK_SECRETS: optional(signingSecrets),
  ACCOUNT_TEST_LINK_JWKS_URL: optional(httpUrl),

  // Rules of the house.
  BILLING_GRACE_DAYS: withDefault('7', z.coerce.number().min(0).max(365)),
  BILLING_COLLECTION_WINDOW: withDefault('1h', duration),
  BILLING_CREDITS_EXPIRE_AFTER: optional(creditLife),
  BILLING_HOLD_FACTOR: withDefault('5', holdFactor),
  BILLING_HOLD_MINIMUM_DOLLARS: withDefault('100', z.coerce.number().min(0).max(1_000_000_000)),
  BILLING_APPROVAL: withDefault('auto', z.enum(['auto', 'required'])),
});

/** The variables as the schema has parsed them: durations in milliseconds, lists split, defaults filled in. */
export type Environment = z.output<typeof environmentSchema>;
/** Variables as a process has them, `process.env` or what a child is to be given. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** All variables of ours, for starting a part without what the surroundings happen to hold. */
export const ENVIRONMENT_NAMES: readonly string[] = Object.keys(environmentSchema.shape);

/** A variable is missing or holds what it can't. The message names all such variables, never what they hold. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The environment needs mending:\n${problems.map((problem) => `  - ${problem}`).join('\n')}\nSee .env.example.`,
    );
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

/** Reads all variables of ours; others are passed over. @throws ConfigurationError naming every problem at once. */
export function parseEnvironment(variables: EnvironmentVariables): Environment {
  const result = environmentSchema.safeParse(variables);
  if (result.success) return result.data;
  throw new ConfigurationError(
    result.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`),
  );
}
