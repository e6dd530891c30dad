import { setTimeout as sleep } from 'node:timers/promises';
import type { HostileCase } from './cases.ts';
import type { RawAnswer } from './send.ts';
import { type HostileWorld, MONTHS } from './world.ts';

type Send = (hostile: HostileCase) => Promise<RawAnswer>;

/**
 * What chance hardly ever gets right, because one thing has to come after the other: a month that is closed, with bills held,
 * released, skipped and tried again, over the api and over the pages; an event that is handed on again.
 */
export async function liveThrough(world: HostileWorld, send: Send): Promise<void> {
  const api = sender(send, 'adminPassword', 'application/json', JSON.stringify);
  const pages = sender(send, 'adminSession', 'application/x-www-form-urlencoded', (fields) =>
    new URLSearchParams({
      ...(fields as Record<string, string>),
      decisionId: crypto.randomUUID(),
      _csrf: '~csrf~',
    }).toString(),
  );
  const [first, second] = world.billed.held;

  await deliverEvent(world, send);
  world.learn(
    'webhookTest',
    idIn(
      await api(
        'POST /api/admin/test/webhook-tests',
        {},
        { userId: '~user~', type: 'customer.subscription.updated' },
      ),
    ),
  );

  const apiMonth = { mode: 'test', period: MONTHS.ofApi };
  const decide = (name: string, body: unknown) =>
    api(`POST /api/admin/{mode}/months/{period}/${name}`, apiMonth, body);
  await decide('close', null);
  await phaseIs(api, apiMonth, 'awaiting_approval');
  const held = JSON.parse(
    (await decide('hold', { bills: [first, second], by: 'Grace', reason: 'odd' })).text,
  ) as { bills: string[] };
  world.learn('bill', held.bills[0] ?? '');
  await decide('approve', { by: 'Grace' });
  await phaseIs(api, apiMonth, 'awaiting_release');
  await decide('release', { bills: [first], by: 'Grace' });
  await decide('skip', { bills: [second], by: 'Grace' });
  await phaseIs(api, apiMonth, 'done');
  await decide('retry-parked', { by: 'Grace' });

  const { userId } = world.billed.pastDue;
  await until('the customer to owe', async () => {
    const { text } = await api('GET /api/admin/{mode}/customers/{userId}', { mode: 'test', userId }, null);
    return (JSON.parse(text) as { status: string }).status === 'past_due';
  });
  await api(
    'POST /api/admin/{mode}/customers/{userId}/extend-grace',
    { mode: 'test', userId },
    { days: 30, by: 'Grace' },
  );

  const pageMonth = { mode: 'test', period: MONTHS.ofPages };
  const press = (name: string, fields: Record<string, string>) =>
    pages(`POST /admin47392/months/{mode}/{period}/${name}`, pageMonth, { by: 'Grace', ...fields });
  await press('close', {});
  await phaseIs(api, pageMonth, 'awaiting_approval');
  await press('hold', { bills: `${first} ${second}`, reason: 'odd' });
  await press('approve', {});
  await phaseIs(api, pageMonth, 'awaiting_release');
  await press('release', { which: 'all' });
  await phaseIs(api, pageMonth, 'done');
}

/** Takes an event in and waits until it is written down, so that it can be handed on again. */
async function deliverEvent(world: HostileWorld, send: Send): Promise<void> {
  const deliver = sender(send, 'stripe', 'application/json', JSON.stringify);
  const id = `evt_${crypto.randomUUID().replaceAll('-', '')}`;
  const object = { id: 'in_1', object: 'invoice', customer: '~customer~' };
  const event = {
    id,
    object: 'event',
    type: 'invoice.paid',
    created: 1_793_750_400,
    livemode: false,
    data: { object },
  };
  await deliver('POST /api/webhooks/stripe-test', {}, event);
  await until('the event to be written down', async () => {
    const { db } = world.service;
    const row = await db
      .selectFrom('webhook_receipts')
      .select('event_id')
      .where('event_id', '=', id)
      .executeTakeFirst();
    return row !== undefined;
  });
  world.learn('event', id);
}

function sender(
  send: Send,
  caller: HostileCase['caller'],
  contentType: string,
  write: (body: unknown) => string,
) {
  return async (
    route: string,
    parameters: Readonly<Record<string, string>>,
    body: unknown,
  ): Promise<RawAnswer> => {
    const [method = '', template = ''] = route.split(' ');
    const path = Object.entries(parameters).reduce(
      (text, [name, value]) => text.replace(`{${name}}`, value),
      template,
    );
    const written =
      body === null ? null : { contentType, packed: 'plain' as const, text: write(body), times: 1 };
    const answer = await send({ route, method, caller, path, query: '', headers: [], body: written });
    if (answer.status >= 400)
      throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
    return answer;
  };
}

async function phaseIs(
  api: ReturnType<typeof sender>,
  month: Readonly<Record<string, string>>,
  wanted: string,
): Promise<void> {
  await until(`the month to be ${wanted}`, async () => {
    const { text } = await api('GET /api/admin/{mode}/months/{period}/progress', month, null);
    return (JSON.parse(text) as { progress: { phase: string } | null }).progress?.phase === wanted;
  });
}

function idIn({ text }: RawAnswer): string {
  return (JSON.parse(text) as { id: string }).id;
}

const PATIENCE_MS = 240_000;

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !(await isSo()); await sleep(100))
    if (Date.now() > deadline) throw new Error(`Waited ${PATIENCE_MS / 1_000} s for ${what}`);
}
