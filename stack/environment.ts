import { hkdfSync } from 'node:crypto';
import { ENVIRONMENT_NAMES, type EnvironmentVariables } from '../config/environment.ts';
import { STRIPE_VARIABLES } from '../config/mode-variables.ts';
import type { StackFile } from '../config/stack-file.ts';
import { loadTemporalConfig } from '../config/temporal.ts';
import { MODES, type Mode } from '../domain/mode.ts';

/** The simulator stands in when Stripe is not configured at all; with one key set, the other mode is simply off. */
export function usesSimulator(variables: EnvironmentVariables): boolean {
  return MODES.every((mode) => !variables[STRIPE_VARIABLES[mode].key]);
}

/** The keys of Stripe itself, as the environment has them; `null` for a mode without. */
export function configuredStripe(
  variables: EnvironmentVariables,
): Pick<StackFile['stripe'], 'live' | 'test'> {
  return {
    live: stripeMode(variables, 'live'),
    test: stripeMode(variables, 'test'),
  };
}

function stripeMode(variables: EnvironmentVariables, mode: Mode): StackFile['stripe']['live'] {
  const { key, webhookSecret } = STRIPE_VARIABLES[mode];
  const secretKey = variables[key];
  return secretKey ? { secretKey, webhookSecret: variables[webhookSecret] ?? '' } : null;
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

/** Stripe's keys, under the names of the variables that a person would set; of the modes that have any. */
export function stripeEnvironment({ stripe }: Pick<StackFile, 'stripe'>): EnvironmentVariables {
  const variables = MODES.flatMap((mode) => {
    const { key, webhookSecret } = STRIPE_VARIABLES[mode];
    const secrets = stripe[mode];
    return secrets === null
      ? []
      : [[key, secrets.secretKey] as const, [webhookSecret, secrets.webhookSecret] as const];
  });
  return Object.fromEntries(variables);
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
    ...stripeEnvironment(file),
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
