import { ApplicationFailure } from '@temporalio/common';
import { Webhook } from 'standardwebhooks';
import type { HostHookConfig } from '../config/config.ts';
import type { HostMessage } from '../domain/host-message.ts';
import type { Mode } from '../domain/mode.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { unixSeconds } from './stripe-values.ts';

/** Failure type of an answer other than 2xx. Retryable: the host product may be mended meanwhile. */
const HOST_REFUSED = 'HostRefused';
/** Failure type of no answer at all. Retryable; the host product may have taken the message all the same. */
const HOST_UNREACHABLE = 'HostUnreachable';

/** A message with the id that receivers tell repetitions by: another attempt sends the same one. */
export interface NotifyHostInput {
  readonly mode: Mode;
  readonly message: HostMessage;
}

/** For tests: the worker leaves all of it at the defaults. */
export interface HostHookOptions {
  /** How long the host product may take to answer. docs/host-webhook.md states the default. */
  readonly timeoutMs?: number;
}

/** Signed messages to the host product, as Standard Webhooks has them (https://www.standardwebhooks.com). */
export function createHostHookActivities(
  { hostHooks }: Pick<ActivityDependencies, 'hostHooks'>,
  { timeoutMs = 10_000 }: HostHookOptions = {},
) {
  return {
    /**
     * Tells the host product that a user's access has changed, in one attempt; docs/host-webhook.md is what its authors read.
     * Does nothing in a mode without a hook: somebody has taken it out of the configuration since.
     *
     * @throws ApplicationFailure `HostRefused` or `HostUnreachable`, both retryable. Neither shows the secret, or the URL's
     *   path, which may hold a token.
     */
    async notifyHost({ mode, message }: NotifyHostInput): Promise<void> {
      const hook = hostHooks[mode];
      if (hook === null) return;
      const response = await post(hook, message.id, bodyOf(mode, message), timeoutMs);
      // Only the status counts, however the body ends. Neither read nor cancelled, it would hold the connection.
      await response.body?.cancel().catch(() => undefined);
      if (response.ok) return;
      throw ApplicationFailure.create({
        message: `The host product answered ${response.status} to a message of ${mode} mode`,
        type: HOST_REFUSED,
      });
    },
  };
}

/** Signed anew for each attempt: receivers refuse what was signed more than five minutes ago. */
async function post(hook: HostHookConfig, id: string, body: string, timeoutMs: number): Promise<Response> {
  const attemptedAt = new Date();
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'durable-billing',
    'webhook-id': id,
    'webhook-timestamp': String(unixSeconds(attemptedAt)),
    // Several, as the standard has it, while one secret replaces another.
    'webhook-signature': hook.secrets
      .map((secret) => new Webhook(secret).sign(id, attemptedAt, body))
      .join(' '),
  };
  try {
    return await fetch(hook.url, {
      method: 'POST',
      headers,
      body,
      // A redirect comes back as an answer that is not 2xx. Followed, a 302 would turn into a GET without the message.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    throw ApplicationFailure.create({
      message: `The host product can't be reached: ${whyUnreachable(error, timeoutMs)}`,
      type: HOST_UNREACHABLE,
    });
  }
}

function bodyOf(mode: Mode, { changedAtMs, userId, access }: HostMessage): string {
  const { status, waitingFor, reason, clusterId, graceEndsAtMs } = access;
  const graceEndsAt = graceEndsAtMs === null ? null : iso(graceEndsAtMs);
  return JSON.stringify({
    type: 'customer.access_changed',
    timestamp: iso(changedAtMs),
    data: { mode, userId, status, waitingFor, reason, clusterId, graceEndsAt },
  });
}

const iso = (unixMs: number): string => new Date(unixMs).toISOString();

/** `fetch` says no more than "fetch failed"; what happened is the cause, whose message may be empty while its code is not. */
function whyUnreachable(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1_000} s`;
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
}
