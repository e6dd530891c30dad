import { STRIPE_VARIABLES } from '../config/mode-variables.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import type { ApiDependencies } from './dependencies.ts';
import { HttpError } from './errors.ts';

/** The modes that are used here: a mode's key, which is the workers', comes with a webhook secret. */
export function configuredModes(webhookSecrets: ApiDependencies['webhookSecrets']): Mode[] {
  return MODES.filter((mode) => webhookSecrets[mode].length > 0);
}

/**
 * For what Stripe's webhooks have to end: without them it would come to nothing.
 *
 * @throws HttpError `mode_not_configured`
 */
export function refuseUnlessConfigured(webhookSecrets: ApiDependencies['webhookSecrets'], mode: Mode): void {
  if (webhookSecrets[mode].length > 0) return;
  throw webhooksNotConfigured(mode);
}

/** For what can do nothing without the secret of the mode's webhook endpoint. */
export function webhooksNotConfigured(mode: Mode): HttpError {
  const message = `Webhooks of ${mode} mode are not set up here: set ${STRIPE_VARIABLES[mode].webhookSecret}`;
  return new HttpError('mode_not_configured', message, { retryAfterSeconds: 60 });
}
