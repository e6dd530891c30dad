import colors from 'picocolors';
import { table } from '../cli/console.ts';
import { formatCents } from '../domain/money.ts';
import type { PartName } from '../stack/stack.ts';
import type { Delivery } from '../stripe-simulator/store.ts';
import type { Finding } from './judge/finding.ts';
import type { SeenWorld } from './judge/seen.ts';
import type { ReconciliationCounts } from './reconciling.ts';
import type { Supervisor } from './supervisor.ts';
import type { World } from './world/world.ts';

/** What a run did and found: as `--json` prints it, and `describeReport` tells it. */
export interface ChaosReport {
  readonly seed: number;
  readonly seconds: number;
  readonly customers: number;
  readonly months: readonly string[];
  readonly plannedKills: number;
  /** By part. A few more than planned, or fewer where a part was dead already. */
  readonly kills: Readonly<Record<PartName, number>>;
  /** How often a part ended by itself, and how often one that was started did not come up. */
  readonly ownEnds: Readonly<Record<PartName, number>>;
  readonly failedStarts: Readonly<Record<PartName, number>>;
  /** Requests to Stripe that were struck, by what. Those just before a death of the simulator are not counted. */
  readonly faults: Readonly<Record<string, number>>;
  /** Webhooks that were struck, by what. */
  readonly mischief: Readonly<Record<string, number>>;
  readonly clockJumps: number;
  readonly clockHours: number;
  readonly webhooks: {
    /** Deliveries, and how many attempts they took. */
    readonly deliveries: number;
    readonly attempts: number;
    /** Events that were delivered more than once. */
    readonly repeated: number;
    /** Attempts that were answered with 503: to be sent again. */
    readonly refused: number;
    /** Given up on, or never sent; reconciliation found what they told of. */
    readonly lost: number;
  };
  /** What the service's own reconciliation did about what was lost. */
  readonly reconciliation: ReconciliationCounts;
  readonly world: {
    /** Deeds and batches of usage, and how many of them were done while parts were being killed. */
    readonly total: number;
    readonly done: number;
    readonly doneUnderFire: number;
    /** How often one of them had to be tried again. */
    readonly repetitions: number;
    readonly usageEvents: number;
  };
  /** Customers by where they stand in the end. */
  readonly endings: Readonly<Record<string, number>>;
  readonly bills: Readonly<Record<string, number>>;
  readonly billedCents: number;
  readonly workflows: number;
  readonly findings: readonly Finding[];
}

interface Ingredients {
  readonly options: { readonly seed: number; readonly customers: number; readonly kills: number };
  readonly seconds: number;
  readonly supervisor: Supervisor;
  readonly world: World;
  readonly doneUnderFire: number;
  readonly struck: Readonly<Record<string, number>>;
  readonly clockHours: readonly number[];
  readonly deliveries: readonly Delivery[];
  readonly reconciliation: ReconciliationCounts;
  readonly seen: SeenWorld;
  readonly months: readonly string[];
  readonly findings: readonly Finding[];
}

/** Sums a run up, from what was counted and seen: it asks nobody any more. */
export function reportOn({
  options,
  supervisor,
  world,
  clockHours,
  seen,
  ...rest
}: Ingredients): ChaosReport {
  const { deliveries, seconds, months, findings } = rest;
  const bills = seen.customers.flatMap((customer) => customer.bills);
  return {
    seed: options.seed,
    seconds,
    customers: options.customers,
    months,
    plannedKills: options.kills,
    kills: supervisor.kills,
    ownEnds: supervisor.ownEnds,
    failedStarts: supervisor.failedStarts,
    faults: rest.struck,
    mischief: countBy(deliveries.flatMap(({ mischief }) => mischief ?? [])),
    clockJumps: clockHours.length,
    clockHours: clockHours.reduce((sum, hours) => sum + hours, 0),
    webhooks: webhooksOf(deliveries),
    reconciliation: rest.reconciliation,
    world: {
      total: world.total,
      done: world.done,
      doneUnderFire: rest.doneUnderFire,
      repetitions: world.repetitions,
      usageEvents: world.accounts.reduce((sum, { usage }) => sum + usage.length, 0),
    },
    endings: countBy(
      seen.customers.map(({ row: { status, waitingFor } }) =>
        waitingFor === null ? status : `${status}, waiting for ${waitingFor}`,
      ),
    ),
    bills: countBy(bills.map(({ status }) => status)),
    billedCents: bills.reduce((sum, { totalCents }) => sum + totalCents, 0),
    workflows: seen.workflows.length,
    findings,
  };
}

