import { MODES, type Mode } from '../../domain/mode.ts';
import type { PartName } from '../../stack/stack.ts';
import { type Boundary, SIDES, type Side } from '../boundaries/boundary.ts';
import type { Scenario } from './scenario.ts';
import { CLOSING } from './scenarios/closing.ts';
import { LEAVING } from './scenarios/leaving.ts';
import { PAYING } from './scenarios/paying.ts';
import { REQUESTS } from './scenarios/requests.ts';
import { SUBSCRIBING } from './scenarios/subscribing.ts';

/** All stories, in the order in which the matrix shows them. */
export const SCENARIOS: readonly Scenario[] = [
  ...SUBSCRIBING,
  ...PAYING,
  ...LEAVING,
  ...REQUESTS,
  ...CLOSING,
];

/** The parts that are killed, as the columns of the matrix have them. */
export const KILLED_PARTS = [
  'worker',
  'api',
  'PostgreSQL',
  'Temporal',
  'Stripe simulator',
] as const satisfies readonly PartName[];
/** One of the parts that the matrix kills. */
export type KilledPart = (typeof KILLED_PARTS)[number];

/** What is so besides the kill. */
export type Circumstance =
  | 'none'
  /** Stripe has forgotten its idempotency keys when the process is back, as after a day. */
  | 'keys forgotten'
  /** Stripe still works on the request when its sender is killed, and longer than the next try waits. */
  | 'request under way';

/** One line of the matrix: where in which story something is killed. */
export interface BoundaryOfStory {
  readonly scenario: string;
  readonly step: string;
  readonly side: Side;
}

/** One cell: a kill to be judged. */
export interface Row extends BoundaryOfStory {
  readonly part: KilledPart;
  readonly circumstance: Circumstance;
  readonly mode: Mode;
}

/** `first card: after createSubscription, worker`, as `--rows` finds it. */
export function nameOf({ scenario, side, step, part, circumstance }: Row): string {
  const more = circumstance === 'none' ? '' : `, ${circumstance}`;
  return `${scenario}: ${side} ${step}, ${part}${more}`;
}

/** All rows of the boundaries that were met when each story was played undisturbed. */
export function rowsOf(boundaries: readonly BoundaryOfStory[]): Row[] {
  const rows = boundaries.flatMap((boundary) => [
    ...KILLED_PARTS.map((part) => ({ ...boundary, part, circumstance: 'none' as const })),
    ...circumstancesOf(boundary).map((circumstance) => ({
      ...boundary,
      part: 'worker' as const,
      circumstance,
    })),
  ]);
  return rows.map((row, index) => ({ ...row, mode: MODES[index % MODES.length] ?? 'test' }));
}

/** A write to Stripe whose sender has gone is the one thing that these change. */
function circumstancesOf({ step, side }: BoundaryOfStory): Circumstance[] {
  if (!step.startsWith('POST ')) return [];
  return side === 'after' ? ['keys forgotten'] : ['request under way'];
}

/** The first time that each step is met on each side, in the order of the story. */
export function boundariesOf(scenario: Scenario, met: readonly Boundary[]): BoundaryOfStory[] {
  const steps = [...new Set(met.map(({ name }) => name))].filter(
    (name) => scenario.steps?.includes(name) ?? true,
  );
  return steps.flatMap((step) =>
    SIDES.filter((side) => met.some((boundary) => boundary.name === step && boundary.side === side)).map(
      (side) => ({ scenario: scenario.name, step, side }),
    ),
  );
}

const isOfApi = ({ step }: Row): boolean => /^(signal|start|run|update|store) /.test(step);

/**
 * The story of a boundary.
 *
 * @throws Error when there is none of that name, as in a matrix that was published long ago.
 */
export const scenarioOf = ({ scenario: name }: BoundaryOfStory): Scenario => {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`There is no story "${name}"`);
  return found;
};

/**
 * Rows that one kill is for: each customer stands still at a boundary of their own, and then the part is killed. Stories that would
 * get into each other's way are kept apart; and what stands still in the api holds a caller with little patience, so that it is
 * not to wait for what stands still in the worker.
 */
export function groupsOf(rows: readonly Row[], atOnce: number): Row[][] {
  const groups: Row[][] = [];
  // First those that need a group of their own, then those that fit in anywhere.
  const demanding = (row: Row): boolean =>
    scenarioOf(row).isAlone === true || scenarioOf(row).closes === 'owns';
  for (const row of [...rows.filter(demanding), ...rows.filter((each) => !demanding(each))]) {
    const group = groups.find((each) => each.length < atOnce && each.every((other) => canShare(row, other)));
    if (group === undefined) groups.push([row]);
    else group.push(row);
  }
  return groups;
}

function canShare(a: Row, b: Row): boolean {
  if (a.part !== b.part || a.circumstance !== b.circumstance || isOfApi(a) !== isOfApi(b)) return false;
  if (a.mode !== b.mode) return true;
  const [first, second] = [scenarioOf(a), scenarioOf(b)];
  if (first.isAlone === true || second.isAlone === true) return false;
  const ownsClose = first.closes === 'owns' || second.closes === 'owns';
  return !ownsClose || first.closes === 'no' || second.closes === 'no';
}
