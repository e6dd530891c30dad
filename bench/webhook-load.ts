/**
 * A process of its own that sends, as Stripe does, or that signals Temporal without the api in between. Whoever measures from another
 * process is not measured along.
 */

import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { signAsStripe } from '../api/webhooks/signature.ts';
import { atATime } from '../domain/at-a-time.ts';
import { envelopeOf } from '../domain/stripe-event.ts';
import { stopWithParent } from '../process/parent-link.ts';
import { signalStripeEvent } from '../temporal/signals.ts';
import { leanPost } from './lean-post.ts';
import type { Load, LoadFigures } from './load-process.ts';
import { webhookEvents } from './webhook-events.ts';

/** @returns how often it had to be sent again. */
type Send = (event: ReturnType<typeof webhookEvents>[number]) => Promise<number>;

/** Stripe would wait longer before it sends again. */
const SENT_AGAIN_AFTER_MS = 50;

process.on('message', (load: Load) => {
  carryOut(load).then(
    (figures) => process.send?.({ figures }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
stopWithParent(() => Promise.resolve());
process.send?.({ ready: true });

/** All is made before the clock starts: what Stripe spends on its events is none of ours. */
async function carryOut(load: Load): Promise<LoadFigures> {
  const events = webhookEvents(load);
  const { send, end } = load.to.kind === 'api' ? sendTo(load.to, events) : await signalTo(load.to);
  const latenciesMs: number[] = [];
  let sentAgain = 0;
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await atATime(load.atATime, events, async (event) => {
    const sentAt = performance.now();
    sentAgain += await send(event);
    latenciesMs.push(performance.now() - sentAt);
  });
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  await end();
  return { ms, latenciesMs, sentAgain, cpuMs: (user + system) / 1_000 };
}

interface Sending {
  readonly send: Send;
  readonly end: () => Promise<void>;
}

function sendTo(to: Load['to'] & { kind: 'api' }, events: ReturnType<typeof webhookEvents>): Sending {
  const agent = new Agent({ keepAlive: true });
  const now = new Date();
  const signed = new Map(
    events.map((event) => {
      const payload = JSON.stringify(event);
      return [event, { body: Buffer.from(payload), signature: signAsStripe(payload, to.secret, now) }];
    }),
  );
  const send: Send = async (event) => {
    const { body, signature } = signed.get(event) ?? { body: Buffer.alloc(0), signature: '' };
    for (let again = 0; ; again += 1) {
      const { status } = await leanPost(to.url, agent, body, {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': signature,
      });
      if (status === 200) return again;
      if (status !== 503) throw new Error(`A webhook was answered with ${status}`);
      await sleep(SENT_AGAIN_AFTER_MS);
    }
  };
  return {
    send,
    end: () => {
      agent.destroy();
      return Promise.resolve();
    },
  };
}

/** The call that the api makes, with the same arguments, and nothing else. */
async function signalTo({ address, namespace }: Load['to'] & { kind: 'bare' }): Promise<Sending> {
  const { Client, Connection } = await import('@temporalio/client');
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  const send: Send = async (event) => {
    const envelope = envelopeOf(event);
    if (envelope === null) throw new Error('An event without an object');
    const stripeCustomerId = String(event.data.object['customer']);
    await signalStripeEvent(client, { mode: 'live', stripeCustomerId }, envelope);
    return 0;
  };
  return { send, end: () => connection.close() };
}
