import { randomBytes } from 'node:crypto';
import type { Request } from 'express';
import { z } from 'zod';
import { loadStripeObjects } from '../../../db/stripe-objects.ts';
import { findUserByStripeCustomer, type User } from '../../../db/users.ts';
import { findReceipts, type ListedReceipt } from '../../../db/webhook-receipts.ts';
import { WEBHOOK_PATHS } from '../../../domain/stripe-event.ts';
import {
  objectOfTest,
  sentAtOf,
  type TestedEventType,
  testEvent,
  testEventId,
  whyNothingToTest,
} from '../../../domain/webhook-test.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { HttpError } from '../../errors.ts';
import { webhooksNotConfigured } from '../../mode-configuration.ts';
import { findUserOrRefuse } from '../../users/find-user.ts';
import { signAsStripe } from '../../webhooks/signature.ts';
import { noStripeCustomer } from '../customers/decisions.ts';
import { eventNotFound, workflowOf } from './events.ts';
import { type sentWebhookTestSchema, WEBHOOK_TEST_STEPS, type webhookTestSchema } from './schema.ts';

/** Live events are Stripe's alone. */
const MODE = 'test';
/** Longer than the endpoint waits for Temporal. */
const SEND_DEADLINE_MS = 10_000;
/** What came in is noted within seconds, unless the database was away. */
const NOTED_WITHIN_MS = 60_000;

/**
 * Sends an event about what a user really has in Stripe to our own endpoint, signed as Stripe signs, over HTTP.
 *
 * @param request `apiUrl`: where this api listens, such as `http://127.0.0.1:3000`.
 * @throws HttpError `user_not_found`, `user_erased`, `no_stripe_customer`, `nothing_to_test`, `mode_not_configured`
 */
export async function sendWebhookTest(
  dependencies: ApiDependencies,
  request: { readonly userId: string; readonly type: TestedEventType; readonly apiUrl: string },
): Promise<z.output<typeof sentWebhookTestSchema>> {
  const { db, webhookSecrets, now = () => new Date() } = dependencies;
  const { userId, type, apiUrl } = request;
  const [secret] = webhookSecrets[MODE];
  if (secret === undefined) throw webhooksNotConfigured(MODE);
  const user = await findUserOrRefuse(db, MODE, userId);
  const { stripe_customer_id: stripeCustomerId } = user;
  if (stripeCustomerId === null) throw noStripeCustomer(userId);
  const objectId = objectOfTest(type, await loadStripeObjects(db, user));
  if (objectId === null)
    throw new HttpError('nothing_to_test', whyNothingToTest(type, userId), { param: 'type' });

  const sentAt = now();
  const id = testEventId(sentAt, randomBytes(6).toString('hex'));
  const payload = JSON.stringify(testEvent({ id, type, sentAt, objectId, stripeCustomerId }));
  const answer = await fetch(`${apiUrl}${WEBHOOK_PATHS[MODE]}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'stripe-signature': signAsStripe(payload, secret, sentAt),
    },
    body: payload,
    signal: AbortSignal.timeout(SEND_DEADLINE_MS),
  });
  const problem = answer.ok ? null : refusalSchema.parse(await answer.json()).error.message;
  return { id, status: answer.status, problem, before: standingOf(user) };
}

/** Where this process listens: where the request has come in, whatever proxies stand before. */
export function ownUrl({ socket: { localAddress = '127.0.0.1', localPort = 0 } }: Request): string {
  return `http://${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
}

const refusalSchema = z.object({ error: z.object({ message: z.string() }) });

/**
 * How far a test has come: each step of it, in order, with its time. What came in is noted up to a second later; what was not
 * noted after a minute counts as not received.
 *
 * @throws HttpError `event_not_found` when it is no test of ours.
 */
export async function describeWebhookTest(
  dependencies: ApiDependencies,
  id: string,
): Promise<z.output<typeof webhookTestSchema>> {
  const { db, now = () => new Date() } = dependencies;
  const sentAt = sentAtOf(id);
  if (sentAt === null) throw eventNotFound(MODE, id);
  const receipt = (await findReceipts(db, MODE, id)).at(-1);
  const isLost = receipt === undefined && now().getTime() > sentAt.getTime() + NOTED_WITHIN_MS;
  const times: Readonly<Record<(typeof WEBHOOK_TEST_STEPS)[number], Date | null>> = {
    sent: sentAt,
    received: receipt?.receivedAt ?? null,
    verified: receipt?.verifiedAt ?? null,
    signalled: receipt?.signalledAt ?? null,
    applied: receipt?.appliedAt ?? null,
  };
  return {
    id,
    state: isLost ? 'failed' : stateOf(receipt),
    type: receipt?.type ?? null,
    userId: receipt?.userId ?? null,
    steps: WEBHOOK_TEST_STEPS.map((step) => ({
      step,
      at: times[step]?.toISOString() ?? null,
    })),
    reason: isLost ? 'not_received' : (receipt?.reason ?? null),
    standing: receipt?.appliedAt == null ? null : await standingAfter(dependencies, receipt),
    workflow: receipt === undefined ? null : workflowOf(dependencies, receipt),
  };
}

function stateOf(receipt: ListedReceipt | undefined): 'waiting' | 'done' | 'failed' {
  if (receipt === undefined) return 'waiting';
  if (receipt.appliedAt !== null) return 'done';
  return receipt.outcome === 'accepted' ? 'waiting' : 'failed';
}

async function standingAfter({ db }: ApiDependencies, { stripeCustomerId }: ListedReceipt) {
  const user = await findUserByStripeCustomer(db, MODE, stripeCustomerId ?? '');
  return user === undefined ? null : standingOf(user);
}

function standingOf(user: User) {
  return { status: user.status, reason: user.status_reason, since: user.status_since.toISOString() };
}
