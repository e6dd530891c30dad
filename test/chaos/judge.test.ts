import { expect, test } from 'vitest';
import type { Account, SentUsage } from '../../chaos/judge/account.ts';
import { judge } from '../../chaos/judge/judge.ts';
import type { SeenCustomer, SeenWorld } from '../../chaos/judge/seen.ts';

const RULES = { lastMonth: '2026-10', graceIsOver: false };

const usage = (event: Pick<SentUsage, 'id' | 'product' | 'quantity' | 'occurredAt' | 'resourceId'>) => ({
  userId: 'ada',
  ...event,
});

/** Ada used $3.00 in September, which credits paid, and $1.52 in October; of $10.00 of credits $2.00 were refunded. */
const ACCOUNT: Account = {
  mode: 'live',
  userId: 'ada',
  subscription: 'subscribes',
  givenUp: null,
  usage: [
    usage({ id: '1', product: 'gpu_hour', quantity: '1.5', occurredAt: '2026-09-02T00:00:00.000Z' }),
    usage({ id: '2', product: 'api_calls', quantity: '1500', occurredAt: '2026-10-31T23:59:59.999Z' }),
    usage({
      id: '3',
      product: 'storage_gb_month',
      quantity: '20',
      occurredAt: '2026-10-16T12:00:00.000Z',
      resourceId: 'disk',
    }),
  ],
};

const OCTOBER_MS = 31 * 86_400_000;
const STORED_MS = OCTOBER_MS / 2;

const ADA = {
  mode: 'live',
  userId: 'ada',
  row: {
    stripeCustomerId: 'cus_1',
    stripeSubscriptionId: 'sub_1',
    status: 'active',
    waitingFor: null,
    clusterId: 'cluster-a',
    creditShortfallCents: 0,
  },
  answer: {
    status: 'active',
    waitingFor: null,
    clusterId: 'cluster-a',
    stripeSubscriptionId: 'sub_1',
    creditsCents: 500,
    owedCents: 0,
  },
  workflow: { status: 'active', waitingFor: null, clusterId: 'cluster-a', parked: null, queuedEvents: 0 },
  creditGrants: [{ sessionId: 'cs_1', amountCents: 1_000 }],
  bills: [
    {
      billId: 'bill_1',
      period: '2026-09',
      part: 1,
      status: 'paid',
      totalCents: 0,
      stripeInvoiceId: null,
      lines: [
        { product: 'gpu_hour', usagePeriod: '2026-09', exactQuantity: '1.5', amountCents: 300 },
        { product: 'credits', usagePeriod: '2026-09', exactQuantity: '3', amountCents: -300 },
      ],
    },
    {
      billId: 'bill_2',
      period: '2026-10',
      part: 1,
      status: 'paid',
      totalCents: 152,
      stripeInvoiceId: 'in_2',
      lines: [
        { product: 'api_calls', usagePeriod: '2026-10', exactQuantity: '1500', amountCents: 2 },
        {
          product: 'storage_gb_month',
          usagePeriod: '2026-10',
          exactQuantity: String(20 * STORED_MS),
          amountCents: 150,
        },
      ],
    },
  ],
  stripe: {
    deleted: false,
    subscriptions: [{ id: 'sub_1', status: 'active', created: 100, endedAt: null }],
    paymentMethods: 1,
    invoices: [
      {
        id: 'in_2',
        status: 'paid',
        attempted: true,
        totalCents: 152,
        paidCents: 152,
        billId: 'bill_2',
      },
      { id: 'in_0', status: 'paid', attempted: true, totalCents: 0, paidCents: 0, billId: null },
    ],
    purchases: [{ sessionId: 'cs_1', amountCents: 1_000, refundedCents: 200 }],
    chargedCents: 1_152,
  },
} as const satisfies SeenCustomer;

const WORLD: SeenWorld = {
  customers: [ADA],
  made: [
    { mode: 'live', what: 'customer of ada', id: 'cus_1' },
    { mode: 'test', what: 'customer of ada', id: 'cus_2' },
    { mode: 'live', what: 'session of Checkout first', id: 'cs_1' },
  ],
  events: [
    {
      mode: 'live',
      eventId: 'evt_1',
      type: 'invoice.paid',
      stripeCustomerId: 'cus_1',
      acknowledged: true,
      applied: true,
    },
  ],
  workflows: [
    {
      workflowId: 'customer-billing:live:cus_1',
      type: 'customerBillingWorkflow',
      status: 'RUNNING',
      workflowTaskAttempt: 1,
      pendingActivities: [],
    },
    {
      workflowId: 'monthly-billing:live:2026-10',
      type: 'monthlyBillingWorkflow',
      status: 'COMPLETED',
      workflowTaskAttempt: 1,
      pendingActivities: [],
    },
  ],
  clusters: [{ mode: 'live', clusterId: 'cluster-a', capacity: 1 }],
};

