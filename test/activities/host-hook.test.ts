import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import express from 'express';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createHostHookActivities, type HostHookOptions } from '../../activities/host-hook.ts';
import type { HostHookConfig } from '../../config/config.ts';
import type { HostMessage } from '../../domain/host-message.ts';
import type { Mode } from '../../domain/mode.ts';
import { type HostRequest, listen, newHookSecret, startTestHost } from '../support/host.ts';
import { billingMessages } from './express-host.ts';

/** The message that docs/host-webhook.md shows. */
const MESSAGE: HostMessage = {
  id: 'msg_1',
  changedAtMs: Date.UTC(2026, 10, 1, 0, 5),
  userId: 'user-1',
  access: {
    status: 'past_due',
    waitingFor: 'payment',
    reason: 'A bill is unpaid; access ends with the grace period.',
    clusterId: 'cluster-a',
    graceEndsAtMs: Date.UTC(2026, 10, 8, 0, 5),
  },
};

interface Notification {
  readonly mode?: Mode;
  readonly message?: HostMessage;
  readonly options?: HostHookOptions;
}

/** One attempt, to a host that has a hook in the modes given. */
async function notify(
  hooks: Partial<Record<Mode, HostHookConfig>>,
  { mode = 'live', message = MESSAGE, options }: Notification = {},
): Promise<void> {
  const hostHooks = { live: null, test: null, ...hooks };
  await createHostHookActivities({ hostHooks }, options).notifyHost({ mode, message });
}

/** Why an attempt failed, as Temporal gets it. */
async function failureOf(hook: HostHookConfig, options?: HostHookOptions): Promise<ApplicationFailure> {
  const error: unknown = await notify({ live: hook }, options && { options }).catch(
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApplicationFailure)) throw new Error('it did not fail', { cause: error });
  return error;
}

const verify = ({ body, headers }: HostRequest, secret: string): unknown =>
  new Webhook(secret).verify(body, headers);

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a message to the host product', () => {
  it('is a POST that the library verifies, with the body that the documentation shows', async () => {
    await using host = await startTestHost();
    await notify({ live: host });
    expect(host.requests).toHaveLength(1);
    const request = host.requests[0]!;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/billing-messages',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'durable-billing',
        'webhook-id': MESSAGE.id,
      },
    });
    expect(verify(request, host.secret)).toEqual(JSON.parse(await documented('json')));
    expect(() => verify(request, newHookSecret())).toThrow('No matching signature');
  });

  it('is verified by either of two secrets while one replaces the other', async () => {
    await using host = await startTestHost();
    const fresh = newHookSecret();
    await notify({ live: { ...host, secrets: [fresh, host.secret] } });
    const request = host.requests[0]!;
    for (const secret of [fresh, host.secret]) expect(verify(request, secret)).toBeTypeOf('object');
    expect(() => verify(request, newHookSecret())).toThrow('No matching signature');
  });

  it('says null where there is nothing, and signs what is not ASCII', async () => {
    await using host = await startTestHost();
    const common = {
      status: 'suspended',
      waitingFor: null,
      reason: 'Suspended by Zoë: 20 € für nichts ☹',
      clusterId: null,
    } as const;
    await notify({ live: host }, { message: { ...MESSAGE, access: { ...common, graceEndsAtMs: null } } });
    expect(verify(host.requests[0]!, host.secret)).toHaveProperty('data', {
      mode: 'live',
      userId: 'user-1',
      ...common,
      graceEndsAt: null,
    });
  });

  it('has the same id and body on each attempt, and a signature of that moment', async () => {
    await using host = await startTestHost();
    vi.useFakeTimers({ toFake: ['Date'] });
    for (const attemptedAt of ['2026-11-01T00:05:00.900Z', '2026-11-03T00:05:00.000Z']) {
      vi.setSystemTime(new Date(attemptedAt));
      await notify({ live: host });
      expect(verify(host.requests.at(-1)!, host.secret)).toBeTypeOf('object');
    }
    const [first, second] = host.requests;
    expect(first!.headers['webhook-timestamp']).toBe('1793491500');
    expect(second!.headers['webhook-timestamp']).toBe('1793664300');
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(second!.body).toBe(first!.body);
  });

  it('of test mode goes to the test hook only, under its own secret', async () => {
    await using live = await startTestHost();
    await using test = await startTestHost();
    await notify({ live, test }, { mode: 'test' });
    expect(live.requests).toHaveLength(0);
    expect(verify(test.requests[0]!, test.secret)).toHaveProperty('data.mode', 'test');
  });

  it('is dropped when its mode has no hook any more', async () => {
    await using live = await startTestHost();
    await notify({ live }, { mode: 'test' });
    expect(live.requests).toHaveLength(0);
  });
});

