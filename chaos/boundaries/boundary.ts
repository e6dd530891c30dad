/**
 * Where a process can be killed: just before and just after each step that it takes. A *boundary* is one such moment; the
 * modules beside this one are loaded into worker and api before their own, and report each boundary to whoever asked for them.
 */

/** Just before a step nothing of it is done; just after it all of it is, and who asked for it does not know yet. */
export const SIDES = ['before', 'after'] as const;
/** On which side of its step a boundary is. */
export type Side = (typeof SIDES)[number];

/** One step of a process. */
export interface BoundaryStep {
  /** What is done, such as `saveStanding`, `POST /v1/subscriptions` or `signal stripeEvent`. */
  readonly name: string;
  /** Ids by which one knows for whom it is done: the workflow's id and what it was given, as JSON. */
  readonly about: string;
}

/** One moment in which a process can be killed. It reports it, and stands still there until it is answered. */
export interface Boundary extends BoundaryStep {
  readonly side: Side;
}

/** The environment variable that says where boundaries are reported to; without it nothing is. */
export const BOUNDARIES_URL = 'CHAOS_BOUNDARIES_URL';
/** The environment variable that names a file with the bundled workflows, which is made when it is missing: bundling takes seconds. */
export const WORKFLOW_BUNDLE = 'CHAOS_WORKFLOW_BUNDLE';
