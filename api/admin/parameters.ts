import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { z } from 'zod';
import { MODES, type Mode } from '../../domain/mode.ts';
import { MAX_TEXT_LENGTH } from '../../domain/operator-decisions.ts';
import { HttpError } from '../errors.ts';
import { idempotencyKeyHeader, idempotencyKeyOf } from '../idempotency-key.ts';
import { lineOfText } from '../validation.ts';

/** Who decides; kept with the decision. */
export const bySchema = lineOfText(MAX_TEXT_LENGTH).meta({
  description: 'Who decides; kept with the decision',
});
/** Why. */
export const reasonSchema = lineOfText(MAX_TEXT_LENGTH).meta({ description: 'Why; kept with the decision' });

const MAX_PAGE = 200;
const pageProblem = `must be a whole number from 1 to ${MAX_PAGE}`;

/** How many rows of a list to give at once. */
export const limitSchema = z.coerce
  .number(pageProblem)
  .int(pageProblem)
  .min(1, pageProblem)
  .max(MAX_PAGE, pageProblem)
  .default(50)
  .meta({ description: 'How many at once' });

/** The path's `{mode}`. */
export const modeSchema = z.enum(MODES).meta({ description: "Stripe's world", examples: ['test'] });

/** @throws HttpError `not_found`: a path of another mode is none */
export function modeOfPath(request: Request): Mode {
  const mode = MODES.find((each) => each === request.params['mode']);
  if (mode !== undefined) return mode;
  throw new HttpError('not_found', `There is nothing at ${request.path}: a mode is ${MODES.join(' or ')}`);
}

/** Header `Idempotency-Key` of a decision. */
export const decisionHeaderSchema = idempotencyKeyHeader(
  'Yours: the same decision sent again with the same key is carried out once',
  'decision-7d1f',
);

/** {@link updateIdFor} the request's `Idempotency-Key`; without one each request decides anew. */
export function updateIdOf(request: Request, decision: readonly unknown[]): string {
  return updateIdFor(idempotencyKeyOf(request), decision);
}

/**
 * The id of the update that a decision becomes. What is decided is part of it: ids are compared over all customers where decisions
 * are recorded, and a caller may use a key twice.
 */
export function updateIdFor(key: string, decision: readonly unknown[]): string {
  const hash = createHash('sha256').update(JSON.stringify([key, ...decision]));
  return `admin-${hash.digest('base64url')}`;
}
