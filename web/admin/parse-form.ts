import type { z } from 'zod';
import { HttpError } from '../../api/errors.ts';
import { firstProblem } from '../../api/validation.ts';

/**
 * Reads what a form was sent with.
 *
 * @param labels what the page calls the fields.
 * @throws HttpError `invalid_parameter`, which names the field as the page does.
 */
export function parseForm<T>(
  schema: z.ZodType<T>,
  values: unknown,
  labels: Readonly<Record<string, string>>,
): T {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const { param, message } = firstProblem(result.error, 'form');
  throw new HttpError('invalid_parameter', `${labels[param] ?? param}: ${message}`, { param });
}