/** A copy that may be changed. */
type Doctored<Value> = Value extends readonly (infer Item)[]
  ? Doctored<Item>[]
  : Value extends object
    ? { -readonly [Key in keyof Value]: Doctored<Value[Key]> }
    : Value;

interface Scene {
  readonly account: Doctored<Account>;
  readonly world: Doctored<SeenWorld>;
  readonly ada: Doctored<SeenCustomer>;
  readonly bill: Doctored<SeenCustomer['bills'][number]>;
  readonly stripe: Doctored<NonNullable<SeenCustomer['stripe']>>;
}

function findingsOf(doctor: (scene: Scene) => unknown, rules = RULES): string[] {
  const account = structuredClone(ACCOUNT) as Doctored<Account>;
  const world = structuredClone(WORLD) as Doctored<SeenWorld>;
  const ada = world.customers[0] as Doctored<SeenCustomer>;
  const bill = ada.bills[1] as Scene['bill'];
  doctor({ account, world, ada, bill, stripe: ada.stripe as Scene['stripe'] });
  return judge([account], world, rules).map(({ what }) => what);
}

const says = ({ ada }: Scene, standing: { readonly status: string; readonly waitingFor: string | null }) =>
  [ada.row, ada.answer, ada.workflow].forEach((who) => Object.assign(who ?? {}, standing));

test('a world in which all is well has no findings', () => {
  expect(findingsOf(() => undefined)).toEqual([]);
});

