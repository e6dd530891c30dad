import { expect, test } from 'vitest';
import { findingsOf, RULES, type Scene, says } from './judged-world.ts';

test.each<[what: string, doctor: (scene: Scene) => unknown, finding: RegExp]>([
  [
    'a second subscription',
    ({ stripe }) => stripe.subscriptions.push({ id: 'sub_2', status: 'active', created: 101, endedAt: null }),
    /^2 subscriptions live, not 1: sub_1, sub_2$/,
  ],
  [
    'a second subscription that was ended again',
    ({ stripe }) =>
      stripe.subscriptions.push({ id: 'sub_2', status: 'canceled', created: 101, endedAt: 105 }),
    /^there were two subscriptions at a time: sub_1, sub_2$/,
  ],
  [
    'a subscription that was never made',
    (scene) => {
      scene.stripe.subscriptions.pop();
      says(scene, { status: 'none', waitingFor: 'checkout' });
    },
    /^0 subscriptions live, not 1: none$/,
  ],
  [
    'a subscription that lives on after its end',
    ({ account }) => (account.subscription = 'ended'),
    /^1 subscriptions live, not 0: sub_1$/,
  ],
  [
    'a subscription that the database does not know',
    ({ ada }) => (ada.row.stripeSubscriptionId = 'sub_0'),
    /^the database has the subscription sub_0, not sub_1$/,
  ],
  [
    'access without a payment method',
    ({ stripe }) => (stripe.paymentMethods = 0),
    /^the api says active; by the rules it is suspended, waiting for payment_method$/,
  ],
  [
    'a database that knows better than the workflow',
    ({ ada }) => Object.assign(ada.workflow ?? {}, { status: 'suspended' }),
    /^the workflow says suspended; by the rules it is active$/,
  ],
  [
    'a place that the workflow does not know',
    ({ ada }) => Object.assign(ada.workflow ?? {}, { clusterId: null }),
    /^not all say the same cluster: cluster-a, null$/,
  ],
  [
    'events that wait',
    ({ ada }) => Object.assign(ada.workflow ?? {}, { queuedEvents: 2 }),
    /^2 events wait in the workflow$/,
  ],
  [
    'a step that is parked',
    ({ ada }) => Object.assign(ada.workflow ?? {}, { parked: 'createSubscription: no such price' }),
    /^a step is parked: createSubscription: no such price$/,
  ],
  ['a customer without a workflow', ({ ada }) => (ada.workflow = null), /^there is no workflow$/],
  [
    'money that is owed and not shown',
    ({ ada }) => (ada.answer.owedCents = 5),
    /^the api says 5 cents are owed, not 0$/,
  ],
  ['a customer who is gone', ({ world }) => world.customers.pop(), /^the service does not know them$/],
  [
    'an event that was acknowledged and lost',
    ({ world }) => Object.assign(world.events[0] ?? {}, { applied: false }),
    /^evt_1 \(invoice.paid\) was acknowledged, and is lost$/,
  ],
  [
    'an event that never came',
    ({ world }) => Object.assign(world.events[0] ?? {}, { applied: false, acknowledged: false }),
    /^evt_1 \(invoice.paid\) was never taken$/,
  ],
  [
    'a cluster that is too full',
    ({ world }) => Object.assign(world.clusters[0] ?? {}, { capacity: 0 }),
    /^1 users are on a cluster for 0$/,
  ],
  [
    'a customer who waits although there is room',
    (scene) => {
      says(scene, { status: 'active', waitingFor: 'cluster' });
      for (const who of [scene.ada.row, scene.ada.answer, scene.ada.workflow])
        Object.assign(who ?? {}, { clusterId: null });
    },
    /^waits for a place, and there is room$/,
  ],
  [
    'a place that is held for nothing',
    (scene) => {
      scene.account.subscription = 'ended';
      Object.assign(scene.stripe.subscriptions[0] ?? {}, { status: 'canceled', endedAt: 200 });
      says(scene, { status: 'suspended', waitingFor: 'subscription' });
    },
    /^holds a place on cluster-a without a subscription$/,
  ],
  [
    'a workflow that has failed',
    ({ world }) => Object.assign(world.workflows[1] ?? {}, { status: 'FAILED' }),
    /^it is FAILED$/,
  ],
  [
    'a close that goes on for ever',
    ({ world }) => Object.assign(world.workflows[1] ?? {}, { status: 'RUNNING' }),
    /^it still runs$/,
  ],
  [
    'a workflow task that fails again and again',
    ({ world }) => Object.assign(world.workflows[0] ?? {}, { workflowTaskAttempt: 4 }),
    /^its workflow task has failed 3 times$/,
  ],
  [
    'an activity that is tried again and again',
    ({ world }) =>
      world.workflows[0]?.pendingActivities.push({ name: 'lookAtCustomer', attempt: 7, problem: 'HTTP 500' }),
    /^lookAtCustomer is tried for the 7th time: HTTP 500$/,
  ],
])('%s is called out', (_, doctor, finding) => {
  expect(findingsOf(doctor)).toContainEqual(expect.stringMatching(finding));
});

test('who owes has access until the grace period is over', () => {
  const owes = (standing: { readonly status: string; readonly waitingFor: string }) => (scene: Scene) => {
    scene.bill.status = 'payment_failed';
    Object.assign(scene.stripe.invoices[0] ?? {}, { status: 'open', paidCents: 0 });
    scene.stripe.chargedCents -= 152;
    scene.ada.answer.owedCents = 152;
    says(scene, standing);
  };
  const pastDue = owes({ status: 'past_due', waitingFor: 'payment' });
  const suspended = owes({ status: 'suspended', waitingFor: 'payment' });
  expect(findingsOf(pastDue)).toEqual([]);
  expect(findingsOf(suspended, { ...RULES, graceIsOver: true })).toEqual([]);
  expect(findingsOf(suspended)).toHaveLength(3);
  expect(findingsOf(pastDue, { ...RULES, graceIsOver: true })).toHaveLength(3);
});
