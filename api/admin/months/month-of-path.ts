import type { Request } from 'express';
import type { Month } from '../../../domain/monthly-close.ts';
import { periodSchema } from '../../users/schema.ts';
import { parse } from '../../validation.ts';
import { modeOfPath } from '../parameters.ts';

/**
 * The month that a path with `:mode` and `:period` is about, whether anything was used in it or not.
 *
 * @throws HttpError `not_found`, `invalid_parameter`
 */
export function monthOfPath(request: Request): Month {
  const period = parse(periodSchema, request.params['period'], 'period');
  return { mode: modeOfPath(request), period };
}