function webhooksOf(deliveries: readonly Delivery[]): ChaosReport['webhooks'] {
  const arrivals = countBy(
    deliveries.filter(({ status }) => status === 'succeeded').map(({ eventId }) => eventId),
  );
  return {
    deliveries: deliveries.length,
    attempts: deliveries.reduce((sum, { attempts }) => sum + attempts.length, 0),
    repeated: Object.values(arrivals).filter((count) => count > 1).length,
    refused: deliveries.flatMap(({ attempts }) => attempts).filter(({ status }) => status === 503).length,
    lost: deliveries.filter(({ status }) => status === 'failed').length,
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** For a person: what happened, and what is wrong. */
export function describeReport(report: ChaosReport): string {
  const { kills, webhooks, reconciliation, world, findings } = report;
  const sum = Object.values(kills).reduce((all, count) => all + count, 0);
  const rows = [
    ['Kills', `${sum}: ${inWords(kills)}`],
    ['Ended by themselves', inWords(report.ownEnds)],
    ['Starts that failed', inWords(report.failedStarts)],
    ['Requests struck', inWords(report.faults)],
    ['Webhooks struck', inWords(report.mischief)],
    ['Clock of Stripe', `${report.clockJumps} jumps over ${report.clockHours} hours`],
    [
      'Webhooks',
      `${webhooks.deliveries} deliveries in ${webhooks.attempts} attempts, ${webhooks.refused} of them refused, ${webhooks.repeated} events more than once, ${webhooks.lost} lost at first`,
    ],
    [
      'Reconciliation',
      `${reconciliation.runs} runs: ${reconciliation.forwardedEvents} events forwarded, ${reconciliation.repaired} findings repaired`,
    ],
    [
      'Deeds',
      `${world.done} of ${world.total}, ${world.doneUnderFire} between kills, ${world.repetitions} times tried again`,
    ],
    ['Usage', `${world.usageEvents} events in ${report.months.join(', ')}`],
    ['Customers', `${report.customers}: ${inWords(report.endings)}`],
    ['Bills', `${inWords(report.bills)}; ${formatCents(report.billedCents)} after credits`],
    ['Workflows', String(report.workflows)],
    ['Time', `${report.seconds} s`],
  ];
  return [
    table([{ name: 'Chaos' }, { name: `seed ${report.seed}` }], rows),
    '',
    verdict(report, findings),
  ].join('\n');
}

function verdict(
  { seed, plannedKills, customers, months }: ChaosReport,
  findings: readonly Finding[],
): string {
  if (findings.length === 0)
    return colors.green('Nothing lost, nothing doubled: everything is as it must be.');
  return [
    colors.red(`${findings.length} things are not as they must be:`),
    ...findings.map(({ about, what }) => `  ${about}: ${what}`),
    '',
    `Once more: npm run chaos -- --seed ${seed} --kills ${plannedKills} --customers ${customers} --months ${months.length}`,
  ].join('\n');
}

function inWords(counts: Readonly<Record<string, number>>): string {
  const named = Object.entries(counts).filter(([, count]) => count > 0);
  return named.length === 0 ? 'none' : named.map(([name, count]) => `${name} ${count}`).join(', ');
}
