import { inheritedEnvironment } from '../../config/machine.ts';
import { BOUNDARIES_URL, type Boundary, type BoundaryStep } from './boundary.ts';

const url = inheritedEnvironment()[BOUNDARIES_URL];

/** Reports a boundary, and stands still there until the answer. It may never come: then this process is killed here. */
export async function reach(boundary: Boundary): Promise<void> {
  if (url === undefined) return;
  try {
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(boundary) });
    await answer.arrayBuffer();
  } catch {
    // Nobody listens any more, so nobody wants it to stand still.
  }
}

/**
 * Puts the two boundaries around each call of a method.
 *
 * @param owner the object or prototype that has the method.
 * @param stepOf what a call does; `null`: nothing that counts as a step.
 * @throws Error when it has no such method: a new version of a library has moved it.
 */
export function standStillAround(
  owner: object,
  method: string,
  stepOf: (args: readonly unknown[]) => BoundaryStep | null,
): void {
  const original: unknown = Reflect.get(owner, method);
  if (typeof original !== 'function')
    throw new Error(`There is no method ${method} to put boundaries around`);
  Reflect.set(owner, method, async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const call = async (): Promise<unknown> => await Reflect.apply(original, this, args);
    const step = stepOf(args);
    return step === null ? await call() : await betweenBoundaries(step, call);
  });
}

/** Takes a step between its boundaries. A step that fails has none after it. */
export async function betweenBoundaries(step: BoundaryStep, take: () => Promise<unknown>): Promise<unknown> {
  await reach({ ...step, side: 'before' });
  const result = await take();
  await reach({ ...step, side: 'after' });
  return result;
}
