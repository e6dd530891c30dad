import type { ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  CARDS,
  type Customer,
  cardsOf,
  completeCheckout,
  eventsOf,
  newCustomer,
  settled,
  simulate,
  startCheckout,
  stateIs,
  stateOf,
  subscribedCustomer,
  subscriptionsOf,
  workflowOf,
} from '../../chaos/world/customers.ts';
import { eventually } from '../../chaos/world/eventually.ts';
import { letStripeTimePass } from '../../chaos/world/stripe-clock.ts';
import { useGpu } from '../../chaos/world/usage.ts';
import { closeMonth } from '../../cli/close.ts';
import { parseBillingPeriod } from '../../domain/billing-period.ts';
import {
  type CustomerBillingState,
  REACTIVATE_UPDATE,
  SUSPEND_UPDATE,
} from '../../domain/customer-workflow.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { type HostRequest, startTestHost, type TestHost } from '../support/host.ts';
import { deliver, newEvents, sendUntilContinuedAsNew } from './event-stream.ts';
import { startTestBilling } from './service.ts';
import { startServerOfShortHistories } from './short-histories.ts';

/** A message of docs/host-webhook.md, with the id that it came under. */
interface Message {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A host product that may be unwell. */
interface Host extends TestHost {
  /** What it says to each message: that it has it, that it failed, or nothing at all. */
  answers: 'taken' | 'failed' | 'nothing';
  /** The requests that it has taken, oldest first. */
  readonly taken: readonly HostRequest[];
  /** From now on it takes what comes; who still waits for an answer loses the connection. */
  recover(): void;
}

let liveHost: Host;
let testHost: Host;
let billing: BillingService;

beforeAll(async () => {
  liveHost = await startHost();
  testHost = await startHost();
  billing = await startTestBilling({ hostHooks: { live: liveHost, test: testHost } });
  await billing.startWorker();
});
beforeEach(() => testHost.recover());
afterAll(async () => {
  await billing.stop();
  await liveHost[Symbol.asyncDispose]();
  await testHost[Symbol.asyncDispose]();
});

const ACTIVE = { status: 'active', waitingFor: null, clusterId: 'cluster-test', graceEndsAt: null } as const;
const SUSPENDED = { ...ACTIVE, status: 'suspended', waitingFor: 'operator' } as const;

test('the host is told, signed, of each change of access, in order', async () => {
  const customer = await subscribedCustomer(billing, { card: CARDS.declinesCharges });
  await told(testHost, customer, [ACTIVE]);

  const period = parseBillingPeriod('2026-05');
  await useGpu(billing, customer, period, '1.5');
  await closeMonth(billing.temporal, { mode: 'test', period });
  const isPastDue = ({ status }: CustomerBillingState) => status === 'past_due';
  const { graceEndsAtMs } = await stateIs(billing, customer, 'past due', isPastDue);
  const graceEndsAt = new Date(graceEndsAtMs ?? 0).toISOString();
  const pastDue = { ...ACTIVE, status: 'past_due', waitingFor: 'payment', graceEndsAt };
  await told(testHost, customer, [ACTIVE, pastDue]);

  const [card] = await cardsOf(billing, customer);
  await billing.stripe.test.paymentMethods.detach(card?.id ?? '');
  const suspended = { ...pastDue, status: 'suspended', waitingFor: 'payment_method' };
  await told(testHost, customer, [ACTIVE, pastDue, suspended]);

  await letStripeTimePass(billing);
  const checkout = await startCheckout(billing, 'test', customer.userId);
  await completeCheckout(billing, checkout.id, CARDS.good);
  const messages = await told(testHost, customer, [ACTIVE, pastDue, suspended, ACTIVE]);

  for (const { type, data } of messages) {
    expect({ type, ...data }).toMatchObject({
      type: 'customer.access_changed',
      mode: 'test',
      userId: customer.userId,
      reason: expect.stringMatching(/\w/) as string,
    });
  }
  expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
  const times = messages.map(({ timestamp }) => Date.parse(timestamp));
  expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
});

test('a redelivered event of Stripe tells the host nothing', async () => {
  const customer = await subscribedCustomer(billing);
  const events = await eventsOf(billing, customer);
  for (const { id } of events) await simulate(billing, 'webhooks/redeliver', { eventId: id });
  const isRepeated = ({ duplicateEvents }: CustomerBillingState) => duplicateEvents >= events.length;
  await stateIs(billing, customer, 'every event to have come again', isRepeated);
  await suspend(billing, customer);
  // Messages come in order: had there been one more, it would be the second.
  expect(await told(testHost, customer, [ACTIVE, SUSPENDED])).toHaveLength(2);
});

test('a user who has only registered is not told of', async () => {
  const customer = await newCustomer(billing);
  await billing.stripe.test.paymentMethods.attach('pm_card_visa', { customer: customer.stripeCustomerId });
  expect(await settled(billing, customer)).toMatchObject({ status: 'none', waitingFor: 'checkout' });
  // Messages come in order: had there been one, it would be the first.
  await completeCheckout(billing, customer.checkout.id);
  await told(testHost, customer, [ACTIVE]);
});

test("each mode's messages go to its own host only, signed with its own secret", async () => {
  const live = await subscribedCustomer(billing, { mode: 'live' });
  const test = await subscribedCustomer(billing, { mode: 'test' });
  const [ofLive] = await told(liveHost, live, [{ ...ACTIVE, clusterId: 'cluster-live' }]);
  const [ofTest] = await told(testHost, test, [ACTIVE]);
  expect([ofLive?.data['mode'], ofTest?.data['mode']]).toEqual(['live', 'test']);
  expect(attemptsFor(liveHost, test)).toEqual([]);
  expect(attemptsFor(testHost, live)).toEqual([]);
});

test.each(['failed', 'nothing'] as const)(
  'while the host answers "%s", billing goes on; the failed message follows under its id, then the newest state',
  async (answers) => {
    testHost.answers = answers;
    const customer = await subscribedCustomer(billing);
    await eventually(
      'the first message to be tried',
      async () => attemptsFor(testHost, customer),
      (attempts) => attempts.length > (answers === 'failed' ? 1 : 0),
    );
    // Of this the host will not hear: it is over before it is well again.
    await suspend(billing, customer);
    await workflowOf(billing, customer).executeUpdate(REACTIVATE_UPDATE, { args: [{ by: 'an operator' }] });
    const [subscription] = await subscriptionsOf(billing, customer);
    await billing.stripe.test.subscriptions.cancel(subscription?.id ?? '');
    const ended = { status: 'suspended', waitingFor: 'subscription', clusterId: null } as const;
    expect(await settled(billing, customer)).toMatchObject(ended);
    expect(messagesTo(testHost, customer)).toEqual([]);

    const failed = attemptsFor(testHost, customer);
    testHost.recover();
    const [first] = await told(testHost, customer, [ACTIVE, { ...ended, graceEndsAt: null }]);
    expect(new Set(failed.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([first?.id]));
    expect(new Set(failed.map(({ body }) => body)).size).toBe(1);
  },
);

test('a message that waits for the host survives continue-as-new, and comes once', async () => {
  const temporalAddress = await startServerOfShortHistories(130);
  await using host = await startHost();
  const billing = await startTestBilling({ temporalAddress, hostHooks: { live: null, test: host } });
  onTestFinished(() => billing.stop());
  await billing.startWorker();
  host.answers = 'failed';
  const customer = await subscribedCustomer(billing);
  await sendUntilContinuedAsNew(billing, customer);
  const [failed] = attemptsFor(host, customer);
  expect(messagesTo(host, customer)).toEqual([]);

  host.recover();
  const [message] = await told(host, customer, [ACTIVE]);
  expect(message?.id).toBe(failed?.headers['webhook-id']);
  // The new run knows what the host has been told, and how many messages there were.
  const { appliedEvents } = await stateOf(billing, customer);
  for (const event of newEvents(1)) await deliver(billing, customer, event);
  await stateIs(billing, customer, 'the event to be applied', (state) => state.appliedEvents > appliedEvents);
  await suspend(billing, customer);
  const [, next] = await told(host, customer, [ACTIVE, SUSPENDED]);
  expect(next?.id).not.toBe(message?.id);
});

test('what changed while a message waited is told after continue-as-new as well, without another event', async () => {
  const temporalAddress = await startServerOfShortHistories(130);
  await using host = await startHost();
  const billing = await startTestBilling({ temporalAddress, hostHooks: { live: null, test: host } });
  onTestFinished(() => billing.stop());
  await billing.startWorker();
  host.answers = 'failed';
  const customer = await subscribedCustomer(billing);
  await suspend(billing, customer);
  await sendUntilContinuedAsNew(billing, customer);
  expect(messagesTo(host, customer)).toEqual([]);

  host.recover();
  await told(host, customer, [ACTIVE, SUSPENDED]);
});

async function startHost(): Promise<Host> {
  const taken: HostRequest[] = [];
  const unanswered: ServerResponse[] = [];
  const answer = (response: ServerResponse): void => {
    if (host.answers === 'nothing') {
      unanswered.push(response);
      return;
    }
    if (host.answers === 'taken') taken.push(...host.requests.slice(-1));
    response.writeHead(host.answers === 'taken' ? 204 : 500).end();
  };
  const host: Host = {
    ...(await startTestHost(answer)),
    answers: 'taken',
    taken,
    recover: () => {
      host.answers = 'taken';
      for (const response of unanswered.splice(0)) response.destroy();
    },
  };
  return host;
}

/** What was tried to tell of the customer, taken or not. */
function attemptsFor({ requests }: Host, { userId }: Customer): HostRequest[] {
  return requests.filter(({ body }) => body.includes(`"${userId}"`));
}

/** What the host has been told of the customer, and verified. */
function messagesTo({ taken, secret }: Host, { userId }: Customer): Message[] {
  return taken
    .map(({ body, headers }): Message => {
      const message = new Webhook(secret).verify(body, headers) as Omit<Message, 'id'>;
      return { id: headers['webhook-id'] ?? '', ...message };
    })
    .filter(({ data }) => data['userId'] === userId);
}

/** Waits until the host has been told of so many changes, and compares what they are with what they should be. */
async function told(host: Host, customer: Customer, changes: readonly object[]): Promise<Message[]> {
  const messages = await eventually(
    `${changes.length} messages`,
    async () => messagesTo(host, customer),
    (found) => found.length >= changes.length,
  );
  expect(messages.map(({ data }) => data)).toMatchObject(changes);
  return messages;
}

async function suspend(billing: BillingService, customer: Customer): Promise<void> {
  await workflowOf(billing, customer).executeUpdate(SUSPEND_UPDATE, {
    args: [{ reason: 'a test', by: 'an operator' }],
  });
}
