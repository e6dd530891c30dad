import { randomUUID } from 'node:crypto';
import { listBills } from '../../../db/bills.ts';
import type { BillingPeriod } from '../../../domain/billing-period.ts';
import type { Mode } from '../../../domain/mode.ts';
import { sumCents } from '../../../domain/money.ts';
import {
  BILLING_PROGRESS_QUERY,
  type MonthlyBillingReport,
  monthlyBillingWorkflowId,
} from '../../../domain/monthly-close.ts';
import { CARDS } from '../../world/customers.ts';
import { ACTIVE } from '../../world/outcomes.ts';
import { useGpu } from '../../world/usage.ts';
import { type Ends, whatIsWrongWith } from '../audit.ts';
import { persistently, untilNothingIsWrong } from '../patience.ts';
import {
  addCard,
  closeOf,
  decide,
  isSo,
  newPerson,
  newUserId,
  openCheckout,
  type Person,
  register,
  subscriber,
  useAndClose,
} from '../people.ts';
import type { Play, Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

/** A month that is being closed, and what is wrong with its close when all has settled. */
interface ClosedMonth {
  readonly mode: Mode;
  readonly period: BillingPeriod;
  report: MonthlyBillingReport | null;
}

/** The stories of a month's close: each closes months that nobody else closes. */
export const CLOSING: readonly Scenario[] = [
  {
    name: 'month closed',
    story:
      'A month of three customers is closed: $3.00 are paid, $3.00 declined, and of $30.00 credits pay $25.00. Usage that comes late is on the next bill.',
    closes: 'owns',
    begin: async (stage, mode) => {
      const [payer, decliner, withCredits] = await Promise.all([
        subscriber(stage, mode),
        subscriber(stage, mode, CARDS.declinesCharges),
        subscriber(stage, mode),
      ]);
      withCredits.checkouts.push(await openCheckout(stage, withCredits, { mode: 'credits', credits: 25 }));
      await addCard(stage, withCredits);
      await isSo(stage, withCredits, { creditsCents: 2_500 });
      const month = nextMonth(stage, mode);
      const next = stage.months.next(mode);
      let lateHours = '0';
      const hoursOf = [
        [payer, '1.5'],
        [decliner, '1.5'],
        [withCredits, '15'],
      ] as const;
      return {
        ...playOf(stage, month, hoursOf),
        meanwhile: async () => {
          const usageId = randomUUID();
          await persistently(() => useGpu(stage, payer, month.period, '1', usageId));
          lateHours = '1';
        },
        judge: async () => {
          const wrong = await reportAmiss(stage, month, 3);
          // What came late is on this bill if it came before the freeze, and on the next one if not: never on both, never on none.
          await closeOf(stage, mode, next);
          const cents = lateHours === '0' ? 300 : 500;
          const more = await untilNothingIsWrong(async () => [
            ...(await whatIsWrongWith(stage, payer, ACTIVE)),
            ...(await paidOtherwiseThan(stage, payer, cents)),
            ...(await whatIsWrongWith(stage, decliner, declined)),
            ...(await whatIsWrongWith(stage, withCredits, paidWithCredits)),
          ]);
          return [...wrong, ...more];
        },
      };
    },
  },
  {
    name: 'held bill released',
    story: 'A bill ten times as high as usual is held, released by an operator, and paid.',
    closes: 'owns',
    steps: ['update release', 'saveCloseDecision', 'frozenAmong', 'countAwaitingRelease'],
    begin: async (stage, mode) => {
      const person = await subscriber(stage, mode);
      for (let month = 0; month < 2; month += 1) await useAndClose(stage, mode, [[person, '1']]);
      await isSo(stage, person, { bills: ['200 paid', '200 paid'] });
      const month = nextMonth(stage, mode);
      const ends = { ...ACTIVE, bills: ['2000 paid', '200 paid', '200 paid'] };
      return {
        ...playOf(stage, month, [[person, '10']], async () => {
          const bills = await heldBill(stage, person, month);
          await decide(stage, mode, `months/${month.period}/release`, { bills });
        }),
        judge: async () => [...(await reportAmiss(stage, month, 1)), ...(await amiss(stage, person, ends))],
      };
    },
  },
  {
    name: 'parked bill retried',
    story:
      'A user without a customer in Stripe is billed: parked. They sign up, and an operator has it tried again: paid.',
    closes: 'owns',
    steps: ['update retryParked', 'saveCloseDecision', 'invoiceBill'],
    begin: async (stage, mode) => {
      const userId = newUserId();
      await register(stage, mode, userId);
      const period = stage.months.next(mode);
      await useAndClose(stage, mode, [[{ userId }, '1']], period);
      const person = await newPerson(stage, mode, userId);
      await addCard(stage, person);
      await isSo(stage, person, { ...ACTIVE, bills: ['200 parked'] });
      return {
        marks: [monthlyBillingWorkflowId(mode, period)],
        act: async () => {
          await stage.months.inTurn(mode, async () => {
            await decide(stage, mode, `months/${period}/retry-parked`, {});
            await resultOf(stage, mode, period);
          });
        },
        judge: () => amiss(stage, person, { ...ACTIVE, bills: ['200 paid'], payments: ['200 by 4242'] }),
      };
    },
  },
  {
    name: 'Stripe is busy',
    story:
      'Stripe refuses a bill four times in a row: the close asks whether it answers, and the bill goes out then.',
    closes: 'owns',
    steps: ['stripeAnswers'],
    begin: async (stage, mode) => {
      const person = await subscriber(stage, mode);
      const month = nextMonth(stage, mode);
      const fault = { route: 'POST /v1/invoices/:id/finalize', kind: 'status_409', count: 4, mode } as const;
      const play = playOf(stage, month, [[person, '1']]);
      return {
        ...play,
        act: async () => {
          await stage.simulator.addFault(fault);
          await play.act();
        },
        judge: async () => [
          ...(await reportAmiss(stage, month, 1)),
          ...(await amiss(stage, person, { ...ACTIVE, bills: ['200 paid'], payments: ['200 by 4242'] })),
        ],
      };
    },
  },
];

const declined = {
  ...ACTIVE,
  status: 'suspended',
  waitingFor: 'payment',
  bills: ['300 payment_failed'],
  payments: [],
} as const;
const paidWithCredits = {
  ...ACTIVE,
  creditsCents: 0,
  bills: ['500 paid'],
  payments: ['2500 by 4242', '500 by 4242'],
} as const;

function nextMonth(stage: Stage, mode: Mode): ClosedMonth {
  return { mode, period: stage.months.next(mode), report: null };
}

/** The close of a month in which these have used so many hours; and what is done while it runs. */
function playOf(
  stage: Stage,
  month: ClosedMonth,
  hoursOf: Parameters<typeof useAndClose>[2],
  whileItRuns: () => Promise<unknown> = () => Promise.resolve(),
): Pick<Play, 'marks' | 'act'> {
  const { mode, period } = month;
  return {
    marks: [monthlyBillingWorkflowId(mode, period)],
    act: async () => {
      const [report] = await Promise.all([useAndClose(stage, mode, hoursOf, period), whileItRuns()]);
      month.report = report;
    },
  };
}

async function amiss(stage: Stage, person: Person, ends: Ends): Promise<readonly string[]> {
  return await untilNothingIsWrong(() => whatIsWrongWith(stage, person, ends));
}

/** The close has ended, and accounts for all of the month. */
async function reportAmiss(
  stage: Stage,
  { mode, period, report }: ClosedMonth,
  bills: number,
): Promise<string[]> {
  if (report === null) return [`the close of ${period} has not ended`];
  const { phase, frozenBills, invoicedBills, parkedBills, heldBills, balance } = report;
  const counted = `${frozenBills} frozen, ${invoicedBills} invoiced, ${parkedBills} parked, ${heldBills} held`;
  const right = `${bills} frozen, ${bills} invoiced, 0 parked, 0 held`;
  const { contradictions = 1, usedCents = 0, billedCents = 0, unbilledCents = 0 } = balance ?? {};
  return [
    ...(phase === 'done' ? [] : [`the close of ${period} is ${phase}`]),
    ...(counted === right ? [] : [`the close of ${period} says ${counted}, and it is ${right}`]),
    ...(contradictions === 0 ? [] : [`${contradictions} totals of ${period} contradict their bills`]),
    ...(usedCents === billedCents + unbilledCents
      ? []
      : [`of ${usedCents} used in ${period}, ${billedCents} are billed and ${unbilledCents} on no bill yet`]),
    // Temporal lists late.
    ...(await untilNothingIsWrong(() => unfinished(stage, monthlyBillingWorkflowId(mode, period)))),
  ];
}

/** The close and its children, as far as they have not completed. */
async function unfinished({ temporal }: Stage, workflowId: string): Promise<string[]> {
  const query = `WorkflowId STARTS_WITH "${workflowId}" AND ExecutionStatus != "Completed" AND ExecutionStatus != "ContinuedAsNew"`;
  const found: string[] = [];
  for await (const each of temporal.workflow.list({ query }))
    found.push(`${each.workflowId} is ${each.status.name}`);
  return found;
}

/** What their bills come to, and what Stripe has charged, over all months. */
async function paidOtherwiseThan({ db, stripe }: Stage, person: Person, cents: number): Promise<string[]> {
  const { mode, userId, stripeCustomerId: customer } = person;
  const billed = sumCents((await listBills(db, mode, userId)).map(({ totalCents }) => totalCents));
  const charges = await stripe[mode].charges.list({ customer, limit: 100 });
  const paid = sumCents(charges.data.filter((charge) => charge.paid).map(({ amount }) => amount));
  return billed === cents && paid === cents
    ? []
    : [`${userId}: ${cents} were used, ${billed} are billed, and ${paid} are paid`];
}

/** The bill that the close waits for, when it has nothing else left to do. */
async function heldBill(
  { db, temporal }: Stage,
  { userId }: Person,
  { mode, period }: ClosedMonth,
): Promise<string[]> {
  const close = temporal.workflow.getHandle(monthlyBillingWorkflowId(mode, period));
  return await persistently(async () => {
    const { phase } = await close.query<MonthlyBillingReport>(BILLING_PROGRESS_QUERY);
    if (phase !== 'awaiting_release') throw new Error(`the close of ${period} is ${phase}`);
    const held = (await listBills(db, mode, userId)).filter(({ status }) => status === 'held');
    if (held.length === 0) throw new Error(`${userId} has no held bill`);
    return held.map(({ billId }) => billId);
  });
}

/** Waits for the end of the close that runs. */
async function resultOf({ temporal }: Stage, mode: Mode, period: BillingPeriod): Promise<void> {
  await persistently(() => temporal.workflow.getHandle(monthlyBillingWorkflowId(mode, period)).result());
}
