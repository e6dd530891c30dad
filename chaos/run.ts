import { setTimeout as sleep } from 'node:timers/promises';
import { saveCluster } from '../db/clusters.ts';
import { type BillingPeriod, closedPeriods } from '../domain/billing-period.ts';
import { MODES } from '../domain/mode.ts';
import { RECONCILIATION_SCHEDULE } from '../domain/schedules.ts';
import { buildProgramsForNow } from '../stack/build-programs.ts';
import { startReaper } from '../stack/reaper.ts';
import { PARTS, type PartName } from '../stack/stack.ts';
import { onThrowAwayStack } from '../stack/throw-away-stack.ts';
import { askUntil, meanwhile } from '../stack/waiting.ts';
import { closeMonths } from './closes.ts';
import { deliveries, wrongAnswers } from './deliveries.ts';
import { Disturber } from './disturber.ts';
import type { Account } from './judge/account.ts';
import type { Finding } from './judge/finding.ts';
import { judge } from './judge/judge.ts';
import type { SeenWorld } from './judge/seen.ts';
import { LastWords } from './last-words.ts';
import { observe } from './observe.ts';
import { Progress } from './progress.ts';
import { Reconciling } from './reconciling.ts';
import { type ChaosReport, reportOn } from './report.ts';
import { type Blow, planBlows } from './schedule.ts';
import { bringWebhooks, settle } from './settle.ts';
import { StruckRequests } from './struck-requests.ts';
import { Supervisor } from './supervisor.ts';
import { Witness } from './witness.ts';
import { populate } from './world/population.ts';
import type { RunningBilling } from './world/running-billing.ts';
import { Settling } from './world/settling.ts';
import { reachStack } from './world/stack-billing.ts';
import { World } from './world/world.ts';

/** How long and how hard: as the command line of `npm run chaos` has it. */
export interface ChaosOptions {
  readonly seed: number;
  readonly kills: number;
  readonly customers: number;
  readonly months: number;
  /** Takes what the parts print. */
  readonly log: (line: string) => void;
  /** Told again and again how far it is. */
  readonly show: (standing: ChaosStanding) => void;
}

/** How far a run has come: kills so far, and deeds and batches of usage that are `done` of all there are. */
export interface ChaosStanding {
  readonly phase: string;
  readonly kills: number;
  readonly done: number;
  readonly total: number;
}

/** How long everybody still tries, and waits until nothing moves, when nothing is killed any more. */
const PATIENCE_MS = 6 * 60_000;
/** How often those who still live get webhooks that were lost. */
const BRING_EVERY_MS = 2_000;
/** More blows are planned than needed: one that meets a part which is dead already kills nothing. */
const SPARE = 1.5;
/** How long the parts run at most until somebody has done something. */
const LIFE_MS = 8_000;
/** How often, and how long apart, what was found is looked at again before it is believed. */
const LOOKS = 4;
const LOOK_AGAIN_AFTER_MS = 5_000;
/** Places on clusters for this share of the customers: some wait for others to leave. */
const PLACES = 0.4;

