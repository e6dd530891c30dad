import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { meanwhile } from '../../stack/waiting.ts';
import type { Boundary } from '../boundaries/boundary.ts';
import type { BoundaryWatcher } from './controller.ts';
import { bringNextTries, resendWhatIsPutOff } from './next-tries.ts';
import { persistently } from './patience.ts';
import { type KilledPart, type Row, scenarioOf } from './rows.ts';
import type { Play } from './scenario.ts';
import type { Stage } from './stage.ts';

/** What became of a row. */
export interface Verdict {
  readonly row: Row;
  /** What was wrong in the end, in sentences; none: the row is green. */
  readonly wrong: readonly string[];
  /** From the kill until all was as it must be, or patience was at its end. */
  readonly seconds: number;
}

/** How long a story may take to get to its boundary. */
const REACHED_WITHIN_MS = 60_000;
const LAST_STEP_WITHIN_MS = 10_000;
/** Far longer than one takes that ends: a close whose step fails for ever would be waited for as long. */
const ENDS_WITHIN_MS = 240_000;
/** How long the killed part stays away, so that what goes on meets the outage. */
const DOWN_MS = 1_000;
/** Longer than a worker is missed for (10 s) and restarted, also on a slow machine. */
const SLOW_REQUEST_MS = 60_000;
const RESEND_EVERY_MS = 5_000;
const HOUR_MS = 60 * 60_000;

/** Has one story stand still at its boundary, however often it comes there: a webhook that is not answered is sent again. */
class Standstill implements BoundaryWatcher {
  readonly #row: Row;
  readonly #play: Play;
  #isOver = false;
  #tell: () => void = () => undefined;
  #goOn: () => void = () => undefined;
  readonly reachedIt = new Promise<void>((resolve) => {
    this.#tell = resolve;
  });
  readonly #released = new Promise<void>((resolve) => {
    this.#goOn = resolve;
  });

  constructor(row: Row, play: Play) {
    this.#row = row;
    this.#play = play;
  }

  reached({ name, side, about }: Boundary): Promise<void> | null {
    const { step, side: sideOfRow } = this.#row;
    const isIt = !this.#isOver && name === step && side === sideOfRow;
    if (!isIt || !this.#play.marks.some((mark) => about.includes(mark))) return null;
    this.#tell();
    return this.#released;
  }

  goOn(): void {
    this.#isOver = true;
    this.#goOn();
  }
}

/** Plays the stories of a group to their boundaries, kills the part once, starts it again, and judges each story by itself. */
export async function strike(stage: Stage, group: readonly Row[]): Promise<Verdict[]> {
  const part = group[0]?.part ?? 'worker';
  const stories = await Promise.all(group.map(async (row) => ({ row, play: await begun(stage, row) })));
  const standing = stories.flatMap(({ row, play }) =>
    typeof play === 'string' ? [] : [{ row, play, standstill: new Standstill(row, play) }],
  );
  for (const { standstill } of standing) stage.controller.watch(standstill);
  const acts = standing.map(async ({ row, play, standstill }) => {
    const acted = play.act().then(
      () => [] as string[],
      (error: unknown) => [`the story breaks off: ${String(error)}`],
    );
    const isReached = await Promise.race([
      standstill.reachedIt.then(() => true),
      // A story may be told before its last step is done.
      acted.then(async () => await sleep(LAST_STEP_WITHIN_MS, false)),
      sleep(REACHED_WITHIN_MS, false),
    ]);
    return { row, play, acted, isReached };
  });
  const struck = await Promise.all(acts);
  const killedAt = Date.now();
  await kill(stage, part, group, standing);
  const judging = Promise.all(
    struck.map(async ({ row, play, acted, isReached }) => {
      const notReached = isReached ? [] : ['the boundary was not reached'];
      const brokenOff = await Promise.race([acted, sleep(ENDS_WITHIN_MS, ['the story does not end'])]);
      // A story that breaks off has waited already, and says what for.
      const wrong = [...notReached, ...(brokenOff.length > 0 ? brokenOff : await judged(play))];
      const seconds = (Date.now() - killedAt) / 1_000;
      await play.leave?.();
      return { row, wrong, seconds };
    }),
  );
  const verdicts = await meanwhile(judging, RESEND_EVERY_MS, () => resendWhatIsPutOff(stage));
  for (const { standstill } of standing) stage.controller.leave(standstill);
  const neverBegun = stories.flatMap(({ row, play }) =>
    typeof play === 'string' ? [{ row, wrong: [play], seconds: 0 }] : [],
  );
  return [...verdicts, ...neverBegun];
}

async function begun(stage: Stage, row: Row): Promise<Play | string> {
  try {
    return await scenarioOf(row).begin(stage, row.mode);
  } catch (error) {
    return `the story does not begin: ${String(error)}`;
  }
}

async function judged(play: Play): Promise<readonly string[]> {
  try {
    return await play.judge();
  } catch (error) {
    return [`can't be judged: ${String(error)}`];
  }
}

async function kill(
  stage: Stage,
  part: KilledPart,
  group: readonly Row[],
  standing: readonly { readonly play: Play; readonly standstill: Standstill }[],
): Promise<void> {
  const running = stage.stack.parts.get(part);
  if (running === undefined) throw new Error(`The stack has no ${part}`);
  const goOn = (): void => {
    for (const { standstill } of standing) standstill.goOn();
  };
  const [{ circumstance } = { circumstance: 'none' }] = group;
  let slowUntil = 0;
  if (circumstance === 'request under way') {
    for (const { step: route, mode } of group)
      await stage.simulator.addFault({ route, kind: 'latency', latencyMs: SLOW_REQUEST_MS, mode });
    goOn();
    await requestsArrive(stage);
    slowUntil = Date.now() + SLOW_REQUEST_MS;
  }
  if (!(await running.kill())) throw new Error(`${part} was dead already`);
  goOn();
  if (circumstance === 'keys forgotten') await forgetKeys(stage, group);
  const duties = standing.map(async ({ play }) => await play.meanwhile?.());
  await sleep(DOWN_MS);
  await running.restart();
  await Promise.all(duties);
  await bringNextTries(stage);
  // Nothing is decided before Stripe is done with the request, too.
  if (circumstance === 'request under way') await sleep(Math.max(0, slowUntil - Date.now()));
}

/** Waits until Stripe works on the requests that it is to take long for. */
async function requestsArrive({ simulator }: Stage): Promise<void> {
  await persistently(async () => {
    const faults = await simulator.faults();
    if (faults.length > 0) throw new Error(`${faults.length} requests have not come`);
  }, REACHED_WITHIN_MS);
}

/**
 * A day passes for the keys, at Stripe and in our notes of them. Everybody else's clock goes on as it was: signatures of webhooks are
 * good for minutes only.
 */
async function forgetKeys(stage: Stage, group: readonly Row[]): Promise<void> {
  const daysPassed = stage.passDay();
  // Further each time: what is made in such a moment is as young as that.
  const nowMs = await stage.simulator.nowMs();
  await stage.simulator.setClock(nowMs + daysPassed * 26 * HOUR_MS);
  // Keys are swept by whoever brings a new one.
  for (const { mode } of group) await stage.stripe[mode].customers.create({});
  await stage.simulator.setClock(nowMs);
  await persistently(() =>
    stage.db
      .updateTable('stripe_writes')
      .set({ key_issued_at: sql<Date>`key_issued_at - interval '26 hours'` })
      .execute(),
  );
}
