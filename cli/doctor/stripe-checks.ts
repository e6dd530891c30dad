import { listWebhookEndpoints } from '../../activities/setup-look.ts';
import { STRIPE_API_VERSION, type StripeClient, StripeError } from '../../activities/stripe-client.ts';
import { type Check, check, type Finding, ok, problem, warning } from '../../api/health/check.ts';
import { clockFinding } from '../../api/health/clock.ts';
import { webhookSecretFinding } from '../../api/health/webhook-secret.ts';
import { STRIPE_VARIABLES } from '../../config/mode-variables.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import type { FoundEndpoint } from '../../domain/webhook-endpoint-plan.ts';
import { checkPermissions } from './key-permissions.ts';
import { type Area, type DoctorParts, STRIPE_DEADLINE_MS } from './parts.ts';
import { endpointFinding, eventsFinding, servedAddresses, versionFinding } from './webhook-endpoints.ts';

const MEND =
  'See that this machine reaches Stripe, at STRIPE_API_BASE if that is set, and https://status.stripe.com.';

/** The account that a key opens, and what Stripe's clock said. */
export interface Greeting {
  /** `null`: the key is accepted, but may not see it. */
  readonly accountId: string | null;
  readonly skewMs: number | null;
}

/** The key, the webhook endpoints and the clock of each mode. */
export async function checkStripe(parts: DoctorParts): Promise<Area[]> {
  const { stripe, now } = parts;
  const greetings = {
    live: stripe.live === null ? null : greet(stripe.live, now),
    test: stripe.test === null ? null : greet(stripe.test, now),
  };
  return await Promise.all(
    MODES.map(async (mode) => {
      const [client, greeting]: [StripeClient | null, Promise<Greeting> | null] = [
        stripe[mode],
        greetings[mode],
      ];
      const checks =
        client === null || greeting === null
          ? [await checkUnused(parts, mode)]
          : await Promise.all([
              checkKey(parts, mode, greeting),
              checkPermissions(client, keyOf(parts, mode), { mode, mend: MEND }),
              checkWebhookSecret(parts, mode),
              checkEndpoints(client, mode),
              checkClock(mode, greeting),
              ...(mode === 'test' && greetings.live !== null ? [checkAccounts(greetings)] : []),
            ]);
      return { name: `Stripe, ${mode} mode`, checks: checks.flat() };
    }),
  );
}

/** A mode without a key is switched off; only without any there is nothing to bill with. */
async function checkUnused({ stripe }: DoctorParts, mode: Mode): Promise<Check> {
  const { key, webhookSecret } = STRIPE_VARIABLES[mode];
  const none = MODES.every((each) => stripe[each] === null);
  return await check({ id: 'key', mode, mend: MEND }, () =>
    Promise.resolve(
      none
        ? problem('Stripe is configured in neither mode.', `Set ${key} and ${webhookSecret}.`)
        : ok(`Not configured: ${key} is not set.`),
    ),
  );
}

/** @throws StripeError when Stripe does not answer, or does not take the key. */
async function greet(stripe: StripeClient, now = () => new Date()): Promise<Greeting> {
  const beforeMs = now().getTime();
  const skewOf = (headers: Readonly<Record<string, unknown>> | undefined): number | null => {
    // It tells whole seconds: half a second is as good a guess as any.
    const theirsMs = Date.parse(String(headers?.['date'])) + 500;
    return Number.isNaN(theirsMs) ? null : Math.round(theirsMs - (beforeMs + now().getTime()) / 2);
  };
  try {
    const account = await stripe.accounts.retrieveCurrent();
    return { accountId: account.id, skewMs: skewOf(account.lastResponse.headers) };
  } catch (error) {
    // A restricted key that may not see its account is a good key all the same.
    if (!(error instanceof StripeError) || error.statusCode !== 403) throw error;
    return { accountId: null, skewMs: skewOf(error.headers) };
  }
}

function keyOf({ config }: DoctorParts, mode: Mode): string {
  return config.stripe.modes[mode]?.secretKey ?? '';
}

/** `sk_test_…abcd`: enough to know it by. */
export function maskedKey(secretKey: string): string {
  return `${/^[a-z]+_[a-z]+_/.exec(secretKey)?.[0] ?? ''}…${secretKey.slice(-4)}`;
}