test.each<[what: string, doctor: (scene: Scene) => unknown, finding: RegExp]>([
  [
    'a cent too much on a line',
    ({ bill, stripe }) => {
      bill.totalCents += 1;
      (bill.lines[1] as { amountCents: number }).amountCents += 1;
      Object.assign(stripe.invoices[0] ?? {}, { totalCents: 153, paidCents: 153 });
      stripe.chargedCents += 1;
    },
    /^bill_2 asks 151 cents for storage_gb_month of 2026-10, not 150$/,
  ],
  [
    'an invoice that is a cent off its bill',
    ({ stripe }) => Object.assign(stripe.invoices[0] ?? {}, { totalCents: 151 }),
    /^bill_2 comes to 152 cents, and in_2 to 151$/,
  ],
  [
    'lines that are not the total',
    ({ bill, stripe }) => {
      bill.totalCents = 153;
      Object.assign(stripe.invoices[0] ?? {}, { totalCents: 153 });
    },
    /^bill_2 comes to 153 cents, and its lines to 152$/,
  ],
  [
    'usage that is on no bill',
    ({ account }) => account.usage.push({ ...account.usage[0], id: '4' } as SentUsage),
    /^of gpu_hour in 2026-09 3 were used and 1.5 billed, 300 cents too few$/,
  ],
  [
    'usage that is billed twice',
    ({ ada, bill }) => bill.lines.push({ ...ada.bills[0]?.lines[0] } as (typeof bill.lines)[number]),
    /^of gpu_hour in 2026-09 1.5 were used and 3 billed/,
  ],
  [
    'storage that is held for a millisecond too long',
    ({ bill }) => {
      (bill.lines[1] as { exactQuantity: string }).exactQuantity = String(20 * (STORED_MS + 1));
    },
    /^of storage_gb_month in 2026-10/,
  ],
  [
    'a month that is billed twice',
    ({ ada, bill }) => {
      ada.bills.push({ ...bill, billId: 'bill_3', stripeInvoiceId: 'in_3', lines: [], totalCents: 0 });
    },
    /^2026-10, part 1 is billed more than once$/,
  ],
  [
    'a bill with two invoices',
    ({ stripe }) => stripe.invoices.push({ ...stripe.invoices[0], id: 'in_3' } as never),
    /^bill_2 has 2 invoices: in_2, in_3$/,
  ],
  [
    'a bill without an invoice',
    ({ stripe }) => stripe.invoices.shift(),
    /^bill_2 is paid and has no invoice$/,
  ],
  [
    'an invoice of a bill that is not there',
    ({ stripe }) => stripe.invoices.push({ ...stripe.invoices[1], id: 'in_4', billId: 'bill_9' } as never),
    /^in_4 is of bill_9, which is not there$/,
  ],
  [
    'a draft that was left',
    ({ bill, stripe }) => {
      bill.status = 'held';
      Object.assign(stripe.invoices[0] ?? {}, { status: 'draft', paidCents: 0 });
    },
    /^in_2 of bill_2 was left a draft$/,
  ],
  [
    'an invoice of nobody that asks for money',
    ({ stripe }) => Object.assign(stripe.invoices[1] ?? {}, { totalCents: 7 }),
    /^in_0 asks for 7 cents and is of no bill$/,
  ],
  [
    'a bill that says paid while Stripe collects',
    ({ stripe, ada }) => {
      Object.assign(stripe.invoices[0] ?? {}, { status: 'open', attempted: false, paidCents: 0 });
      stripe.chargedCents -= 152;
      ada.answer.owedCents = 152;
    },
    /^bill_2 is paid, and in_2 is open$/,
  ],
  [
    'a failed payment that the bill does not know of',
    (scene) => {
      scene.bill.status = 'open';
      scene.ada.answer.owedCents = 152;
      scene.stripe.chargedCents -= 152;
      Object.assign(scene.stripe.invoices[0] ?? {}, { status: 'open', attempted: true, paidCents: 0 });
      says(scene, { status: 'past_due', waitingFor: 'payment' });
    },
    /^bill_2 is open, and in_2 was tried$/,
  ],
  [
    'a bill that was voided, and nobody asked',
    ({ bill, stripe }) => {
      bill.status = 'void';
      Object.assign(stripe.invoices[0] ?? {}, { status: 'void', paidCents: 0 });
      stripe.chargedCents -= 152;
    },
    /^in_2: void, and nobody asked$/,
  ],
  [
    'a line of what nobody used',
    ({ bill }) =>
      bill.lines.push({ product: 'surprise', usagePeriod: '2026-10', exactQuantity: '1', amountCents: 0 }),
    /^bill_2 asks for surprise, which nobody used$/,
  ],
  [
    'a line of a month that is not over',
    ({ bill }) =>
      bill.lines.push({ product: 'gpu_hour', usagePeriod: '2026-11', exactQuantity: '1', amountCents: 200 }),
    /^of gpu_hour in 2026-11 0 were used and 1 billed/,
  ],
  [
    'a second customer of a user',
    ({ world }) => world.made.push({ mode: 'live', what: 'customer of ada', id: 'cus_3' }),
    /^there are 2 in Stripe: cus_1, cus_3$/,
  ],
  [
    'a second session of a Checkout',
    ({ world }) => world.made.push({ mode: 'live', what: 'session of Checkout first', id: 'cs_9' }),
    /^there are 2 in Stripe: cs_1, cs_9$/,
  ],
  [
    'an event of nobody',
    ({ world }) => ((world.events[0] as { stripeCustomerId: string }).stripeCustomerId = 'cus_9'),
    /^evt_1 \(invoice.paid\) is of nobody that the service knows$/,
  ],
  [
    "a customer's workflow that has ended",
    ({ world }) => ((world.workflows[0] as { status: string }).status = 'COMPLETED'),
    /^it is COMPLETED$/,
  ],
  ['a bill that went nowhere', ({ bill }) => (bill.status = 'frozen'), /^bill_2 is still frozen$/],
  ['a bill that is parked', ({ bill }) => (bill.status = 'parked'), /^bill_2 is parked$/],
  [
    'a charge that was made twice',
    ({ stripe }) => (stripe.chargedCents += 152),
    /^1304 cents were charged, for invoices and credits of 1152$/,
  ],
  [
    'credits that were granted twice',
    ({ ada }) => {
      ada.creditGrants.push({ sessionId: 'cs_1', amountCents: 1_000 });
      ada.answer.creditsCents += 1_000;
    },
    /^cs_1 paid for 1000 cents of credits and was granted 1000 and 1000$/,
  ],
  [
    'credits that were not granted',
    ({ ada }) => ada.creditGrants.pop(),
    /^cs_1 paid for 1000 cents of credits and was granted nothing$/,
  ],
  [
    'credits that nobody paid for',
    ({ ada }) => ada.creditGrants.push({ sessionId: 'cs_2', amountCents: 100 }),
    /^cs_2 was granted credits and is not paid$/,
  ],
  [
    'a refund that was not taken back',
    ({ ada }) => (ada.answer.creditsCents += 200),
    /^700 cents of credits are left; 1000 were bought, 200 refunded, 300 used$/,
  ],
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

test('usage of somebody whom Stripe does not know is parked, and that is right', () => {
  const findings = findingsOf(({ account, ada, bill, world }) => {
    account.subscription = 'never';
    world.events.pop();
    Object.assign(ada, { stripe: null, workflow: null, creditGrants: [] });
    Object.assign(ada.row, {
      stripeCustomerId: null,
      stripeSubscriptionId: null,
      status: 'none',
      clusterId: null,
    });
    Object.assign(ada.answer, {
      stripeSubscriptionId: null,
      status: 'none',
      clusterId: null,
      creditsCents: 0,
    });
    ada.bills[0]?.lines.pop();
    Object.assign(ada.bills[0] ?? {}, { totalCents: 300, status: 'parked' });
    Object.assign(bill, { status: 'parked', stripeInvoiceId: null });
  });
  expect(findings).toEqual([]);
});
