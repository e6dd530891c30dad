import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { monthAfter, monthsFrom } from './calendar.ts';
import { describeOperation, describeStep } from './describe-history.ts';
import type { History, Step } from './histories.ts';
import { explanations, type Observation, type Seen } from './judge.ts';
import {
  billed,
  happen,
  nothingYet,
  type Operation,
  ORACLE_PRODUCTS,
  type Past,
  purseOf,
  used,
} from './oracle.ts';
import { balanceCents, shortfallCents } from './purse.ts';
import { format } from './rational.ts';
import type { Service } from './service.ts';

/**
 * Plays a history to the service and holds all that is seen against the oracle.
 *
 * @throws Error that says at which step the two differ, and how.
 */
export async function tryOut(service: Service, history: History): Promise<void> {
  const last = lastMonthOf(history);
  await service.begin(history.users, last);
  const trial = new Trial(service, history.users);
  for (const [index, step] of history.steps.entries()) await trial.play(step, `step ${index + 1}`);
  await trial.play({ kind: 'alone', operation: { type: 'close', month: last } }, 'the last close');
  await trial.finish(history);
}

/** No step freezes it and no usage is later: what is left by then must be on its bill. */
function lastMonthOf({ months }: History): string {
  return monthAfter(monthAfter(months.at(-1) ?? ''));
}

/** An operation under way. */
interface Running {
  readonly operation: Operation;
  began: number;
  /** `null` until it is there. */
  ended: { readonly at: number; readonly seen: Seen } | null;
  readonly finished: Promise<void>;
}

class Trial {
  readonly #service: Service;
  /** What can have happened, as far as what was seen tells. */
  #pasts: readonly Past[];
  /** Counts whatever begins and ends, so that both can be compared. */
  #tick = 0;

  constructor(service: Service, users: readonly string[]) {
    this.#service = service;
    this.#pasts = [nothingYet(users, Date.now())];
  }

  /** @throws Error when nothing that the rules allow explains what was seen. */
  async play(step: Step, name: string): Promise<void> {
    const seen = await this.#perform(step);
    const pasts = explanations(this.#pasts, seen);
    if (pasts.length === 0) throw new Error(`${name}: ${describeStep(step)}\n${this.#differences(seen)}`);
    this.#pasts = pasts;
  }

  async #perform(step: Step): Promise<Observation[]> {
    switch (step.kind) {
      case 'alone':
        return await this.#ended([this.#begin(step.operation)]);
      case 'race': {
        const running: Running[] = [];
        for (const operation of step.operations) {
          running.push(this.#begin(operation));
          if (step.apartMs > 0) await sleep(step.apartMs);
        }
        return await this.#ended(running);
      }
      case 'held':
        return await this.#hold(step);
    }
  }

  async #hold({ gate, first, meanwhile }: Extract<Step, { kind: 'held' }>): Promise<Observation[]> {
    const { gates } = this.#service;
    const running: Running[] = [];
    const unfinished = () => running.filter((each) => each.ended === null);
    await gates.close(gate, this.#service.userPrefix);
    try {
      for (const operations of [first, meanwhile]) {
        running.push(...operations.map((operation) => this.#begin(operation)));
        await gates.untilStill(() => unfinished().length);
      }
      this.#tick += 1;
      // What still stands there is not committed, so its effect is yet to come. But a freeze may have read all it will read.
      for (const each of unfinished()) if (each.operation.type !== 'freeze') each.began = this.#tick;
    } finally {
      await gates.open();
    }
    return await this.#ended(running);
  }

  #begin(operation: Operation): Running {
    this.#tick += 1;
    const running: Running = { operation, began: this.#tick, ended: null, finished: Promise.resolve() };
    return Object.assign(running, { finished: this.#finish(running) });
  }

  async #finish(running: Running): Promise<void> {
    const seen = await this.#service.perform(running.operation);
    this.#tick += 1;
    running.ended = { at: this.#tick, seen };
  }

  async #ended(running: readonly Running[]): Promise<Observation[]> {
    await Promise.all(running.map((each) => each.finished));
    return running.flatMap(({ operation, began, ended }) =>
      ended === null ? [] : { operation, began, ended: ended.at, seen: ended.seen },
    );
  }

  /** What was seen beside what was to be expected, had each come alone. */
  #differences(seen: readonly Observation[]): string {
    const sideBySide = seen.length > 1 ? 'no order of these explains what was seen; ' : '';
    return seen
      .map(({ operation, began, ended, seen }) => {
        const expected = this.#pasts.map((past) => JSON.stringify(happen(past, operation).outcome));
        return [
          `${sideBySide}${describeOperation(operation)} [${began} to ${ended}]`,
          `  expected: ${[...new Set(expected)].join('\n        or: ')}`,
          `  seen:     ${JSON.stringify(seen)}`,
        ].join('\n');
      })
      .join('\n');
  }

  /**
   * When all is frozen: what was billed is what was used, the ledger sums up, and customers see what was frozen.
   *
   * @throws Error when not.
   */
  async finish(history: History): Promise<void> {
    const lastMonth = lastMonthOf(history);
    for (const user of history.users) {
      const purses = this.#pasts.map((past) => purseOf(past, user));
      expectOneOf(
        `the credits of ${user}`,
        await this.#service.credits(user),
        purses.map((purse) => ({ balanceCents: balanceCents(purse), shortfallCents: shortfallCents(purse) })),
      );
      const shown = await this.#service.shownBills(user);
      expectOneOf(
        `the bills that ${user} is shown`,
        shown.map(({ lines, ...bill }) => ({ ...bill, amounts: lines.map((line) => line.amountCents) })),
        this.#pasts.map((past) => billsAsShown(past, user)),
      );
      for (const past of this.#pasts) expectAllBilled(past, user, history.months[0] ?? '', lastMonth);
    }
  }
}

function billsAsShown(past: Past, user: string) {
  return past.bills
    .filter(({ userId }) => userId === user)
    .toSorted((a, b) => (a.month < b.month ? -1 : 1))
    .map(({ month, totalCents, creditsCents, lines }) => ({
      period: month,
      totalCents,
      amounts: [...lines.map((line) => line.amountCents), ...(creditsCents === 0 ? [] : [-creditsCents])],
    }));
}

/** The bills in `past` are those that were seen, each equal to the oracle's; so this is the service's sum. */
function expectAllBilled(past: Past, user: string, firstMonth: string, lastMonth: string): void {
  for (const product of ORACLE_PRODUCTS) {
    for (const month of monthsFrom(firstMonth, lastMonth)) {
      const name = `${product} of ${month} that ${user} was billed`;
      expectOneOf(name, format(billed(past, user, product, month)), [
        format(used(past, user, product, month)),
      ]);
    }
  }
}

function expectOneOf(name: string, seen: unknown, expected: readonly unknown[]): void {
  if (expected.some((each) => isDeepStrictEqual(each, seen))) return;
  const all = expected.map((each) => JSON.stringify(each)).join('\n        or: ');
  throw new Error(`at the end, ${name}\n  expected: ${all}\n  seen:     ${JSON.stringify(seen)}`);
}
