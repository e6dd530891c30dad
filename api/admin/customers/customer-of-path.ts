import type { Request } from 'express';
import type { UserKey } from '../../../domain/customer-key.ts';
import { parse, userIdSchema } from '../../validation.ts';
import { modeOfPath } from '../parameters.ts';

/**
 * The user that a path with `:mode` and `:userId` is about, whether there is one or not.
 *
 * @throws HttpError `not_found`, `invalid_parameter`
 */
export function customerOfPath(request: Request): UserKey {
  return {
    mode: modeOfPath(request),
    userId: parse(userIdSchema, request.params['userId'], 'userId'),
  };
}
