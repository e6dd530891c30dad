import { hkdfSync } from 'node:crypto';
import { ENVIRONMENT_NAMES, type EnvironmentVariables } from '../config/environment.ts';
import type { StackFile } from '../config/stack-file.ts';
import { loadTemporalConfig } from '../config/temporal.ts';

/** The simulator stands in when Stripe is not configured at all; with one key set, the other mode is simply off. */
export function usesSimulator(variables: EnvironmentVariables): boolean {
  return !variables['STRIPE_SECRET_KEY'] && !variables['STRIPE_TEST_SECRET_KEY'];
}

/** The keys of Stripe itself, as the environment has them; `null` for a mode without. */
export function configuredStripe(
  variables: EnvironmentVariables,
): Pick<StackFile['stripe'], 'live' | 'test'> {
  return {
    live: stripeMode(variables['STRIPE_SECRET_KEY'], variables['STRIPE_WEBHOOK_SECRET']),
    test: stripeMode(variables['STRIPE_TEST_SECRET_KEY'], variables['STRIPE_TEST_WEBHOOK_SECRET']),
  };
}

function stripeMode(
  secretKey: string | undefined,
  webhookSecret: string | undefined,
): StackFile['stripe']['live'] {
  return secretKey ? { secretKey, webhookSecret: webhookSecret ?? '' } : null;
}

/** Whether the environment says who signs links to the account page. */
export function namesAccount(variables: EnvironmentVariables): boolean {
  return Object.keys(variables).some((name) => name.startsWith('ACCOUNT_') && variables[name]);
}

/** The sessions' secret is made of the links' secrets, which are random: so sessions live on over a restart. */
function accountEnvironment({ accountLinkSecrets: secrets }: StackFile): EnvironmentVariables {
  if (secrets === null) return {};
  const sessions = hkdfSync(
    'sha256',
    `${secrets.live} ${secrets.test}`,
    '',
    'secret of account sessions',
    32,
  );
  return {
    ACCOUNT_SESSION_SECRETS: Buffer.from(sessions).toString('base64url'),
    ACCOUNT_LINK_SECRETS: secrets.live,
    ACCOUNT_TEST_LINK_SECRETS: secrets.test,
  };
}

/** What api and worker are to use, as the environment variables that a person would set. */
export function childEnvironment(variables: EnvironmentVariables, file: StackFile): EnvironmentVariables {
  return {
    ...variables,
    PORT: new URL(file.apiUrl).port,
    // A stack on a laptop serves that laptop; whoever wants more says so.
    HOST: variables['HOST'] || '127.0.0.1',
    DATABASE_URL: file.databaseUrl,
    ...(loadTemporalConfig(variables) === null
      ? { TEMPORAL_ADDRESS: file.temporalAddress, TEMPORAL_NAMESPACE: file.temporalNamespace }
      : {}),
    ...(file.temporalUiUrl === null ? {} : { TEMPORAL_UI_URL: file.temporalUiUrl }),
    ...(file.stripe.apiBase === null ? {} : { STRIPE_API_BASE: file.stripe.apiBase }),
    ...(file.stripe.live === null
      ? {}
      : {
          STRIPE_SECRET_KEY: file.stripe.live.secretKey,
          STRIPE_WEBHOOK_SECRET: file.stripe.live.webhookSecret,
        }),
    ...(file.stripe.test === null
      ? {}
      : {
          STRIPE_TEST_SECRET_KEY: file.stripe.test.secretKey,
          STRIPE_TEST_WEBHOOK_SECRET: file.stripe.test.webhookSecret,
        }),
    ...accountEnvironment(file),
  };
}

/** The surroundings without anything that configures us: for a stack that must not meet real parts. */
export function withoutOurs(variables: EnvironmentVariables): EnvironmentVariables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !isOurs(name)));
}

function isOurs(name: string): boolean {
  return ENVIRONMENT_NAMES.includes(name) || name.startsWith('TEMPORAL_');
}
