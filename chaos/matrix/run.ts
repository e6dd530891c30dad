import { sql } from 'kysely';
import { discover } from './discover.ts';
import { makeRoom } from './places.ts';
import { type BoundaryOfStory, groupsOf, nameOf, type Row, rowsOf, SCENARIOS } from './rows.ts';
import { onStage, type Stage, type StageOptions } from './stage.ts';
import { strike, type Verdict } from './strike.ts';

/** Which rows are tried, and on how much at once. */
export interface RunOptions extends StageOptions {
  /** Done to the database before there are customers. */
  readonly statements?: readonly string[];
  /** Which rows, by their names; all, unless given. */
  readonly wants: (name: string) => boolean;
  /** Stacks that run beside each other. */
  readonly stacks: number;
  /** Customers at most that one kill is for, each at a boundary of their own. */
  readonly atOnce: number;
  /** Boundaries that are known from an earlier run; found by playing each story undisturbed, unless given. */
  readonly boundaries?: readonly BoundaryOfStory[];
  /** Called after each kill, and for what else is worth a line. */
  readonly onProgress: (line: string) => void;
}

/** What a run came to, with a verdict for each row that was wanted. `seconds` is all the time that it took. */
export interface MatrixRun {
  readonly boundaries: readonly BoundaryOfStory[];
  readonly verdicts: readonly Verdict[];
  readonly kills: number;
  readonly seconds: number;
}

/** Finds the boundaries, makes rows of them, and judges each row that is wanted. */
export async function runMatrix(options: RunOptions): Promise<MatrixRun> {
  const startedAt = Date.now();
  const boundaries =
    options.boundaries ?? (await onReadyStage(options, (stage) => discoverAll(stage, options)));
  const rows = rowsOf(boundaries).filter((row) => options.wants(nameOf(row)));
  const groups = groupsOf(rows, options.atOnce);
  const kills = groups.length;
  options.onProgress(`${rows.length} rows, ${kills} kills`);
  const stacks = Math.min(options.stacks, kills);
  const verdicts = (
    await Promise.all(Array.from({ length: stacks }, () => strikeAll(groups, kills, options)))
  ).flat();
  return { boundaries, verdicts, kills, seconds: (Date.now() - startedAt) / 1_000 };
}

async function onReadyStage<Result>(
  options: RunOptions,
  play: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  return await onStage(async (stage) => {
    await makeRoom(stage);
    for (const statement of options.statements ?? []) await sql.raw(statement).execute(stage.db);
    return await play(stage);
  }, options);
}

/** Plays all stories undisturbed: those beside each other that may be. */
async function discoverAll(stage: Stage, { onProgress }: RunOptions): Promise<BoundaryOfStory[]> {
  const play = async (scenario: (typeof SCENARIOS)[number]) => {
    const boundaries = await discover(stage, scenario);
    onProgress(`${scenario.name}: ${boundaries.length} boundaries`);
    return boundaries;
  };
  const isFree = ({ closes, isAlone }: (typeof SCENARIOS)[number]) => closes === 'no' && isAlone !== true;
  const free = await Promise.all(SCENARIOS.filter(isFree).map(play));
  for (const scenario of SCENARIOS.filter((each) => !isFree(each))) free.push(await play(scenario));
  const found = free.flat();
  return SCENARIOS.flatMap(({ name }) => found.filter(({ scenario }) => scenario === name));
}

/** Takes one group after the other from the list, on a stack of its own; a stack that breaks is replaced. */
async function strikeAll(groups: Row[][], kills: number, options: RunOptions): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  while (groups.length > 0) {
    let underWay: Row[] | undefined;
    try {
      await onReadyStage(options, async (stage) => {
        for (underWay = groups.shift(); underWay !== undefined; underWay = groups.shift()) {
          const judged = await strike(stage, underWay);
          verdicts.push(...judged);
          options.onProgress(progressOf(judged, kills - groups.length, kills));
        }
      });
    } catch (error) {
      const wrong = [`the stack broke: ${String(error)}`];
      // One that does not even start would never come to an end.
      underWay ??= groups.shift();
      verdicts.push(...(underWay ?? []).map((row) => ({ row, wrong, seconds: 0 })));
      options.onProgress(wrong.join());
    }
  }
  return verdicts;
}

function progressOf(judged: readonly Verdict[], kill: number, kills: number): string {
  const seconds = Math.max(0, ...judged.map((verdict) => verdict.seconds));
  const red = judged.filter(({ wrong }) => wrong.length > 0);
  const lines = red.map(({ row, wrong }) => `\n    ✗ ${nameOf(row)}: ${wrong.join('; ')}`);
  const part = judged[0]?.row.part ?? '';
  return `${kill} of ${kills}: ${part}, ${judged.length - red.length} of ${judged.length} green after ${seconds.toFixed(0)} s${lines.join('')}`;
}