describe('the answer of the host product', () => {
  it.each([200, 202, 204])('%i means that it has the message', async (status) => {
    await using host = await startTestHost((response) => void response.writeHead(status).end());
    await expect(notify({ live: host })).resolves.toBeUndefined();
  });

  it.each([302, 307, 400, 410, 429, 500])(
    '%i is a failure to be retried, told by its status',
    async (status) => {
      await using elsewhere = await startTestHost();
      await using host = await startTestHost(
        (response) => void response.writeHead(status, { location: elsewhere.url }).end(`no: ${host.secret}`),
      );
      const failure = await failureOf(host);
      expect(failure).toMatchObject({ type: 'HostRefused', nonRetryable: false });
      expect(failure.message).toContain(String(status));
      expect(everythingIn(failure)).not.toContain(host.secret);
      expect(elsewhere.requests).toHaveLength(0);
    },
  );

  it('counts as soon as its status is there: a body without end holds nothing up', async () => {
    let closed = false;
    await using host = await startTestHost((response) => {
      response.once('close', () => (closed = true));
      response.writeHead(200).write('and so on');
    });
    await notify({ live: host });
    await vi.waitFor(() => expect(closed).toBe(true));
  });

  it('has ten seconds to come, as the documentation says', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout');
    await using host = await startTestHost();
    await notify({ live: host });
    expect(timeout).toHaveBeenCalledExactlyOnceWith(10_000);
  });

  it('that does not come in time is a failure to be retried', async () => {
    await using host = await startTestHost(() => undefined);
    const failure = await failureOf(host, { timeoutMs: 100 });
    expect(failure).toMatchObject({ type: 'HostUnreachable', nonRetryable: false });
    expect(failure.message).toBe("The host product can't be reached: no answer within 0.1 s");
    expect(host.requests).toHaveLength(1);
  });

  it('is missing when nobody listens: a failure to be retried, which says why', async () => {
    const host = await startTestHost();
    await host[Symbol.asyncDispose]();
    const failure = await failureOf(host);
    expect(failure).toMatchObject({ type: 'HostUnreachable', nonRetryable: false });
    expect(failure.message).toContain('connect ECONNREFUSED 127.0.0.1');
    expect(everythingIn(failure)).not.toContain(host.secret);
    expect(everythingIn(failure)).not.toContain('billing-messages');
  });

  it('is missing when nobody listens at any address of the name: the failure has no message of its own', async () => {
    const nobody = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('fetch failed', { cause: nobody }));
    const failure = await failureOf({ url: 'http://host.example', secrets: [newHookSecret()] });
    expect(failure.message).toBe("The host product can't be reached: ECONNREFUSED");
  });

  it('is missing when it breaks off: a failure to be retried', async () => {
    await using host = await startTestHost((response) => void response.destroy());
    expect(await failureOf(host)).toMatchObject({ type: 'HostUnreachable', nonRetryable: false });
  });
});

describe('the Express host of the documentation', () => {
  it('is the code that is tested here', async () => {
    const code = await readFile(new URL('express-host.ts', import.meta.url), 'utf8');
    expect(await documented('ts')).toBe(code);
  });

  it('saves what is signed with its secret, and nothing else', async () => {
    const secret = newHookSecret();
    const saved: [string, unknown][] = [];
    const app = express().post(
      '/billing-messages',
      billingMessages(secret, async (id, message) => void saved.push([id, message])),
    );
    await using host = await listen(app);
    const url = `${host.origin}/billing-messages`;
    await notify({ live: { url, secrets: [secret] } });
    expect(saved).toEqual([[MESSAGE.id, JSON.parse(await documented('json'))]]);

    const stranger = { url, secrets: [newHookSecret()] };
    expect((await failureOf(stranger)).message).toContain('400');
    expect((await fetch(url, { method: 'POST' })).status).toBe(400);
    expect(saved).toHaveLength(1);
  });
});

/** The one block of this language in the documentation. */
async function documented(language: string): Promise<string> {
  const text = await readFile(new URL('../../docs/host-webhook.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))];
  expect(blocks).toHaveLength(1);
  return blocks[0]![1]!;
}

/** Whatever of a failure can end in a workflow's history or a log. */
const everythingIn = (error: Error): string => inspect(error, { depth: null });
