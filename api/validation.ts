import { z } from 'zod';
import { MAX_PURCHASED_CREDITS } from '../domain/credits.ts';
import { HttpError } from './errors.ts';

/**
 * Reads `value` by `schema`.
 *
 * @param name what `value` is called in the message, where it is wrong as a whole.
 * @throws HttpError `invalid_parameter`, of the first thing that the schema objects to.
 */
export function parse<T>(schema: z.ZodType<T>, value: unknown, name = 'body'): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { param, message } = firstProblem(result.error, name);
  throw new HttpError('invalid_parameter', `${param}: ${message}`, { param });
}

/** The first thing a schema objects to: one at a time is enough to mend a request by. */
export function firstProblem(
  error: z.core.$ZodError,
  name: string,
): { readonly param: string; readonly message: string } {
  const [issue] = error.issues;
  if (issue === undefined) return { param: name, message: 'is invalid' };
  const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  if (unknownKey !== undefined) {
    return { param: [...issue.path, unknownKey].join('.'), message: 'there is no such parameter' };
  }
  return { param: issue.path.length === 0 ? name : issue.path.join('.'), message: issue.message };
}

/** The host product's own id of a user. */
export const userIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9._:@-]{1,128}$/, 'must be 1 to 128 of the characters A-Z a-z 0-9 . _ : @ -')
  .meta({ description: "The host product's own id of the user", examples: ['user_42'] });

const CREDITS_PROBLEM = `must be a whole number from 1 to ${MAX_PURCHASED_CREDITS}`;

/** How many credits are bought at once. */
export const creditsSchema = z
  .int(CREDITS_PROBLEM)
  .min(1, CREDITS_PROBLEM)
  .max(MAX_PURCHASED_CREDITS, CREDITS_PROBLEM);

/** The same as a form sends it. */
export const creditsFieldSchema = z.coerce.number(CREDITS_PROBLEM).pipe(creditsSchema);

/** Text of a line: no control characters, nothing PostgreSQL or UTF-8 can't hold. */
export function lineOfText(maxLength: number): z.ZodString {
  return z
    .string(`must be text of 1 to ${maxLength} characters`)
    .regex(
      new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${maxLength}}$`, 'u'),
      `must be 1 to ${maxLength} characters, none of them a control character`,
    );
}