async function checkKey(parts: DoctorParts, mode: Mode, greeting: Promise<Greeting>): Promise<Check> {
  const name = STRIPE_VARIABLES[mode].key;
  const key = maskedKey(keyOf(parts, mode));
  return await check({ id: 'key', mode, mend: MEND, deadlineMs: STRIPE_DEADLINE_MS }, async () => {
    try {
      const { accountId } = await greeting;
      return ok(`Stripe takes ${key}${accountId === null ? '' : `, of ${accountId}`}.`);
    } catch (error) {
      if (!(error instanceof StripeError) || error.statusCode !== 401) throw error;
      return problem(
        `Stripe does not take ${key} (${error.code ?? 'invalid_api_key'}).`,
        `Copy one that holds from the Dashboard (Developers → API keys) into ${name}, and restart api and workers.`,
      );
    }
  });
}

/** What Stripe and its CLI make: `whsec_` and 32 characters or more. */
const WEBHOOK_SECRET = /^whsec_[\w+/=]{32,}$/;

async function checkWebhookSecret({ config }: DoctorParts, mode: Mode): Promise<Check> {
  const name = STRIPE_VARIABLES[mode].webhookSecret;
  const secrets = config.stripe.modes[mode]?.webhookSecrets ?? [];
  return await check({ id: 'webhook_secret', mode, mend: `Set ${name}.` }, () => {
    const copy = `Copy the signing secret of the webhook endpoint from the Dashboard (Developers → Webhooks) into ${name}.`;
    if (secrets.length === 0) return Promise.resolve(problem(`${name} is not set.`, copy));
    const isWhole = secrets.every((secret) => WEBHOOK_SECRET.test(secret));
    return Promise.resolve(
      isWhole
        ? webhookSecretFinding(name, secrets.length)
        : warning(`${name} is shorter than Stripe's secrets are, or holds what they don't.`, copy),
    );
  });
}

async function checkEndpoints(stripe: StripeClient, mode: Mode): Promise<Check[]> {
  const listed = listWebhookEndpoints(stripe);
  const checkOf = (id: string, look: (endpoints: FoundEndpoint[]) => Finding) =>
    check({ id, mode, mend: MEND, deadlineMs: STRIPE_DEADLINE_MS }, async () => look(await listed));
  const endpoint = await checkOf('webhook_endpoint', (endpoints) => endpointFinding(mode, endpoints));
  const served = await listed.then(
    (endpoints) => servedAddresses(mode, endpoints),
    () => [],
  );
  // Of what an endpoint that is not there is sent, nothing is to be said.
  if (served.length === 0) return [endpoint];
  return [
    endpoint,
    await checkOf('webhook_events', () => eventsFinding(mode, served)),
    await checkOf('webhook_version', () =>
      versionFinding(
        served.flatMap(({ serving }) => serving),
        STRIPE_API_VERSION,
      ),
    ),
  ];
}

async function checkClock(mode: Mode, greeting: Promise<Greeting>): Promise<Check> {
  return await check({ id: 'clock', mode, mend: MEND, deadlineMs: STRIPE_DEADLINE_MS }, async () => {
    const { skewMs } = await greeting;
    return skewMs === null ? ok('Stripe tells no time.') : clockFinding("Stripe's", skewMs);
  });
}

async function checkAccounts(greetings: Readonly<Record<Mode, Promise<Greeting> | null>>): Promise<Check> {
  return await check({ id: 'account', mode: 'test', mend: MEND, deadlineMs: STRIPE_DEADLINE_MS }, async () =>
    accountFinding(await accountOf(greetings.live), await accountOf(greetings.test)),
  );
}

/** `null`: it can't be told. That a key is not taken is a finding of its own. */
async function accountOf(greeting: Promise<Greeting> | null): Promise<string | null> {
  try {
    return (await greeting)?.accountId ?? null;
  } catch {
    return null;
  }
}

/** Test mode is to stand for live mode, so both are best of one account. */
export function accountFinding(live: string | null, test: string | null): Finding {
  if (live === null || test === null) return ok('Whether both keys are of one account can not be told.');
  if (live === test) return ok('It is the account of live mode.');
  return warning(
    `The test key is of ${test}, the live key of ${live}.`,
    "If that is no sandbox of yours, copy both keys from one account's Dashboard (Developers → API keys).",
  );
}