/** Plays the world on a stack of its own while its parts are killed, and judges what is there in the end. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const words = new LastWords();
  const run: { current?: ChaosRun } = {};
  const supervisor = new Supervisor((part) => run.current?.isUp(part) ?? Promise.resolve());
  const graceIsOver = options.seed % 2 === 1;
  // Programs that are killed hundreds of times.
  await using reaper = startReaper();
  const programs = await buildProgramsForNow(reaper);
  return await onThrowAwayStack(
    async (stack) => {
      supervisor.watch(stack);
      await using service = reachStack(stack.file);
      run.current = new ChaosRun(options, service, supervisor);
      try {
        return await run.current.play(graceIsOver, words);
      } finally {
        await supervisor.stop();
      }
    },
    {
      variables: {
        BILLING_COLLECTION_WINDOW: '0',
        // In every other run whoever owes is suspended at once.
        BILLING_GRACE_DAYS: graceIsOver ? '0' : '7',
      },
      log: (line) => {
        words.read(line);
        options.log(line);
      },
      programs,
      onFailure: (part) => supervisor.hasEnded(part),
    },
  );
}

class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #service: RunningBilling;
  readonly #supervisor: Supervisor;
  readonly #disturber: Disturber;
  readonly #struck: StruckRequests;
  readonly #reconciling: Reconciling;
  readonly #progress = new Progress();
  readonly #givingUp = new AbortController();
  readonly #world: World;
  readonly #months: readonly BillingPeriod[];
  readonly #startedAt = Date.now();
  readonly #clockHours: number[] = [];

  constructor(options: ChaosOptions, service: RunningBilling, supervisor: Supervisor) {
    this.#options = options;
    this.#service = service;
    this.#supervisor = supervisor;
    this.#disturber = new Disturber(service);
    this.#struck = new StruckRequests(service.simulator);
    this.#reconciling = new Reconciling(service);
    this.#months = closedPeriods(new Date(), options.months);
    this.#world = new World({
      service,
      population: populate(options.seed, options.customers, this.#months),
      reaches: (at) => this.#progress.reaches(at),
      gaveUp: this.#givingUp.signal,
    });
  }

  /** A part runs again. */
  async isUp(part: PartName): Promise<void> {
    if (part !== 'Stripe simulator') return;
    this.#struck.beginAnew();
    await this.#disturber.setAnew();
  }

  async play(graceIsOver: boolean, words: LastWords): Promise<ChaosReport> {
    await this.#makePlaces();
    const settling = new Settling(this.#service);
    await this.#pauseReconciliation();
    const witness = await Witness.appear(this.#service);
    const counting = this.#struck.count();
    const living = this.#world.live();
    const closing = closeMonths({
      temporal: this.#service.temporal,
      months: this.#months,
      isTimeFor: async (index) =>
        await (index === this.#months.length - 1
          ? this.#world.usageIsSent
          : this.#progress.reaches((index + 1) / this.#months.length)),
      gaveUp: this.#givingUp.signal,
    });
    for (const blow of planBlows(this.#options.seed, this.#options.kills * SPARE)) {
      if (this.#supervisor.killCount >= this.#options.kills) break;
      await this.#strike(blow, witness);
    }
    const doneUnderFire = this.#world.done;

    this.#show('everything comes up again');
    await this.#supervisor.allUp();
    await this.#disturber.calm();
    this.#progress.moveTo(1);
    const patience = setTimeout(() => this.#givingUp.abort(), PATIENCE_MS);
    const closes = await this.#untilOver(closing, living);
    clearTimeout(patience);
    const unsettled = await settle(this.#service, settling, this.#reconciling, PATIENCE_MS, (left) =>
      this.#show(`settling: ${JSON.stringify(left)}`),
    );
    this.#show('reconciling');
    await this.#reconciling.findNothing();
    this.#struck.stop();
    await counting;

    const { seen, findings } = await this.#judge([...this.#world.accounts, witness.account], graceIsOver);
    const all = await deliveries(this.#service);
    return reportOn({
      options: this.#options,
      seconds: Math.round((Date.now() - this.#startedAt) / 1_000),
      supervisor: this.#supervisor,
      world: this.#world,
      doneUnderFire,
      struck: this.#struck.counts,
      clockHours: this.#clockHours,
      deliveries: all,
      reconciliation: this.#reconciling.counts,
      seen,
      months: this.#months,
      findings: [
        ...this.#killedTooFew(),
        ...this.#endedByThemselves(),
        ...this.#world.findings,
        ...closes,
        ...wrongAnswers(all),
        ...(unsettled === null
          ? []
          : [{ about: 'the end', what: `still moves: ${JSON.stringify(unsettled)}` }]),
        ...this.#reconciling.findings,
        ...findings,
        ...words.findings,
      ],
    });
  }

  /** It finds what was lost when the run says so: the Schedule's hour would come at some time or other. */
  async #pauseReconciliation(): Promise<void> {
    for (const mode of MODES) {
      const schedule = this.#service.temporal.schedule.getHandle(RECONCILIATION_SCHEDULE.scheduleId(mode));
      await schedule.pause('Chaos runs it itself.');
    }
  }

  async #strike(
    { parts, strikesTwice, waitsForAll, afterMs, downMs, disturbance }: Blow,
    witness: Witness,
  ): Promise<void> {
    if (waitsForAll) await this.#supervisor.allUp();
    await sleep(afterMs);
    if (waitsForAll) await this.#somethingGetsDone();
    if (disturbance !== null && (await this.#disturber.disturb(disturbance)) && disturbance.type === 'clock')
      this.#clockHours.push(disturbance.hours);
    const kills = parts.map((part) => this.#supervisor.kill(part, downMs, strikesTwice));
    await Promise.all([...kills, witness.change()]);
    this.#progress.moveTo(this.#supervisor.killCount / this.#options.kills);
    this.#show('killing');
  }

  #killedTooFew(): Finding[] {
    const { kills } = this.#options;
    const { killCount } = this.#supervisor;
    return killCount < kills ? [{ about: 'the run', what: `only ${killCount} of ${kills} kills` }] : [];
  }

  /** A worker that can't reach Temporal gives up, to be started again; nothing else may. */
  #endedByThemselves(): Finding[] {
    return PARTS.filter((part) => part !== 'worker' && this.#supervisor.ownEnds[part] > 0).map((part) => ({
      about: part,
      what: `it has ended by itself ${this.#supervisor.ownEnds[part]} times`,
    }));
  }

  /** However slow the machine is, the world is to live between blows, and not only to wait for its end. */
  async #somethingGetsDone(): Promise<void> {
    const { done } = this.#world;
    const hasLived = () => this.#world.underWay === 0 || this.#world.done > done;
    await askUntil(() => Promise.resolve(hasLived()), Boolean, { patienceMs: LIFE_MS, pauseMs: 100 });
  }

  /** Some wait for what follows from a webhook that was lost. */
  async #untilOver(closing: Promise<Finding[]>, living: Promise<void>): Promise<Finding[]> {
    const [findings] = await meanwhile(Promise.all([closing, living]), BRING_EVERY_MS, async () => {
      this.#show('lives come to their end');
      await bringWebhooks(this.#service, this.#reconciling);
    });
    return findings;
  }

  async #makePlaces(): Promise<void> {
    const capacity = Math.max(1, Math.floor((this.#options.customers / MODES.length) * (PLACES / 2)));
    for (const mode of MODES)
      for (const clusterId of ['cluster-a', 'cluster-b'])
        await saveCluster(this.#service.db, { mode, clusterId, capacity });
  }

  /** Looks again where something is wrong: a workflow may just be about to say what it has saved. */
  async #judge(
    accounts: readonly Account[],
    graceIsOver: boolean,
  ): Promise<{ seen: SeenWorld; findings: Finding[] }> {
    const rules = { lastMonth: this.#months.at(-1) ?? '', graceIsOver };
    for (let look = 1; ; look += 1) {
      this.#show('judging');
      const seen = await observe(this.#service, accounts);
      const findings = judge(accounts, seen, rules);
      if (findings.length === 0 || look === LOOKS) return { seen, findings };
      await sleep(LOOK_AGAIN_AFTER_MS);
    }
  }

  #show(phase: string): void {
    const { done, total } = this.#world;
    this.#options.show({ phase, kills: this.#supervisor.killCount, done, total });
  }
}
