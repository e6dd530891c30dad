import type { Mode } from '../../domain/mode.ts';
import type { Boundary } from '../boundaries/boundary.ts';
import { type BoundaryOfStory, boundariesOf } from './rows.ts';
import type { Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';

const MODE: Mode = 'test';

/**
 * Plays a story undisturbed.
 *
 * @returns its boundaries, in the order in which they were met first.
 * @throws Error when it does not end as it must: then kills would prove nothing.
 */
export async function discover(stage: Stage, scenario: Scenario): Promise<BoundaryOfStory[]> {
  const play = await scenario.begin(stage, MODE);
  const met: Boundary[] = [];
  const watcher = {
    reached: (boundary: Boundary) => {
      if (play.marks.some((mark) => boundary.about.includes(mark))) met.push(boundary);
      return null;
    },
  };
  stage.controller.watch(watcher);
  await play.act();
  const wrong = await play.judge();
  await play.leave?.();
  stage.controller.leave(watcher);
  if (wrong.length > 0) throw new Error(`"${scenario.name}" goes wrong by itself: ${wrong.join('; ')}`);
  return boundariesOf(scenario, met);
}
