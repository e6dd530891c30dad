import type { Mode } from '../domain/mode.ts';
import type { ApiDependencies } from './dependencies.ts';
import { HttpError } from './errors.ts';

/**
 * For what Stripe's webhooks have to end: without them it would come to nothing.
 *
 * @throws HttpError `mode_not_configured`
 */
export function refuseUnlessConfigured(webhookSecrets: ApiDependencies['webhookSecrets'], mode: Mode): void {
  if (webhookSecrets[mode].length > 0) return;
  const message = `Stripe's ${mode} mode is not set up here: see .env.example for what it needs`;
  throw new HttpError('mode_not_configured', message, { retryAfterSeconds: 60 });
}
