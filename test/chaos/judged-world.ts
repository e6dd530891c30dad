import type { Account, SentUsage } from '../../chaos/judge/account.ts';
import { judge } from '../../chaos/judge/judge.ts';
import type { SeenCustomer, SeenWorld } from '../../chaos/judge/seen.ts';

/** October is the last month that was closed, and whoever owes still has time. */
export const RULES = { lastMonth: '2026-10', graceIsOver: false };

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
/** How long Ada's disk held its 20 GB in October: for half of the month, to the millisecond. */
export const STORED_MS = OCTOBER_MS / 2;

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

/** What a test may change of a world in which all is well. */
export interface Scene {
  readonly account: Doctored<Account>;
  readonly world: Doctored<SeenWorld>;
  readonly ada: Doctored<SeenCustomer>;
  readonly bill: Doctored<SeenCustomer['bills'][number]>;
  readonly stripe: Doctored<NonNullable<SeenCustomer['stripe']>>;
}

/** What the judge finds once `doctor` has changed something. */
export function findingsOf(doctor: (scene: Scene) => unknown, rules = RULES): string[] {
  const account = structuredClone(ACCOUNT) as Doctored<Account>;
  const world = structuredClone(WORLD) as Doctored<SeenWorld>;
  const ada = world.customers[0] as Doctored<SeenCustomer>;
  const bill = ada.bills[1] as Scene['bill'];
  doctor({ account, world, ada, bill, stripe: ada.stripe as Scene['stripe'] });
  return judge([account], world, rules).map(({ what }) => what);
}

/** Row, answer and workflow agree on where Ada stands. */
export const says = (
  { ada }: Scene,
  standing: { readonly status: string; readonly waitingFor: string | null },
) => [ada.row, ada.answer, ada.workflow].forEach((who) => Object.assign(who ?? {}, standing));
